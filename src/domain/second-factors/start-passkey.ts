import { z } from 'zod';
import { keepPasskeyHandle, listPasskeys } from '../../db/queries/passkeys.ts';
import { AuthError } from '../../errors.ts';
import { holdViewer } from '../caller/hold-caller.ts';
import { requireRecentPassword, requireStepUp } from '../caller/require-step-up.ts';
import { command } from '../command.ts';
import { beginCeremony, type PasskeyChallenge } from '../passkeys/begin-ceremony.ts';
import { passkeysOff } from '../passkeys/not-accepted.ts';
import { mostPasskeys } from '../passkeys/offer-passkey.ts';
import { creationOptions } from '../passkeys/options.ts';
import { userHandleBytes } from '../passkeys/rules.ts';
import { reserve } from '../rate-limits/reserve.ts';
import { assertRoom } from './assert-room.ts';

const schema = z.object({ conditional: z.boolean().nullish() });

/**
 * Begins the registration of a passkey, for the session that asks (PK-12). `conditional`, without a
 * click, takes a password proved within five minutes in place of a step-up (PK-16). Throws
 * STEP_UP_REQUIRED, RATE_LIMITED, CONFLICT past the limit of passkeys or where they are off.
 */
export const startPasskeyRegistration = command(schema, async (ctx, input) => {
  const conditional = input.conditional ?? false;
  const require = conditional ? requireRecentPassword : requireStepUp;
  const { userId } = require(ctx);
  if (!ctx.config.passkeys.enabled) throw passkeysOff();
  await reserve(ctx, [{ budget: 'passkey-registration:user', identifier: userId }]);
  return ctx.transaction(async (tx): Promise<PasskeyChallenge> => {
    const held = await holdViewer(ctx, { db: tx });
    const { sessionId, session } = require({ clock: ctx.clock, viewer: held });
    const { user } = session;
    const rows = await listPasskeys(tx, { userId, limit: mostPasskeys });
    assertRoom(ctx, rows);
    const made = ctx.random.bytes(userHandleBytes);
    const handle = await keepPasskeyHandle(tx, { userId, handle: made });
    if (handle === null) throw new AuthError('UNAUTHENTICATED', { reason: 'SESSION_REVOKED' });
    return beginCeremony(ctx, {
      db: tx,
      purpose: 'REGISTER',
      userId,
      sessionId,
      passwordChangedAt: user.passwordChangedAt,
      conditional,
      options: creationOptions(ctx, { user, handle, rows }),
    });
  });
});
