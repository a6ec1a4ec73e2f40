import { ApolloClient, ApolloLink, InMemoryCache } from '@apollo/client';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { ErrorLink } from '@apollo/client/link/error';
import { HttpLink } from '@apollo/client/link/http';
import { createAuthClient } from '@latchkey/client';
import { authLink, clearCacheOnUserChange } from '@latchkey/client/apollo';
import { settings } from '../settings.ts';

const url = '/graphql';

/**
 * The session: the refresh token is in an HttpOnly cookie, the access token in memory alone (PG-8).
 */
export const auth = createAuthClient({
  url,
  storage: 'cookie',
  mayBeSignedIn: settings.mayBeSignedIn,
});

/**
 * The caller has lost the role, or the session its second factor: a new token says so, and the app
 * then shows what is lacking.
 */
export function lookAgain(): void {
  const token = auth.peek()?.accessToken ?? null;
  auth.renew(token, 'FORBIDDEN').catch(() => {});
}

const watchRefusals = new ErrorLink(({ error }) => {
  if (!CombinedGraphQLErrors.is(error)) return;
  if (error.errors.some(({ extensions }) => extensions?.['code'] === 'FORBIDDEN')) lookAgain();
});

export const apollo = new ApolloClient({
  link: ApolloLink.from([watchRefusals, authLink(auth), new HttpLink({ uri: url })]),
  cache: new InMemoryCache(),
  defaultOptions: {
    // A list that was seen before is there at once, and then as it is now.
    watchQuery: { fetchPolicy: 'cache-and-network', nextFetchPolicy: 'cache-first' },
  },
});

clearCacheOnUserChange(auth, apollo);
