import { useCallback, useState } from 'react';
import type { LogoutResult } from './operations.ts';
import { useAuth } from './use-auth.ts';

export type SignOut = {
  /**
   * The user has to prove first who they are: show a form that calls `auth.reauthenticate`, then
   * call `signOut` again.
   */
  readonly stepUpRequired: boolean;
  /**
   * Signs out, or answers null where a step-up is required. An AuthError says that the user is
   * signed out here, but not elsewhere.
   */
  signOut(options?: { everywhere?: boolean }): Promise<LogoutResult | null>;
};

/** Signs out, and asks for the step-up that `everywhere` takes before anything has ended. */
export function useSignOut(): SignOut {
  const { auth } = useAuth();
  const [stepUpRequired, setRequired] = useState(false);
  const signOut = useCallback<SignOut['signOut']>(
    async (options = {}) => {
      const isRequired = options.everywhere === true && auth.needsStepUp();
      setRequired(isRequired);
      return isRequired ? null : auth.logout(options);
    },
    [auth],
  );
  return { stepUpRequired, signOut };
}
