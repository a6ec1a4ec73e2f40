import type { App } from '../../app.ts';
import type { PasskeyChallengeRow } from '../../db/tables/passkey-challenges.ts';
import type { PasskeyRow } from '../../db/tables/passkeys.ts';
import { hasKnownExtensions, judgeAuthenticatorData } from './authenticator-data.ts';
import { judgeClientData } from './client-data.ts';
import type { AssertionJson } from './credential-json.ts';
import { loadWebAuthn } from './library.ts';
import { algorithms, isUsable } from './rules.ts';

/** What an assertion says that is signed by the passkey's key. */
export type Assertion = {
  readonly userVerified: boolean;
  readonly signCount: number;
  readonly backupEligible: boolean;
  readonly backupState: boolean;
};

type Input = {
  readonly credential: AssertionJson;
  readonly challenge: PasskeyChallengeRow;
  /** SECURITY: the row that has the credential id of this very answer (PK-9). */
  readonly passkey: PasskeyRow;
};

/**
 * Verifies an assertion (WebAuthn 7.2) against what its challenge asked for. A string is the rule
 * that is broken, for the trail alone. The counter and the backup flags are the caller's to
 * compare, with the row that it holds.
 */
export async function checkAssertion(
  { config }: Pick<App, 'config'>,
  { credential, challenge, passkey }: Input,
): Promise<Assertion | string> {
  const { rpId, origins } = config.passkeys;
  const { challengeHash } = challenge;
  const { clientDataJSON, authenticatorData } = credential.response;
  const client = judgeClientData(clientDataJSON, { type: 'webauthn.get', challengeHash, origins });
  if (typeof client === 'string') return client;
  const fault = judgeAuthenticatorData(authenticatorData, { rpId, needsPresence: true });
  if (fault !== null) return fault;
  if (!isUsable(passkey, rpId)) return 'rp_id';
  if (!algorithms.some((each) => each === passkey.algorithm)) return 'algorithm';
  return verify({ credential, passkey, challenge: client.challenge, rpId, origins });
}

async function verify({
  credential,
  passkey,
  challenge,
  rpId,
  origins,
}: Pick<Input, 'credential' | 'passkey'> & {
  readonly challenge: string;
  readonly rpId: string;
  readonly origins: readonly string[];
}): Promise<Assertion | string> {
  const { verifyAssertion } = await loadWebAuthn();
  const id = credential.id.toString('base64url');
  const { clientDataJSON, authenticatorData, signature } = credential.response;
  try {
    const { verified, authenticationInfo: info } = await verifyAssertion({
      response: {
        id,
        rawId: id,
        type: 'public-key',
        response: {
          clientDataJSON: clientDataJSON.toString('base64url'),
          authenticatorData: authenticatorData.toString('base64url'),
          signature: signature.toString('base64url'),
        },
        clientExtensionResults: {},
      },
      expectedChallenge: challenge,
      expectedOrigin: [...origins],
      expectedRPID: rpId,
      // The counter is compared after the signature, with the row that is held: 0 refuses none.
      credential: { id, publicKey: new Uint8Array(passkey.publicKey), counter: 0 },
      // Judged by the rules, from the flag that is signed.
      requireUserVerification: false,
    });
    if (!verified) return 'signature';
    if (!hasKnownExtensions(info.authenticatorExtensionResults)) return 'extensions';
    return {
      userVerified: info.userVerified,
      signCount: info.newCounter,
      backupEligible: info.credentialDeviceType === 'multiDevice',
      backupState: info.credentialBackedUp,
    };
  } catch {
    // Its errors quote the answer.
    return 'assertion';
  }
}
