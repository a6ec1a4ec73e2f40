import type { PasskeyChallengeRow } from '../../db/tables/passkey-challenges.ts';
import type { PasskeyRow } from '../../db/tables/passkeys.ts';
import { completesFirstStep, type ProvedMethod, readProved } from '../factors/rules.ts';

/** Seconds that a ceremony waits for the browser's answer (PK-1). */
export const challengeLifetime = 300;
/** Bytes that the authenticator signs (PK-1 asks for 16). */
export const challengeBytes = 32;
/** Bytes of the handle that the client holds: 192 bits. */
export const handleBytes = 24;
/** Bytes of WebAuthn's user handle, random so that it tells nothing of the user (PK-8). */
export const userHandleBytes = 32;
/** Bytes of a credential id at most (PK-5; WebAuthn 7.1). */
export const maxCredentialIdBytes = 1023;

/** COSE's numbers of the signatures that are asked for, the best first: Ed25519, ES256, RS256. */
export const algorithms = [-8, -7, -257] as const;

export type PasskeyPurpose = 'REGISTER' | 'LOGIN' | 'STEP_UP' | 'SECOND_STEP';

/** Whether the passkey works at this server: a browser finds none of another RP ID. */
export function isUsable(row: Pick<PasskeyRow, 'rpId'>, rpId: string): boolean {
  return row.rpId === rpId;
}

/** Whether the passkey can sign its user in by itself. */
export function isWayIn(row: Pick<PasskeyRow, 'rpId' | 'uvInitialized'>, rpId: string): boolean {
  return isUsable(row, rpId) && row.uvInitialized;
}

type Proof = {
  readonly purpose: PasskeyChallengeRow['purpose'];
  /** Of the challenge that the passkey completes; none at a sign-in that begins with it. */
  readonly provedMethods: readonly string[];
  readonly passkey: Pick<PasskeyRow, 'uvInitialized'>;
  /** The flag UV of the assertion. */
  readonly userVerified: boolean;
};

/**
 * SECURITY: what an accepted assertion proves; null where that does not suffice for its purpose
 * (PK-3). A flag UV counts only for a passkey that is known to verify its user: on a security key
 * without a PIN, a thief can set one (WebAuthn 7.2).
 */
export function proofOf({
  purpose,
  provedMethods,
  passkey,
  userVerified,
}: Proof): Extract<ProvedMethod, 'PASSKEY' | 'SECURITY_KEY'> | null {
  if (userVerified && passkey.uvInitialized) return 'PASSKEY';
  const isSecond = purpose !== 'LOGIN' && completesFirstStep(readProved(provedMethods));
  return isSecond ? 'SECURITY_KEY' : null;
}

/** Whether the counter of an assertion may follow the stored one (WebAuthn 7.2). */
export function isForward(stored: number, signCount: number): boolean {
  return signCount > stored || (signCount === 0 && stored === 0);
}
