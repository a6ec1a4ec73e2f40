import type { CredentialJson } from './ceremony.ts';
import type { AuthClient } from './create-auth-client.ts';
import type { PasskeyChallenge, VerifyPasskeyResult } from './operations.ts';
import { signalAccount, signalUnknown } from './passkey-signals.ts';

/** Sends what the browser gave, and tells the password manager what the answer says of it. */
export async function verifyCredential(
  auth: AuthClient,
  challenge: PasskeyChallenge,
  credential: CredentialJson,
): Promise<VerifyPasskeyResult> {
  const result = await auth.verifyPasskey({ challengeId: challenge.id, credential });
  // SECURITY: after no other refusal, since the password manager deletes the passkey for good.
  if (result.__typename === 'AuthError' && result.code === 'UNKNOWN_PASSKEY')
    await signalUnknown(challenge, credential);
  // The user who has signed in does not wait for it.
  if (result.__typename === 'AuthTokens') signalAccount(auth).catch(() => {});
  return result;
}
