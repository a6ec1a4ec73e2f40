import { generateURI, ScureBase32Plugin, verify } from 'otplib';

/**
 * RFC 6238 with the parameters that every authenticator app supports: SHA-1, six digits, thirty
 * seconds. These are otplib's defaults, made explicit.
 */
const options = { algorithm: 'sha1', digits: 6, period: 30 } as const;

/** 160 bits (OT-11; RFC 4226 4, R6). */
export const secretBytes = 20;

/** Seconds within which an enrolment must be confirmed (OT-14). */
export const enrollmentLifetime = 600;

const base32 = new ScureBase32Plugin();

/** What the user types when no camera is at hand: base32 without padding. */
export function writeSecret(secret: Uint8Array): string {
  return base32.encode(secret);
}

/** The content of the QR code. A colon would end the issuer, so neither text has one. */
export function otpauthUri(input: { issuer: string; label: string; secret: Uint8Array }): string {
  const withoutColon = (text: string) => text.replaceAll(':', ' ');
  return generateURI({
    ...options,
    issuer: withoutColon(input.issuer),
    label: withoutColon(input.label),
    secret: writeSecret(input.secret),
  });
}

/**
 * The time step of the code, where it is the current step or the previous one (OT-13; RFC 6238 5.2
 * allows one for transmission delay); null for any other code, and for a time or a secret that
 * otplib rejects. Reuse of a step is not checked here: the database decides that.
 */
export async function matchingStep(input: {
  secret: Uint8Array;
  code: string;
  now: Date;
}): Promise<number | null> {
  try {
    const result = await verify({
      ...options,
      secret: input.secret,
      token: input.code,
      epoch: Math.floor(input.now.getTime() / 1000),
      epochTolerance: [options.period, 0],
    });
    return result.valid && 'timeStep' in result ? result.timeStep : null;
  } catch {
    // otplib throws on malformed input (OT-10). A code that cannot be checked is a wrong code.
    return null;
  }
}
