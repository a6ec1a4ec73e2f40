import { base64url } from './base64url.ts';
import type { PasskeyChallenge } from './operations.ts';

/**
 * Why the browser gave no passkey. CANCELLED: by the user, by `signal`, by a ceremony that began
 * later, or since nothing was chosen in time; browsers do not tell these apart. UNSUPPORTED: this
 * browser cannot do it. ALREADY_REGISTERED: this authenticator holds one of the account.
 */
export type PasskeyErrorCode = 'CANCELLED' | 'UNSUPPORTED' | 'ALREADY_REGISTERED' | 'FAILED';

/** An outcome of the browser's part; the server's is an AuthError. */
export type PasskeyError = {
  readonly __typename: 'PasskeyError';
  readonly code: PasskeyErrorCode;
  /** For a person to read, in English. */
  readonly message: string;
  /** What the browser threw, where it threw something. */
  readonly cause: unknown;
};

/** What `verifyPasskey` and `confirmPasskeyRegistration` take, as JSON. */
export type CredentialJson = Readonly<Record<string, unknown>>;

/**
 * Whether this browser has passkeys. False in browsers from before 2025, too, which cannot read
 * the server's options.
 */
export function hasPasskeys(): boolean {
  return typeof PublicKeyCredential === 'function' && 'parseRequestOptionsFromJSON' in browser();
}

/** Whether it offers passkeys in the field whose `autocomplete` says `username webauthn`. */
export async function hasAutofill(): Promise<boolean> {
  return hasPasskeys() && (await browser().isConditionalMediationAvailable?.()) === true;
}

/** Whether it may make a passkey without a click, right after a sign-in with a stored password. */
export async function hasConditionalCreate(): Promise<boolean> {
  if (!hasPasskeys()) return false;
  return (await browser().getClientCapabilities?.())?.['conditionalCreate'] === true;
}

/** Lets the user choose a passkey. Never rejects. */
export function getCredential(
  { options }: PasskeyChallenge,
  how: { readonly signal: AbortSignal; readonly isAutofill: boolean },
): Promise<CredentialJson | PasskeyError> {
  return ceremony(() => {
    const publicKey = browser().parseRequestOptionsFromJSON(options);
    return navigator.credentials.get({
      publicKey,
      ...mediated(how.isAutofill),
      signal: how.signal,
    });
  });
}

/** Lets the user make a passkey. Never rejects. */
export function createCredential(
  { options }: PasskeyChallenge,
  how: { readonly signal: AbortSignal; readonly isConditional: boolean },
): Promise<CredentialJson | PasskeyError> {
  return ceremony(() => {
    const publicKey = browser().parseCreationOptionsFromJSON(options);
    const mediation = mediated(how.isConditional);
    return navigator.credentials.create({ publicKey, ...mediation, signal: how.signal });
  });
}

export function isPasskeyError(answer: object): answer is PasskeyError {
  return '__typename' in answer && answer.__typename === 'PasskeyError';
}

export function passkeyError(code: PasskeyErrorCode, cause?: unknown): PasskeyError {
  const message = cause instanceof Error ? cause.message : '';
  return {
    __typename: 'PasskeyError',
    code,
    message: messages[code] ?? (message || 'The browser could not use a passkey.'),
    cause,
  };
}

const messages: Partial<Record<PasskeyErrorCode, string>> = {
  CANCELLED: 'No passkey was chosen.',
  UNSUPPORTED: 'This browser has no passkeys.',
  ALREADY_REGISTERED: 'There is a passkey of this account already.',
};

const codes: Partial<Record<string, PasskeyErrorCode>> = {
  NotAllowedError: 'CANCELLED',
  AbortError: 'CANCELLED',
  InvalidStateError: 'ALREADY_REGISTERED',
  NotSupportedError: 'UNSUPPORTED',
};

/** Milliseconds for which an aborted ceremony holds up the next: some extensions never end it. */
const longestEnd = 500;

/** The last ceremony that was begun; never rejects. */
let last: Promise<unknown> = Promise.resolve();

/** Browsers refuse it until the one before, though aborted, has ended (SimpleWebAuthn#281). */
function ceremony(begin: () => Promise<Credential | null>): Promise<CredentialJson | PasskeyError> {
  const enough = new Promise((resolve) => setTimeout(resolve, longestEnd));
  const result = Promise.race([last, enough])
    .then(begin)
    .then((credential) => (credential ? jsonOf(credential) : passkeyError('CANCELLED')))
    .catch((error) => passkeyError(codes[Object(error).name] ?? 'FAILED', error));
  last = result;
  return result;
}

/**
 * What `toJSON()` gives. Not that itself: extensions of password managers put an object in the
 * browser's place on which it throws "Illegal invocation" (dotnet/aspnetcore#62916).
 */
function jsonOf(given: Credential): CredentialJson {
  const credential = given as PublicKeyCredential;
  const { id, type, authenticatorAttachment } = credential;
  const response = credential.response as AuthenticatorAttestationResponse &
    AuthenticatorAssertionResponse;
  const { clientDataJSON, attestationObject, authenticatorData, signature, userHandle } = response;
  const buffers = Object.entries({
    clientDataJSON,
    // A registration has the first of these, a sign-in the others.
    attestationObject,
    authenticatorData: attestationObject ? undefined : authenticatorData,
    signature,
    userHandle,
  }).flatMap(([name, buffer]) => (buffer ? [[name, base64url(buffer)]] : []));
  return {
    id,
    rawId: id,
    type,
    authenticatorAttachment,
    clientExtensionResults: orElse(() => credential.getClientExtensionResults(), {}),
    response: {
      ...Object.fromEntries(buffers),
      ...(attestationObject && { transports: orElse(() => response.getTransports(), []) }),
    },
  };
}

function orElse<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

function mediated(isConditional: boolean): { mediation?: CredentialMediationRequirement } {
  return isConditional ? { mediation: 'conditional' } : {};
}

/** What the types do not know yet, or know as being there in every browser. */
type Browser = {
  isConditionalMediationAvailable?(): Promise<boolean>;
  getClientCapabilities?(): Promise<Record<string, boolean>>;
  parseRequestOptionsFromJSON(options: object): PublicKeyCredentialRequestOptions;
  parseCreationOptionsFromJSON(options: object): PublicKeyCredentialCreationOptions;
};

function browser(): Browser {
  return PublicKeyCredential as unknown as Browser;
}
