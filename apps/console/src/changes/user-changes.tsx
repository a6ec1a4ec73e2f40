import type { AuthError } from '@latchkey/client';
import { type ComponentType, useRef } from 'react';
import { apollo, auth } from '../api/clients.ts';
import { rolesDocument, type UserDetails } from '../api/documents.ts';
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
  // The address may name anything, such as `constructor`.
  const Fields = Object.hasOwn(withFields, name) ? withFields[name] : undefined;
  if (Fields !== undefined) return <Fields user={user} action={action} />;
  const change = Object.hasOwn(plain, name) ? plain[name] : undefined;
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
  const had = useRef(user.roles ?? []);
  return (
    <ChangeDialog
      about={user}
      words={t.roles}
      initial={{ reason: '', roles: had.current.join(', ') }}
      onClosed={action.close}
      send={async ({ reason, roles }) => {
        const now = await rolesNow(user.id);
        const isSame = now.join() === had.current.join();
        had.current = now;
        return isSame
          ? auth.setUserRoles({ userId: user.id, roles: rolesIn(roles), reason })
          : changedMeanwhile(now);
      }}
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
          hint={adminNote(had.current.includes('admin'), rolesIn(draft.roles).includes('admin'))}
          problem={problemOf(refusal, 'roles')}
        />
      )}
    />
  );
}

/** As they are now: all are set at once, and another administrator may have changed some. */
async function rolesNow(id: string): Promise<readonly string[]> {
  const variables = { id };
  const { data } = await apollo.query({ query: rolesDocument, variables, fetchPolicy: 'no-cache' });
  return data?.user?.roles ?? [];
}

type Refused = AuthError & { readonly __typename: 'AuthError' };

function changedMeanwhile(now: readonly string[]): Refused {
  const message = t.roles.changedMeanwhile(now.join(', ') || t.roles.nothing);
  return { __typename: 'AuthError', code: 'CONFLICT', message, fields: [], retryAfter: null };
}

function adminNote(was: boolean, is: boolean): string {
  if (was === is) return t.roles.hint;
  return is ? t.roles.becomesAdmin : t.roles.leavesAdmin;
}

function Delete({ user, action }: Props) {
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
      next={() => {
        apollo.cache.evict({
          id: apollo.cache.identify({ __typename: 'User', id: user.id }) ?? '',
        });
        return '/users';
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
