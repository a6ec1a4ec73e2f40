import { z } from 'zod';
import { command } from '../command.ts';
import { beginFlow, type IdentityRedirect, prepareFlow } from '../identities/begin-flow.ts';
import { requireProvider } from '../identities/require-provider.ts';
import { assertReturnUrl, codeChallenge, returnUrl } from '../identities/return-urls.ts';
import { text } from '../input.ts';
import { reserveByAddress } from '../rate-limits/reserve.ts';

const schema = z.object({
  providerId: text({ max: 100 }),
  returnTo: returnUrl,
  codeChallenge,
  loginHint: text({ max: 254 })
    .nullish()
    .transform((value) => value || null),
});

/**
 * Begins a sign-in by another provider. Throws VALIDATION_FAILED for an address that is not the
 * operator's, PROVIDER_REFUSED for a provider that is unknown, disabled or away, RATE_LIMITED.
 */
export const startIdentityLogin = command(schema, async (ctx, input): Promise<IdentityRedirect> => {
  const { returnTo, codeChallenge: challenge, loginHint } = input;
  assertReturnUrl(ctx, returnTo);
  await reserveByAddress(ctx, 'identity-start:address');
  const provider = requireProvider(ctx, input.providerId);
  const prepared = await prepareFlow(ctx, {
    provider,
    returnTo,
    codeChallenge: challenge,
    loginHint,
    owner: null,
  });
  return beginFlow(ctx.db, prepared);
});
