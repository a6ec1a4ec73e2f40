import { z } from 'zod';
import { holdViewer } from '../caller/hold-caller.ts';
import { requireStepUp } from '../caller/require-step-up.ts';
import { command } from '../command.ts';
import { beginFlow, type IdentityRedirect, prepareFlow } from '../identities/begin-flow.ts';
import { requireProvider } from '../identities/require-provider.ts';
import { assertReturnUrl, codeChallenge, returnUrl } from '../identities/return-urls.ts';
import { text } from '../input.ts';
import { reserve } from '../rate-limits/reserve.ts';

const schema = z.object({
  providerId: text({ max: 100 }),
  returnTo: returnUrl,
  codeChallenge,
});

/**
 * Begins to link an account at another provider, for the session that asks. Throws
 * STEP_UP_REQUIRED (ID-9, ADV-65), VALIDATION_FAILED for an address that is not the operator's,
 * PROVIDER_REFUSED for a provider that is unknown, disabled or away, RATE_LIMITED.
 */
export const startIdentityLink = command(schema, async (ctx, input): Promise<IdentityRedirect> => {
  const { userId, sessionId } = requireStepUp(ctx);
  const { returnTo, codeChallenge: challenge } = input;
  assertReturnUrl(ctx, returnTo);
  const provider = requireProvider(ctx, input.providerId);
  await reserve(ctx, [{ budget: 'identity-link:user', identifier: userId }]);
  const prepared = await prepareFlow(ctx, {
    provider,
    returnTo,
    codeChallenge: challenge,
    loginHint: null,
    owner: { userId, sessionId },
  });
  return ctx.transaction(async (tx) => {
    requireStepUp({ clock: ctx.clock, viewer: await holdViewer(ctx, { db: tx }) });
    return beginFlow(tx, prepared);
  });
});
