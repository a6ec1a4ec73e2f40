import { z } from 'zod';
import type { Context } from '../../context.ts';
import { hasLiveNonce, spendNonce } from '../../db/queries/identity-flows.ts';
import { AuthError } from '../../errors.ts';
import { sha256 } from '../../secret-keys.ts';
import { recordAudit } from '../audit/record.ts';
import { command } from '../command.ts';
import { requireNativeProvider } from '../identities/require-provider.ts';
import { openSecrets } from '../identities/sealed-flow.ts';
import type { Vouched } from '../identities/spend-flow.ts';
import { opaqueToken, text, tokenDelivery } from '../input.ts';
import type { OtpChallenge } from '../otp/challenge-view.ts';
import { reserveByAddress } from '../rate-limits/reserve.ts';
import { admitByIdentity } from './admit-by-identity.ts';
import { type AuthTokens, handOver } from './hand-over-tokens.ts';

const schema = z.object({
  nonceId: opaqueToken,
  idToken: text({ max: 16 * 1024, min: 1 }),
  tokenDelivery,
});

/**
 * Signs in by an ID token that an app got by itself. The nonce is spent first, for good, whatever
 * comes of it. Throws INVALID_OR_EXPIRED_TOKEN for a nonce that is not live, PROVIDER_REFUSED for
 * an ID token that does not hold or is not for this provider's apps (ID-17), and what
 * admitByIdentity throws.
 */
export const loginWithIdToken = command(
  schema,
  async (ctx, input): Promise<AuthTokens | OtpChallenge> => {
    if (input.tokenDelivery === 'COOKIE') ctx.cookie.assertOwnSite();
    const key = { handleHash: sha256(input.nonceId), now: ctx.clock.now() };
    await reserveByAddress(ctx, 'identity-ticket:address', () => hasLiveNonce(ctx.db, key));
    const flow = await spendNonce(ctx.db, key);
    const secrets = flow && openSecrets(ctx, { id: flow.id, sealed: flow.sealedSecrets });
    if (!flow || !secrets) throw new AuthError('INVALID_OR_EXPIRED_TOKEN');
    const { idToken } = input;
    const vouched = await verify(ctx, { ...flow, idToken, nonce: secrets.nonce });
    return handOver(ctx, await admitByIdentity(ctx, vouched), input.tokenDelivery);
  },
);

type Presented = {
  readonly providerId: string;
  readonly idToken: string;
  readonly nonce: string;
};

async function verify(ctx: Context, { providerId, idToken, nonce }: Presented): Promise<Vouched> {
  try {
    const provider = requireNativeProvider(ctx, providerId);
    const answer = await ctx.identityProviders.verifyIdToken(provider, { idToken, nonce });
    return { provider, answer };
  } catch (error) {
    if (error instanceof AuthError && error.code === 'PROVIDER_REFUSED')
      await recordAudit(ctx, {
        db: ctx.db,
        type: 'identity.login_failed',
        outcome: 'FAILURE',
        subjectId: null,
        detail: { provider: providerId, purpose: 'NONCE', reason: 'provider' },
      });
    throw error;
  }
}
