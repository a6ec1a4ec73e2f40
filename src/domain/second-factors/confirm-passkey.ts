import { z } from 'zod';
import type { Context, SessionViewer } from '../../context.ts';
import { takePasskeyChallenge } from '../../db/queries/passkey-challenges.ts';
import { insertPasskey, listPasskeys } from '../../db/queries/passkeys.ts';
import type { PasskeyChallengeRow } from '../../db/tables/passkey-challenges.ts';
import type { PasskeyRow } from '../../db/tables/passkeys.ts';
import { AuthError } from '../../errors.ts';
import { sha256 } from '../../secret-keys.ts';
import { recordAudit } from '../audit/record.ts';
import { holdViewer } from '../caller/hold-caller.ts';
import { assertSecondFactor, requireViewer } from '../caller/require-step-up.ts';
import { command } from '../command.ts';
import { momentOfChange } from '../factors/moment-of-change.ts';
import { displayName, opaqueToken } from '../input.ts';
import { describeDevice } from '../origins/describe-device.ts';
import { checkRegistration, type RegisteredKey } from '../passkeys/check-registration.ts';
import { registrationJson } from '../passkeys/credential-json.ts';
import { notAccepted, passkeysOff } from '../passkeys/not-accepted.ts';
import { mostPasskeys } from '../passkeys/offer-passkey.ts';
import { type PasskeyView, viewPasskey } from '../passkeys/passkey-view.ts';
import { providerOf } from '../passkeys/providers.ts';
import { tellOwner } from '../passkeys/tell-owner.ts';
import { endAllSessions } from '../sessions/end-sessions.ts';
import { assertRoom } from './assert-room.ts';

const schema = z.object({
  challengeId: opaqueToken,
  credential: registrationJson,
  name: displayName,
});

/**
 * Adds the passkey that the browser has made, for the session that asked (PK-12). The ceremony was
 * begun after a step-up and lives five minutes, so that none is asked for again: a refusal now
 * would leave a passkey that no server knows. Every other session ends, as with every factor
 * (SE-10); not where a password manager acted by itself. Throws INVALID_CREDENTIALS,
 * STEP_UP_REQUIRED where an app was set up meanwhile, CONFLICT for a passkey that is registered
 * already, past the limit, or where passkeys are off.
 */
export const confirmPasskeyRegistration = command(
  schema,
  async (ctx, input): Promise<PasskeyView> => {
    const viewer = requireViewer(ctx);
    if (!ctx.config.passkeys.enabled) throw passkeysOff();
    const challenge = await takePasskeyChallenge(ctx.db, {
      handleHash: sha256(input.challengeId),
      purposes: ['REGISTER'],
      sessionId: viewer.sessionId,
      now: ctx.clock.now(),
    });
    if (challenge?.userId !== viewer.userId || challenge.sessionId !== viewer.sessionId)
      throw notAccepted();
    const { credential } = input;
    const key = await checkRegistration(ctx, { credential, challenge });
    if (typeof key === 'string') {
      await recordRefusal(ctx, viewer, key);
      throw notAccepted();
    }
    return viewPasskey(await add(ctx, { challenge, key, name: input.name }));
  },
);

async function recordRefusal(ctx: Context, { userId }: SessionViewer, reason: string) {
  await recordAudit(ctx, {
    db: ctx.db,
    type: 'passkey.failed',
    outcome: 'FAILURE',
    subjectId: userId,
    detail: { purpose: 'REGISTER', reason },
  });
}

type New = {
  readonly challenge: PasskeyChallengeRow;
  readonly key: RegisteredKey;
  readonly name: string | null;
};

async function add(ctx: Context, { challenge, key, name }: New): Promise<PasskeyRow> {
  return ctx.transaction(async (tx) => {
    const viewer = await holdViewer(ctx, { db: tx });
    assertSecondFactor(viewer);
    const { userId, sessionId, session } = viewer;
    const { user } = session;
    const isSamePassword =
      user.passwordChangedAt?.getTime() === challenge.passwordChangedAt?.getTime();
    if (!isSamePassword) throw notAccepted();
    assertRoom(ctx, await listPasskeys(tx, { userId, limit: mostPasskeys }));
    const row: PasskeyRow = {
      ...key,
      id: ctx.random.id(ctx.clock.now()),
      userId,
      rpId: ctx.config.passkeys.rpId,
      foreignHandle: false,
      name: name ?? providerOf(key.aaguid) ?? describeDevice(ctx.request.userAgent) ?? 'Passkey',
      createdAt: await momentOfChange(ctx, { db: tx, userId }),
      lastUsedAt: null,
      suspectAt: null,
    };
    if (!(await insertPasskey(tx, row))) throw alreadyRegistered();
    if (!challenge.conditional) {
      const reason = 'credentials_changed';
      await endAllSessions(ctx, { db: tx, userId, exceptId: sessionId, reason });
    }
    await recordAudit(ctx, {
      db: tx,
      type: 'passkey.added',
      outcome: 'SUCCESS',
      subjectId: userId,
      detail: { passkeyId: row.id, conditional: challenge.conditional },
    });
    await tellOwner(ctx, { db: tx, user, template: 'passkey-added', passkey: row.name });
    return row;
  });
}

/** Of this user or another: who has it is not told (PK-5). */
function alreadyRegistered(): AuthError {
  return new AuthError('CONFLICT', { message: 'This passkey is registered already.' });
}
