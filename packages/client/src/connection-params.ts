import type { AuthClient } from './create-auth-client.ts';

/**
 * `connectionParams` of graphql-ws, for the subscriptions of an API of yours: each connection
 * begins with a token that is valid then; with none where no user is signed in.
 */
export function connectionParams(
  auth: Pick<AuthClient, 'getAccessToken'>,
): () => Promise<{ authorization?: string }> {
  return async () => {
    const token = await auth.getAccessToken();
    return token === null ? {} : { authorization: `Bearer ${token}` };
  };
}

/**
 * Ends the connection of graphql-ws when another user signs in, or no user is any more: it connects
 * anew by itself, as whoever is signed in then. Returns a function that ends this.
 */
export function reconnectOnUserChange(
  auth: Pick<AuthClient, 'getState' | 'subscribe'>,
  client: { terminate(): void },
): () => void {
  let userId = auth.getState().user?.id;
  return auth.subscribe(({ status, user }) => {
    if (status === 'loading' || status === 'unreachable') return;
    if (user?.id !== userId) client.terminate();
    userId = user?.id;
  });
}
