import {
  createContext,
  createElement,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useState,
  useSyncExternalStore,
} from 'react';
import type { AuthClient } from './create-auth-client.ts';
import type { AuthState } from './held-session.ts';
import type { LogoutResult } from './operations.ts';

const Context = createContext<AuthClient | null>(null);

/** Provides a client to the components below, and restores a session from before. */
export function AuthProvider({
  client,
  children,
}: {
  client: AuthClient;
  children?: ReactNode;
}): ReactNode {
  useEffect(() => {
    void client.start();
  }, [client]);
  return createElement(Context.Provider, { value: client }, children);
}

/**
 * Who is signed in, as it changes, and the client to change it with. Throws outside an
 * AuthProvider.
 */
export function useAuth(): AuthState & { readonly auth: AuthClient } {
  const auth = useContext(Context);
  if (!auth) throw new Error('useAuth() wants an <AuthProvider> around it.');
  const state = useSyncExternalStore(auth.subscribe, auth.getState, auth.getState);
  return { ...state, auth };
}

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
