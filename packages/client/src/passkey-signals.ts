import type { CredentialJson } from './ceremony.ts';
import type { AuthClient } from './create-auth-client.ts';
import type { PasskeyChallenge, PasskeySignals } from './operations.ts';

/** Of the WebAuthn signal API; each browser has all of them, or none. */
type Signalling = {
  signalUnknownCredential?(options: { rpId: string; credentialId: string }): Promise<void>;
  signalAllAcceptedCredentials?(options: {
    rpId: string;
    userId: string;
    allAcceptedCredentialIds: readonly string[];
  }): Promise<void>;
  signalCurrentUserDetails?(options: {
    rpId: string;
    userId: string;
    name: string;
    displayName: string;
  }): Promise<void>;
};

const query = '{account{passkeySignals{rpId userId credentialIds name displayName}}}';

/** Asks the server for what `signalPasskeys` tells. Rejects as `request` does. */
export async function signalAccount(auth: AuthClient): Promise<void> {
  if (!signalling().signalAllAcceptedCredentials) return;
  const { account } = await auth.request<{
    account: { readonly passkeySignals: PasskeySignals | null } | null;
  }>(query);
  if (account?.passkeySignals) await signalPasskeys(account.passkeySignals);
}

/**
 * Tells the password manager which passkeys the account has, and what it is called, where the
 * browser can. Never rejects.
 */
export async function signalPasskeys(signals: PasskeySignals): Promise<void> {
  const { rpId, userId, credentialIds, name, displayName } = signals;
  const manager = signalling();
  const list = { rpId, userId, allAcceptedCredentialIds: credentialIds };
  await quietly(() => manager.signalAllAcceptedCredentials?.(list));
  await quietly(() => manager.signalCurrentUserDetails?.({ rpId, userId, name, displayName }));
}

/**
 * Lets the password manager delete, for good, a passkey that the server does not have at all. Never
 * rejects.
 */
export async function signalUnknown(
  { options }: PasskeyChallenge,
  { id }: CredentialJson,
): Promise<void> {
  const unknown = { rpId: String(options['rpId'] ?? location.hostname), credentialId: String(id) };
  await quietly(() => signalling().signalUnknownCredential?.(unknown));
}

function signalling(): Signalling {
  return typeof PublicKeyCredential === 'function' ? (PublicKeyCredential as Signalling) : {};
}

/** The user is not told of a password manager that could not be told. */
async function quietly(tell: () => Promise<void> | undefined): Promise<void> {
  try {
    await tell();
  } catch {}
}
