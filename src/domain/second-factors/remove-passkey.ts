import { z } from 'zod';
import { listIdentities } from '../../db/queries/identities.ts';
import { deletePasskey, listPasskeys } from '../../db/queries/passkeys.ts';
import { recordAudit } from '../audit/record.ts';
import { holdViewer } from '../caller/hold-caller.ts';
import { requireStepUp } from '../caller/require-step-up.ts';
import { command } from '../command.ts';
import { mostIdentities } from '../identities/rules.ts';
import { assertNotLastWayIn } from '../identities/ways-in.ts';
import { text } from '../input.ts';
import { mostPasskeys } from '../passkeys/offer-passkey.ts';
import { type PasskeySignals, signalsOf } from '../passkeys/signals.ts';
import { tellOwner } from '../passkeys/tell-owner.ts';
import { endAllSessions } from '../sessions/end-sessions.ts';
import { noSuchPasskey, passkeyId } from './passkey-id.ts';

const schema = z.object({ passkeyId: text({ max: 100 }) });

/**
 * Removes one of the caller's passkeys, and returns what the password manager should know. Every
 * other session ends (SE-10). Throws STEP_UP_REQUIRED, NOT_FOUND, CONFLICT for the last way into
 * the account (PK-8).
 */
export const removePasskey = command(schema, async (ctx, input): Promise<PasskeySignals> => {
  requireStepUp(ctx);
  const id = passkeyId(input.passkeyId);
  return ctx.transaction(async (tx) => {
    const held = await holdViewer(ctx, { db: tx });
    const { userId, sessionId, session } = requireStepUp({ clock: ctx.clock, viewer: held });
    const { user } = session;
    const rows = await listPasskeys(tx, { userId, limit: mostPasskeys });
    const left = rows.filter((row) => row.id !== id);
    const identities = await listIdentities(tx, { userId, limit: mostIdentities });
    assertNotLastWayIn(ctx, { user, passkeys: rows, identities }, id);
    const removed = await deletePasskey(tx, { id, userId });
    if (!removed) throw noSuchPasskey();
    const reason = 'credentials_changed';
    await endAllSessions(ctx, { db: tx, userId, exceptId: sessionId, reason });
    await recordAudit(ctx, {
      db: tx,
      type: 'passkey.removed',
      outcome: 'SUCCESS',
      subjectId: userId,
      detail: { passkeyId: id },
    });
    await tellOwner(ctx, { db: tx, user, template: 'passkey-removed', passkey: removed.name });
    const signals = signalsOf(ctx, { user, rows: left });
    if (!signals) throw new Error('A user with passkeys has no user handle.');
    return signals;
  });
});
