import {
  createContext,
  createElement,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useSyncExternalStore,
} from 'react';
import type { AuthClient } from './create-auth-client.ts';
import type { AuthState } from './held-session.ts';

type Provided = { readonly auth: AuthClient; readonly initial: () => AuthState };

const Context = createContext<Provided | null>(null);

export type AuthProviderProps = {
  readonly client: AuthClient;
  /**
   * What a server that renders the page knows of its user, the same in the browser; `loading`
   * unless given. The client's own state follows once the page is hydrated.
   */
  readonly initialState?: AuthState;
  readonly children?: ReactNode;
};

/** Provides a client to the components below, and restores a session from before. */
export function AuthProvider({ client, initialState, children }: AuthProviderProps): ReactNode {
  useEffect(() => {
    void client.start();
  }, [client]);
  const value = useMemo(
    () => ({ auth: client, initial: () => initialState ?? loading }),
    [client, initialState],
  );
  return createElement(Context.Provider, { value }, children);
}

const loading: AuthState = { status: 'loading', user: null };

/**
 * Who is signed in, as it changes, and the client to change it with. Throws outside an
 * AuthProvider.
 */
export function useAuth(): AuthState & { readonly auth: AuthClient } {
  const provided = useContext(Context);
  if (!provided) throw new Error('useAuth() wants an <AuthProvider> around it.');
  const { auth, initial } = provided;
  // What the server has rendered, so that a client that started before makes no other page of it.
  const state = useSyncExternalStore(auth.subscribe, auth.getState, initial);
  return { ...state, auth };
}
