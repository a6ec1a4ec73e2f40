import { z } from 'zod';
import type { Context } from '../../context.ts';
import type { IdentityRow } from '../../db/tables/identities.ts';
import { AuthError } from '../../errors.ts';
import { parseEmailAddress } from '../addresses/email-address.ts';
import { holdViewer } from '../caller/hold-caller.ts';
import { requireStepUp } from '../caller/require-step-up.ts';
import { command } from '../command.ts';
import { type IdentityView, viewIdentity } from '../identities/identity-view.ts';
import { linkIdentity } from '../identities/link-identity.ts';
import { codeVerifier } from '../identities/return-urls.ts';
import { spendFlow, type Vouched } from '../identities/spend-flow.ts';
import { opaqueToken } from '../input.ts';
import { endAllSessions } from '../sessions/end-sessions.ts';

const schema = z.object({ ticket: opaqueToken, codeVerifier });

/**
 * Links an account at another provider to the caller's, for the session that began. Its address
 * does not matter: the caller has proved both. Every other session ends, as with every factor
 * (SE-10). Throws STEP_UP_REQUIRED (ID-9, ADV-65), INVALID_OR_EXPIRED_TOKEN for a ticket that is
 * not live or of another session, CONFLICT where another user has it, or past the limit.
 */
export const completeIdentityLink = command(schema, async (ctx, input): Promise<IdentityView> => {
  const { sessionId } = requireStepUp(ctx);
  const vouched = await spendFlow(ctx, { ...input, purpose: 'LINK', sessionId });
  return viewIdentity(ctx, await link(ctx, vouched));
});

async function link(ctx: Context, { provider, answer }: Vouched): Promise<IdentityRow> {
  return ctx.transaction(async (tx) => {
    const held = await holdViewer(ctx, { db: tx });
    const { userId, sessionId, session } = requireStepUp({ clock: ctx.clock, viewer: held });
    const { issuer, subject, label, email } = answer;
    const identity = {
      providerId: provider.id,
      issuer,
      subject,
      label,
      email: parseEmailAddress(email ?? '')?.address ?? null,
    };
    const linked = await linkIdentity(ctx, {
      db: tx,
      user: session.user,
      identity,
      isUsed: false,
    });
    if (!linked) throw anothers();
    const reason = 'credentials_changed';
    await endAllSessions(ctx, { db: tx, userId, exceptId: sessionId, reason });
    return linked;
  });
}

/** Whose it is, is not told. */
function anothers(): AuthError {
  const message = 'This account is linked to another user already.';
  return new AuthError('CONFLICT', { message });
}
