import type { CombinedError, Exchange, Operation } from '@urql/core';
import { authExchange } from '@urql/exchange-auth';
import type { AuthClient } from './create-auth-client.ts';
import { refusalIn } from './errors.ts';

/**
 * An exchange for urql that sends the access token, and after a refusal because of an invalid or
 * missing token refreshes it and sends the operation once more. Put it before the fetchExchange.
 */
export function authClientExchange(
  auth: Pick<AuthClient, 'start' | 'getState' | 'peek' | 'getAccessToken' | 'renew'>,
): Exchange {
  return authExchange(async ({ appendHeaders }) => {
    await auth.start();
    let refused: { token: string | null; reason: string } | null = null;
    return {
      addAuthToOperation: (operation) => {
        const known = auth.peek();
        return known
          ? appendHeaders(operation, { authorization: `Bearer ${known.accessToken}` })
          : operation;
      },
      willAuthError: () => {
        refused = null;
        // Not known yet whether a user is signed in: `refreshAuth` finds out, or fails.
        return auth.getState().status === 'unreachable' || (auth.peek()?.expired ?? false);
      },
      didAuthError: (error, operation) => {
        const reason = refusalOf(error);
        if (reason !== null) refused = { token: tokenOf(operation), reason };
        return reason !== null && auth.peek() !== null;
      },
      refreshAuth: async () => {
        if (refused) await auth.renew(refused.token, refused.reason);
        else await auth.getAccessToken();
      },
    };
  });
}

function refusalOf(error: CombinedError): string | null {
  const reason = refusalIn(error.graphQLErrors);
  return reason ?? (error.response?.status === 401 ? 'UNKNOWN' : null);
}

function tokenOf({ context: { fetchOptions } }: Operation): string | null {
  const { headers } = (typeof fetchOptions === 'function' ? fetchOptions() : fetchOptions) ?? {};
  return new Headers(headers).get('authorization')?.slice('Bearer '.length) ?? null;
}
