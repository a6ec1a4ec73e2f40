import { secondsAfter } from '../../clock.ts';
import type { Context } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import { insertPasskeyChallenge } from '../../db/queries/passkey-challenges.ts';
import { sha256 } from '../../secret-keys.ts';
import { challengeBytes, challengeLifetime, handleBytes, type PasskeyPurpose } from './rules.ts';

/** A ceremony that waits for the browser's answer. */
export type PasskeyChallenge = {
  readonly kind: 'passkey-challenge';
  readonly id: string;
  /** JSON, for parseCreationOptionsFromJSON or parseRequestOptionsFromJSON. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly expiresAt: Date;
};

type Input = {
  readonly db: Db;
  readonly purpose: PasskeyPurpose;
  readonly userId?: string;
  readonly sessionId?: string | null;
  readonly otpChallengeId?: string;
  readonly passwordChangedAt?: Date | null;
  readonly conditional?: boolean;
  /** Where the ceremony must end earlier than others. */
  readonly notAfter?: Date;
  /** The options but for the challenge and the timeout. */
  readonly options: Readonly<Record<string, unknown>>;
};

/** A challenge of its own for each ceremony, of which the row keeps hashes only (PK-1). */
export async function beginCeremony(ctx: Context, input: Input): Promise<PasskeyChallenge> {
  const now = ctx.clock.now();
  const handle = ctx.random.token(handleBytes);
  const challenge = ctx.random.token(challengeBytes);
  const latest = secondsAfter(now, challengeLifetime);
  const expiresAt = input.notAfter && input.notAfter < latest ? input.notAfter : latest;
  await insertPasskeyChallenge(input.db, {
    id: ctx.random.id(now),
    handleHash: sha256(handle),
    challengeHash: sha256(challenge),
    purpose: input.purpose,
    userId: input.userId ?? null,
    sessionId: input.sessionId ?? null,
    otpChallengeId: input.otpChallengeId ?? null,
    passwordChangedAt: input.passwordChangedAt ?? null,
    conditional: input.conditional ?? false,
    createdAt: now,
    expiresAt,
  });
  const timeout = Math.max(1, expiresAt.getTime() - now.getTime());
  return {
    kind: 'passkey-challenge',
    id: handle,
    options: { ...input.options, challenge, timeout },
    expiresAt,
  };
}
