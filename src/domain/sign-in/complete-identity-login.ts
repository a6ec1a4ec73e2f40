import { z } from 'zod';
import { command } from '../command.ts';
import { codeVerifier } from '../identities/return-urls.ts';
import { spendFlow } from '../identities/spend-flow.ts';
import { opaqueToken, tokenDelivery } from '../input.ts';
import type { OtpChallenge } from '../otp/challenge-view.ts';
import { admitByIdentity } from './admit-by-identity.ts';
import { type AuthTokens, handOver } from './hand-over-tokens.ts';

const schema = z.object({ ticket: opaqueToken, codeVerifier, tokenDelivery });

/**
 * Completes a sign-in by another provider, for the app that began it. Throws
 * INVALID_OR_EXPIRED_TOKEN for a ticket that is not live or not this app's, and what
 * admitByIdentity throws.
 */
export const completeIdentityLogin = command(
  schema,
  async (ctx, input): Promise<AuthTokens | OtpChallenge> => {
    if (input.tokenDelivery === 'COOKIE') ctx.cookie.assertOwnSite();
    const vouched = await spendFlow(ctx, {
      ticket: input.ticket,
      codeVerifier: input.codeVerifier,
      purpose: 'LOGIN',
      sessionId: null,
    });
    return handOver(ctx, await admitByIdentity(ctx, vouched), input.tokenDelivery);
  },
);
