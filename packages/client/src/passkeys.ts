import { autofill } from './autofill.ts';
import {
  createCredential,
  getCredential,
  hasAutofill,
  hasConditionalCreate,
  hasPasskeys,
  isPasskeyError,
  type PasskeyError,
  passkeyError,
} from './ceremony.ts';
import type { AuthClient } from './create-auth-client.ts';
import { oneCeremony } from './one-ceremony.ts';
import type {
  ConfirmPasskeyRegistrationResult,
  PasskeyChallenge,
  PasskeyHint,
  RemovePasskeyResult,
  VerifyPasskeyResult,
} from './operations.ts';
import { signalAccount, signalPasskeys } from './passkey-signals.ts';
import { verifyCredential } from './verify-credential.ts';

export type { PasskeyError, PasskeyErrorCode } from './ceremony.ts';

export type PasskeySignInOptions = {
  /**
   * Without a click: the browser offers passkeys in the field whose `autocomplete` says `username
   * webauthn`, until one is chosen, `signal` ends it or a click begins another ceremony.
   */
  readonly autofill?: boolean;
  /** Which kind of authenticator the browser should offer first. */
  readonly hints?: readonly PasskeyHint[];
  readonly signal?: AbortSignal;
};

export type PasskeyRegistrationOptions = {
  /** What the user calls it; 100 characters at most. */
  readonly name?: string;
  /** Without a click and a step-up, right after a password sign-in. */
  readonly conditional?: boolean;
};

/** Passkeys of the page's origin. Outcomes are answers: look at `__typename`. */
export type Passkeys = {
  /** Whether this browser has passkeys: show no button where it has none. */
  isSupported(): boolean;
  /** Signs in without an address. */
  signIn(options?: PasskeySignInOptions): Promise<VerifyPasskeyResult | PasskeyError>;
  /** Completes a second step or a step-up: the `passkey` of the OtpChallenge. */
  verify(challenge: PasskeyChallenge): Promise<VerifyPasskeyResult | PasskeyError>;
  /** Makes a passkey for the user who is signed in; takes a recent step-up unless conditional. */
  register(
    options?: PasskeyRegistrationOptions,
  ): Promise<ConfirmPasskeyRegistrationResult | PasskeyError>;
  /** Removes one from the account, and from the password manager where the browser can. */
  remove(passkeyId: string): Promise<RemovePasskeyResult>;
  /**
   * Tells the password manager which passkeys the account has and what it is called. A sign-in by
   * passkey and `remove` do so by themselves; call it after a change of name or address.
   */
  signal(): Promise<void>;
};

/** Passkeys of a client. Rejects as the client's own methods do. */
export function createPasskeys(auth: AuthClient): Passkeys {
  return {
    isSupported: hasPasskeys,
    signIn: async ({ autofill: isAutofill = false, hints, signal } = {}) => {
      if (!(isAutofill ? await hasAutofill() : hasPasskeys())) return passkeyError('UNSUPPORTED');
      const ask = () => auth.requestPasskeyLogin({ hints });
      return isAutofill
        ? oneCeremony('background', signal, (ending) => autofill(auth, ask, ending))
        : oneCeremony('click', signal, async (ending) => {
            const challenge = await ask();
            return isRefused(challenge) ? challenge : verifyWith(auth, challenge, ending);
          });
    },
    verify: async (challenge) =>
      hasPasskeys()
        ? oneCeremony('click', undefined, (ending) => verifyWith(auth, challenge, ending))
        : passkeyError('UNSUPPORTED'),
    register: (options) => register(auth, options),
    remove: async (passkeyId) => {
      const result = await auth.removePasskey({ passkeyId });
      if (!isRefused(result)) await signalPasskeys(result);
      return result;
    },
    signal: () => signalAccount(auth),
  };
}

async function verifyWith(
  auth: AuthClient,
  challenge: PasskeyChallenge,
  signal: AbortSignal,
): Promise<VerifyPasskeyResult | PasskeyError> {
  const credential = await getCredential(challenge, { signal, isAutofill: false });
  return isPasskeyError(credential) ? credential : verifyCredential(auth, challenge, credential);
}

async function register(
  auth: AuthClient,
  { name, conditional = false }: PasskeyRegistrationOptions = {},
): Promise<ConfirmPasskeyRegistrationResult | PasskeyError> {
  if (!(conditional ? await hasConditionalCreate() : hasPasskeys()))
    return passkeyError('UNSUPPORTED');
  return oneCeremony(conditional ? 'background' : 'click', undefined, async (ending) => {
    const challenge = await auth.startPasskeyRegistration({ conditional });
    if (isRefused(challenge)) return challenge;
    const how = { signal: ending, isConditional: conditional };
    const credential = await createCredential(challenge, how);
    if (isPasskeyError(credential)) return credential;
    const result = await auth.confirmPasskeyRegistration({
      challengeId: challenge.id,
      credential,
      name,
    });
    // The authenticator holds one now that the account does not have.
    if (isRefused(result)) await signalAccount(auth).catch(() => {});
    return result;
  });
}

function isRefused<Result extends { readonly __typename: string }>(
  result: Result,
): result is Extract<Result, { readonly __typename: 'AuthError' }> {
  return result.__typename === 'AuthError';
}
