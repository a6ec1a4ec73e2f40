import { sameBytes, sha256 } from '../../secret-keys.ts';

type Expected = {
  readonly rpId: string;
  /** Not asserted at a registration without a click (WebAuthn 7.1, mediation conditional). */
  readonly needsPresence: boolean;
};

/**
 * Extensions of authenticators that browsers and password managers ask for by themselves, or that
 * authenticators add; nothing is taken from them (https://www.iana.org/assignments/webauthn).
 */
const knownExtensions: ReadonlySet<string> = new Set([
  'credProtect',
  'credBlob',
  'largeBlobKey',
  'minPinLength',
  'pinComplexityPolicy',
  'hmac-secret',
  'hmac-secret-mc',
  'thirdPartyPayment',
  'uvm',
]);

/** The rule that the authenticator's data breaks (WebAuthn 6.1); null where it breaks none. */
export function judgeAuthenticatorData(data: Uint8Array, expected: Expected): string | null {
  if (data.length < 37) return 'authenticator_data';
  if (!sameBytes(data.subarray(0, 32), sha256(expected.rpId))) return 'rp_id';
  const flags = data[32] ?? 0;
  const [isPresent, isEligible, isBackedUp] = [flags & 1, flags & 8, flags & 16];
  if (expected.needsPresence && !isPresent) return 'user_presence';
  return isBackedUp && !isEligible ? 'backup_flags' : null;
}

/** Whether the authenticator says nothing that it was not asked for. */
export function hasKnownExtensions(extensions: unknown): boolean {
  if (extensions === undefined) return true;
  if (typeof extensions !== 'object' || extensions === null) return false;
  const names = extensions instanceof Map ? [...extensions.keys()] : Object.keys(extensions);
  return names.every((name) => knownExtensions.has(String(name)));
}
