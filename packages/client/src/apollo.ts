import type { ApolloClient } from '@apollo/client';
import { ApolloLink } from '@apollo/client/link';
import { catchError, concatMap, from, type Observable, of, throwError } from 'rxjs';
import type { AuthClient } from './create-auth-client.ts';
import { refusalIn } from './errors.ts';

/**
 * A link for Apollo Client 4 that sends the access token, and after a refusal because of an invalid
 * or missing token refreshes it and sends the operation once more. Put it before the HttpLink.
 */
export function authLink(auth: Pick<AuthClient, 'getAccessToken' | 'renew'>): ApolloLink {
  return new ApolloLink((operation, forward) => {
    const send = (token: string | null): Observable<ApolloLink.Result> => {
      operation.setContext(({ headers }) => ({
        headers: token === null ? headers : { ...headers, authorization: `Bearer ${token}` },
      }));
      return forward(operation);
    };
    /** Once more with another token; `otherwise` where there is none. */
    const again = (
      refused: string | null,
      reason: string,
      otherwise: Observable<ApolloLink.Result>,
    ): Observable<ApolloLink.Result> =>
      from(auth.renew(refused, reason)).pipe(
        concatMap((token) => (token === null ? otherwise : send(token))),
      );

    return from(auth.getAccessToken()).pipe(
      concatMap((token) =>
        send(token).pipe(
          // A refusal comes as a result, or as an error where its status or media type made one of
          // it.
          concatMap((result) => {
            const reason = refusalIn(result.errors);
            return reason === null ? of(result) : again(token, reason, of(result));
          }),
          catchError((error: unknown) => {
            const reason = refusalOf(error);
            const same = throwError(() => error);
            return reason === null ? same : again(token, reason, same);
          }),
        ),
      ),
    );
  });
}

/**
 * Empties the cache when another user signs in, or nobody is any more, so that no user sees what
 * another has read; what is on the screen is asked again. Returns a function that ends this.
 */
export function clearCacheOnUserChange(
  auth: Pick<AuthClient, 'getState' | 'subscribe'>,
  client: Pick<ApolloClient, 'resetStore'>,
): () => void {
  let userId = auth.getState().user?.id;
  return auth.subscribe(({ status, user }) => {
    if (status === 'loading' || status === 'unreachable') return;
    // Not clearStore(), which leaves a query that was under way with an error for good. Each query
    // says itself why it fails the second time.
    if (user?.id !== userId) client.resetStore().catch(() => {});
    userId = user?.id;
  });
}

function refusalOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null;
  if ('errors' in error && Array.isArray(error.errors)) return refusalIn(error.errors);
  if (!('statusCode' in error) || error.statusCode !== 401) return null;
  // Under `application/json` Apollo Client does not look into an answer of 401.
  return ('bodyText' in error ? refusalInText(String(error.bodyText)) : null) ?? 'UNKNOWN';
}

function refusalInText(text: string): string | null {
  try {
    return refusalIn(JSON.parse(text).errors);
  } catch {
    return null;
  }
}
