import type { Refusal } from './identity-flow.ts';

/** What stands behind `#` in the address to which the browser has come back. */
export type IdentityTicket = { readonly __typename: 'IdentityTicket'; readonly ticket: string };

/** Reads the address; null where no provider has sent the browser there. */
export function readIdentityReturn(address: string): IdentityTicket | Refusal | null {
  // Without URLSearchParams, which React Native has by half.
  const ticket = /#(?:.*&)?ticket=([\w-]+)/.exec(address)?.[1];
  if (ticket !== undefined) return { __typename: 'IdentityTicket', ticket };
  return /#(?:.*&)?error=PROVIDER_REFUSED\b/.test(address) ? refusal : null;
}

/** The same of the page's own address, which then shows nothing of it any more. */
export function takeIdentityReturn(): IdentityTicket | Refusal | null {
  if (typeof location === 'undefined') return null;
  const returned = readIdentityReturn(location.hash);
  // SECURITY: at once, so that no history, no bookmark and no script of others keeps it.
  if (returned) history.replaceState(history.state, '', location.pathname + location.search);
  return returned;
}

/** Why is for the server's log alone. */
const refusal: Refusal = {
  __typename: 'AuthError',
  code: 'PROVIDER_REFUSED',
  message: 'The other provider has not signed you in.',
  fields: [],
  retryAfter: null,
};
