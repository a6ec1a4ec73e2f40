import { stringify } from 'uuid';
import type { App } from '../../app.ts';
import type { PasskeyChallengeRow } from '../../db/tables/passkey-challenges.ts';
import type { PasskeyRow } from '../../db/tables/passkeys.ts';
import { hasKnownExtensions, judgeAuthenticatorData } from './authenticator-data.ts';
import { judgeClientData } from './client-data.ts';
import type { RegistrationJson } from './credential-json.ts';
import { judgePublicKey } from './judge-public-key.ts';
import { loadWebAuthn } from './library.ts';
import { algorithms } from './rules.ts';

/** What a row keeps of a new passkey. */
export type RegisteredKey = Pick<
  PasskeyRow,
  | 'credentialId'
  | 'publicKey'
  | 'algorithm'
  | 'signCount'
  | 'uvInitialized'
  | 'backupEligible'
  | 'backupState'
  | 'transports'
  | 'aaguid'
>;

type Input = {
  readonly credential: RegistrationJson;
  readonly challenge: PasskeyChallengeRow;
};

/**
 * Verifies a registration (WebAuthn 7.1) against what its challenge asked for. A string is the rule
 * that is broken, for the trail alone.
 */
export async function checkRegistration(
  { config }: Pick<App, 'config'>,
  { credential, challenge }: Input,
): Promise<RegisteredKey | string> {
  const { rpId, origins } = config.passkeys;
  const { challengeHash, conditional } = challenge;
  const { clientDataJSON } = credential.response;
  const expected = { type: 'webauthn.create', challengeHash, origins } as const;
  const client = judgeClientData(clientDataJSON, expected);
  if (typeof client === 'string') return client;
  try {
    const fault = await judgeAttestation(credential, { rpId, needsPresence: !conditional });
    if (fault !== null) return fault;
    return await verify({ ...client, credential, conditional, rpId, origins });
  } catch {
    // The library's errors quote the answer.
    return 'registration';
  }
}

/**
 * SECURITY: only "none" and self attestation reach the library, as asked for: for certificates it
 * would fetch what they name, from hosts of the caller's choice.
 */
async function judgeAttestation(
  { id, response }: RegistrationJson,
  expected: { readonly rpId: string; readonly needsPresence: boolean },
): Promise<string | null> {
  const { decodeAttestation, decodeKey, parseAuthenticatorData } = await loadWebAuthn();
  const attestation = decodeAttestation(new Uint8Array(response.attestationObject));
  const statement: unknown = attestation.get('attStmt');
  if (!(statement instanceof Map)) return 'attestation';
  const isSelf = attestation.get('fmt') === 'packed' && !statement.has('x5c');
  if (attestation.get('fmt') !== 'none' && !isSelf) return 'attestation';
  const data: unknown = attestation.get('authData');
  if (!(data instanceof Uint8Array)) return 'authenticator_data';
  const fault = judgeAuthenticatorData(data, expected);
  if (fault !== null) return fault;
  const { credentialID, credentialPublicKey } = parseAuthenticatorData(new Uint8Array(data));
  if (!credentialID || !id.equals(credentialID)) return 'credential_id';
  if (!credentialPublicKey || judgePublicKey(decodeKey(credentialPublicKey)) === null)
    return 'algorithm';
  return null;
}

async function verify({
  credential,
  challenge,
  conditional,
  rpId,
  origins,
}: Pick<Input, 'credential'> & {
  readonly challenge: string;
  readonly conditional: boolean;
  readonly rpId: string;
  readonly origins: readonly string[];
}): Promise<RegisteredKey | string> {
  const { verifyRegistration, decodeKey } = await loadWebAuthn();
  const id = credential.id.toString('base64url');
  const { clientDataJSON, attestationObject, transports } = credential.response;
  const { verified, registrationInfo: info } = await verifyRegistration({
    response: {
      id,
      rawId: id,
      type: 'public-key',
      response: {
        clientDataJSON: clientDataJSON.toString('base64url'),
        attestationObject: attestationObject.toString('base64url'),
      },
      clientExtensionResults: {},
    },
    expectedChallenge: challenge,
    expectedOrigin: [...origins],
    expectedRPID: rpId,
    requireUserPresence: !conditional,
    requireUserVerification: false,
    supportedAlgorithmIDs: [...algorithms],
  });
  if (!verified) return 'attestation';
  if (!hasKnownExtensions(info.authenticatorExtensionResults)) return 'extensions';
  const { publicKey, counter } = info.credential;
  const algorithm = judgePublicKey(decodeKey(publicKey));
  if (algorithm === null) return 'algorithm';
  return {
    credentialId: credential.id,
    publicKey,
    algorithm,
    signCount: counter,
    // A password manager that answers without a click cannot ask its user then, and can later.
    uvInitialized: info.userVerified || conditional,
    backupEligible: info.credentialDeviceType === 'multiDevice',
    backupState: info.credentialBackedUp,
    transports,
    aaguid: aaguidOf(info.aaguid),
  };
}

const noAaguid = stringify(new Uint8Array(16));

function aaguidOf(text: string): string | null {
  return text === noAaguid ? null : text;
}
