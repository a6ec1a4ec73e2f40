import { z } from 'zod';
import { listIdentities } from '../../db/queries/identities.ts';
import { listPasskeys } from '../../db/queries/passkeys.ts';
import type { Accepted } from '../accepted.ts';
import { holdViewer } from '../caller/hold-caller.ts';
import { requireStepUp } from '../caller/require-step-up.ts';
import { command } from '../command.ts';
import { removeIdentity } from '../identities/remove-identity.ts';
import { mostIdentities } from '../identities/rules.ts';
import { assertNotLastWayIn } from '../identities/ways-in.ts';
import { text } from '../input.ts';
import { mostPasskeys } from '../passkeys/offer-passkey.ts';
import { endAllSessions } from '../sessions/end-sessions.ts';

const schema = z.object({ identityId: text({ max: 100 }) });

/**
 * Takes one of the caller's linked accounts away. Every other session ends (SE-10). Throws
 * STEP_UP_REQUIRED (ID-9), NOT_FOUND, CONFLICT for the last way into the account (PK-8).
 */
export const unlinkIdentity = command(schema, async (ctx, input): Promise<Accepted> => {
  requireStepUp(ctx);
  const id = input.identityId;
  return ctx.transaction(async (tx) => {
    const held = await holdViewer(ctx, { db: tx });
    const { userId, sessionId, session } = requireStepUp({ clock: ctx.clock, viewer: held });
    const { user } = session;
    const identities = await listIdentities(tx, { userId, limit: mostIdentities });
    const passkeys = await listPasskeys(tx, { userId, limit: mostPasskeys });
    assertNotLastWayIn(ctx, { user, passkeys, identities }, id);
    await removeIdentity(ctx, { db: tx, user, id });
    const reason = 'credentials_changed';
    await endAllSessions(ctx, { db: tx, userId, exceptId: sessionId, reason });
    return { kind: 'accepted', accepted: true };
  });
});
