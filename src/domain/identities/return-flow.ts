import { secondsAfter } from '../../clock.ts';
import type { Context } from '../../context.ts';
import { giveTicket, returnIdentityFlow } from '../../db/queries/identity-flows.ts';
import type { IdentityFlowRow } from '../../db/tables/identity-flows.ts';
import { AuthError } from '../../errors.ts';
import type { ProviderAnswer } from '../../ports.ts';
import { sha256 } from '../../secret-keys.ts';
import { recordAudit } from '../audit/record.ts';
import { readLine } from './provider-claims.ts';
import { refusedUrl } from './refused-url.ts';
import { requireProvider } from './require-provider.ts';
import { callbackUrl } from './return-urls.ts';
import { secretBytes, ticketLifetime } from './rules.ts';
import { openSecrets, sealAnswer } from './sealed-flow.ts';

type Input = {
  /** Of the path: a state is good at its own provider's alone (ID-2). */
  readonly providerId: string;
  /** What the provider's answer says. */
  readonly parameters: URLSearchParams;
  /** What the browser's cookie holds; null where it has none. */
  readonly browser: string | null;
};

export type ReturnedFlow = {
  readonly url: string;
  /** Where the browser goes without its fragment, and the ticket; null after a refusal. */
  readonly returnTo: string | null;
  readonly ticket: string | null;
};

/**
 * The browser's second step: it comes back from the provider. The flow is taken before the code is
 * spent, whatever comes of it (ID-1); then the provider's answer is checked, and a ticket stands
 * for it. Null where there is no such flow, of this provider and this browser.
 */
export async function returnFlow(ctx: Context, input: Input): Promise<ReturnedFlow | null> {
  const { providerId, parameters, browser } = input;
  const [state, ...others] = parameters.getAll('state');
  if (state === undefined || others.length > 0 || browser === null) return null;
  // The database takes no character of value 0.
  if (!/^[a-z0-9-]{1,32}$/.test(providerId)) return null;
  const flow = await returnIdentityFlow(ctx.db, {
    stateHash: sha256(state),
    providerId,
    browserHash: sha256(browser),
    now: ctx.clock.now(),
  });
  if (!flow) return null;
  const answer = await redeem(ctx, flow, { state, parameters });
  if (!answer) return { url: refusedUrl(flow), returnTo: flow.returnTo, ticket: null };
  const ticket = ctx.random.token(secretBytes);
  await giveTicket(ctx.db, {
    id: flow.id,
    ticketHash: sha256(ticket),
    sealedOutcome: sealAnswer(ctx, flow.id, answer),
    expiresAt: secondsAfter(ctx.clock.now(), ticketLifetime),
  });
  // In the fragment, which no server, proxy or Referer sees (ID-11).
  return { url: `${flow.returnTo}#ticket=${ticket}`, returnTo: flow.returnTo, ticket };
}

/** Null where the provider has refused, or anything does not hold; the trail says so. */
async function redeem(
  ctx: Context,
  flow: IdentityFlowRow,
  { state, parameters }: { readonly state: string; readonly parameters: URLSearchParams },
): Promise<ProviderAnswer | null> {
  const secrets = openSecrets(ctx, { id: flow.id, sealed: flow.sealedSecrets });
  try {
    const provider = requireProvider(ctx, flow.providerId);
    if (!secrets) throw new AuthError('PROVIDER_REFUSED');
    const { nonce, codeVerifier } = secrets;
    const redirectUri = callbackUrl(ctx, provider);
    const answer = await ctx.identityProviders.redeem(provider, {
      parameters,
      state,
      nonce,
      codeVerifier,
      redirectUri,
    });
    if (answer.name !== null || provider.responseMode !== 'form_post') return answer;
    return { ...answer, name: readLine(parameters.get('name')) };
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== 'PROVIDER_REFUSED') throw error;
    await recordAudit(ctx, {
      db: ctx.db,
      type: 'identity.login_failed',
      outcome: 'FAILURE',
      subjectId: flow.userId,
      detail: { provider: flow.providerId, purpose: flow.purpose, reason: 'provider' },
    });
    return null;
  }
}
