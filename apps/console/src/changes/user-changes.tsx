import type { ComponentType } from 'react';
import { useLocation } from 'wouter';
import { apollo, auth } from '../api/clients.ts';
import type { UserDetails } from '../api/documents.ts';
import { Field } from '../parts/field.tsx';
import type { Action } from '../parts/use-action.ts';
import { problemOf } from '../parts/use-attempt.ts';
import { text } from '../text.ts';
import { ChangeDialog, type ChangeProps } from './change-dialog.tsx';
import { MetadataChange } from './metadata-change.tsx';
import { Suspend } from './suspend.tsx';

const t = text.changes;

type Props = { readonly user: UserDetails; readonly action: Action };

/** A change with no fields but the reason. */
type Plain = Pick<ChangeProps<never>, 'words' | 'isDangerous' | 'wantsReason'> & {
  /** `of`: what of the user it is about. */
  readonly send: (
    input: { readonly userId: string; readonly reason: string },
    of: string,
  ) => Promise<{ readonly __typename: string }>;
};

const plain: Readonly<Record<string, Plain>> = {
  reinstate: { words: t.reinstate, send: auth.reinstateUser },
  'sign-out': { words: t.signOut, send: auth.revokeUserSessions },
  'sign-out-device': {
    words: t.signOutDevice,
    send: (input, sessionId) => auth.revokeUserSession({ ...input, sessionId }),
  },
  'reset-password': {
    words: t.resetPassword,
    isDangerous: true,
    wantsReason: true,
    send: auth.resetUserPassword,
  },
  'reset-factors': {
    words: t.resetFactors,
    isDangerous: true,
    wantsReason: true,
    send: auth.resetUserFactors,
  },
  unlink: {
    words: t.unlink,
    isDangerous: true,
    wantsReason: true,
    send: (input, identityId) => auth.unlinkUserIdentity({ ...input, identityId }),
  },
};

const withFields: Readonly<Record<string, ComponentType<Props>>> = {
  suspend: Suspend,
  roles: Roles,
  metadata: MetadataChange,
  delete: Delete,
};

/** The dialog that the address names, for a user. */
export function UserChanges({ user, action }: Props) {
  const name = action.name ?? '';
  const Fields = withFields[name];
  if (Fields !== undefined) return <Fields user={user} action={action} />;
  const change = plain[name];
  if (change === undefined) return null;
  const { send, ...rest } = change;
  return (
    <ChangeDialog
      {...rest}
      about={user}
      initial={{ reason: '' }}
      onClosed={action.close}
      send={({ reason }) => send({ userId: user.id, reason }, action.of ?? '')}
    />
  );
}

const rolesIn = (typed: string): string[] => typed.split(/[\s,]+/).filter((role) => role !== '');

function Roles({ user, action }: Props) {
  const had = user.roles ?? [];
  return (
    <ChangeDialog
      about={user}
      words={t.roles}
      initial={{ reason: '', roles: had.join(', ') }}
      onClosed={action.close}
      send={({ reason, roles }) =>
        auth.setUserRoles({ userId: user.id, roles: rolesIn(roles), reason })
      }
      fields={({ draft, change, refusal }) => (
        <Field
          label={t.roles.field}
          name="roles"
          dir="ltr"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={draft.roles}
          onValue={(roles) => change({ roles })}
          hint={adminNote(had.includes('admin'), rolesIn(draft.roles).includes('admin'))}
          problem={problemOf(refusal, 'roles')}
        />
      )}
    />
  );
}

function adminNote(was: boolean, is: boolean): string {
  if (was === is) return t.roles.hint;
  return is ? t.roles.becomesAdmin : t.roles.leavesAdmin;
}

function Delete({ user, action }: Props) {
  const [, navigate] = useLocation();
  const address = user.email ?? user.id;
  return (
    <ChangeDialog
      about={user}
      words={t.delete}
      isDangerous
      initial={{ reason: '', address: '' }}
      onClosed={action.close}
      check={(draft) =>
        draft.address.trim().toLowerCase() === address.toLowerCase()
          ? {}
          : { address: t.delete.mismatch }
      }
      send={({ reason }) => auth.deleteUser({ userId: user.id, reason })}
      onDone={() => {
        apollo.cache.evict({
          id: apollo.cache.identify({ __typename: 'User', id: user.id }) ?? '',
        });
        navigate('/users', { replace: true });
      }}
      fields={({ draft, change, refusal }) => (
        <Field
          label={t.delete.field}
          name="address"
          dir="ltr"
          autoComplete="off"
          spellCheck={false}
          value={draft.address}
          onValue={(typed) => change({ address: typed })}
          problem={problemOf(refusal, 'address')}
        />
      )}
    />
  );
}
