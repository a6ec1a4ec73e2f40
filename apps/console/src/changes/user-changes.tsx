import { useLocation } from 'wouter';
import { apollo, auth } from '../api/clients.ts';
import type { UserDetails } from '../api/documents.ts';
import { Field } from '../parts/field.tsx';
import type { Action } from '../parts/use-action.ts';
import { problemOf } from '../parts/use-attempt.ts';
import { text } from '../text.ts';
import { ChangeDialog } from './change-dialog.tsx';

const t = text.changes;

type Props = { readonly user: UserDetails; readonly action: Action };

/** The dialog that the address names, for a user. */
export function UserChanges({ user, action }: Props) {
  const common = { about: user, initial: { reason: '' }, onClosed: action.close };
  const userId = user.id;
  switch (action.name) {
    case 'suspend':
      return (
        <ChangeDialog
          {...common}
          words={t.suspend}
          isDangerous
          send={({ reason }) => auth.suspendUser({ userId, reason })}
        />
      );
    case 'reinstate':
      return (
        <ChangeDialog
          {...common}
          words={t.reinstate}
          send={({ reason }) => auth.reinstateUser({ userId, reason })}
        />
      );
    case 'sign-out':
      return (
        <ChangeDialog
          {...common}
          words={t.signOut}
          send={({ reason }) => auth.revokeUserSessions({ userId, reason })}
        />
      );
    case 'sign-out-device':
      return (
        <ChangeDialog
          {...common}
          words={t.signOutDevice}
          send={({ reason }) =>
            auth.revokeUserSession({ userId, sessionId: action.of ?? '', reason })
          }
        />
      );
    case 'reset-password':
      return (
        <ChangeDialog
          {...common}
          words={t.resetPassword}
          isDangerous
          wantsReason
          send={({ reason }) => auth.resetUserPassword({ userId, reason })}
        />
      );
    case 'reset-factors':
      return (
        <ChangeDialog
          {...common}
          words={t.resetFactors}
          isDangerous
          wantsReason
          send={({ reason }) => auth.resetUserFactors({ userId, reason })}
        />
      );
    case 'roles':
      return <Roles user={user} action={action} />;
    case 'delete':
      return <Delete user={user} action={action} />;
    default:
      return null;
  }
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
