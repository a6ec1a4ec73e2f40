import type { App } from '../../app.ts';
import type { PasskeyRow } from '../../db/tables/passkeys.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { algorithms, isUsable } from './rules.ts';
import { namesOf } from './signals.ts';
import { writeBytes } from './write-bytes.ts';

type Known = Pick<PasskeyRow, 'credentialId' | 'transports'>;

/** What kind of authenticator the page expects (WebAuthn 5.8.7). */
export type PasskeyHint = 'CLIENT_DEVICE' | 'SECURITY_KEY' | 'HYBRID';

const hintNames: Readonly<Record<PasskeyHint, string>> = {
  CLIENT_DEVICE: 'client-device',
  SECURITY_KEY: 'security-key',
  HYBRID: 'hybrid',
};

function descriptors(rows: readonly Known[]) {
  return rows.map(({ credentialId, transports }) => ({
    type: 'public-key',
    id: writeBytes(credentialId),
    ...(transports.length === 0 ? {} : { transports }),
  }));
}

/**
 * For a sign-in that begins with the passkey: no list of credentials, so that the options are the
 * same for everyone (PK-7).
 */
export function discoverableOptions(
  { config }: Pick<App, 'config'>,
  hints: readonly PasskeyHint[],
): Readonly<Record<string, unknown>> {
  return {
    rpId: config.passkeys.rpId,
    userVerification: 'required',
    ...(hints.length === 0 ? {} : { hints: [...new Set(hints)].map((hint) => hintNames[hint]) }),
  };
}

/** For a challenge that a user has come to by another proof. */
export function assertionOptions(
  { config }: Pick<App, 'config'>,
  input: { readonly rows: readonly Known[]; readonly needsVerification: boolean },
): Readonly<Record<string, unknown>> {
  return {
    rpId: config.passkeys.rpId,
    userVerification: input.needsVerification ? 'required' : 'preferred',
    allowCredentials: descriptors(input.rows),
  };
}

export function creationOptions(
  { config }: Pick<App, 'config'>,
  input: {
    readonly user: Pick<UserRow, 'email' | 'name'>;
    readonly handle: Uint8Array;
    /** All passkeys of the user: an authenticator gets one each. */
    readonly rows: readonly PasskeyRow[];
  },
): Readonly<Record<string, unknown>> {
  const { rpId } = config.passkeys;
  return {
    rp: { id: rpId, name: config.productName },
    user: { id: writeBytes(input.handle), ...namesOf(input.user) },
    pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key', alg })),
    attestation: 'none',
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: 'preferred',
    },
    excludeCredentials: descriptors(input.rows.filter((row) => isUsable(row, rpId))),
    extensions: { credProps: true },
  };
}
