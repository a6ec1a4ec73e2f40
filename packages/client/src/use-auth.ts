import {
  createContext,
  createElement,
  type ReactNode,
  useContext,
  useEffect,
  useSyncExternalStore,
} from 'react';
import type { AuthClient } from './create-auth-client.ts';
import type { AuthState } from './held-session.ts';

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
