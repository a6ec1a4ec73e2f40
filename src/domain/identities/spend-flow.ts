import type { IdentityProvider } from '../../config/identity-providers.ts';
import type { Context } from '../../context.ts';
import { isLiveTicket, spendTicket, type TicketKey } from '../../db/queries/identity-flows.ts';
import { AuthError } from '../../errors.ts';
import type { ProviderAnswer } from '../../ports.ts';
import { sha256 } from '../../secret-keys.ts';
import { reserveByAddress } from '../rate-limits/reserve.ts';
import { requireProvider } from './require-provider.ts';
import { openAnswer } from './sealed-flow.ts';

/** What a provider vouched for, in a flow that its app has completed. */
export type Vouched = { readonly provider: IdentityProvider; readonly answer: ProviderAnswer };

type Input = {
  readonly ticket: string;
  readonly codeVerifier: string;
  readonly purpose: TicketKey['purpose'];
  readonly sessionId: string | null;
};

/**
 * Spends a ticket, for the app that has the verifier (ID-10). SECURITY: who the user is at the
 * provider comes from our own row alone, never from the caller (ADV-66). A live ticket passes where
 * its address has no room: no one guesses 256 bits. Throws RATE_LIMITED, INVALID_OR_EXPIRED_TOKEN
 * for anything that does not fit, and PROVIDER_REFUSED where the provider was disabled meanwhile.
 */
export async function spendFlow(ctx: Context, input: Input): Promise<Vouched> {
  const { ticket, codeVerifier, purpose, sessionId } = input;
  const key: TicketKey = {
    ticketHash: sha256(ticket),
    codeChallenge: sha256(codeVerifier).toString('base64url'),
    purpose,
    sessionId,
    now: ctx.clock.now(),
  };
  await reserveByAddress(ctx, 'identity-ticket:address', () => isLiveTicket(ctx.db, key));
  const flow = await spendTicket(ctx.db, key);
  const answer = flow && openAnswer(ctx, { id: flow.id, sealed: flow.sealedOutcome });
  if (!flow || !answer) throw new AuthError('INVALID_OR_EXPIRED_TOKEN');
  return { provider: requireProvider(ctx, flow.providerId), answer };
}
