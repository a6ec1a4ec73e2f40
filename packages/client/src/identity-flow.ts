import { base64url } from './base64url.ts';
import type { AuthClient } from './create-auth-client.ts';
import { type IdentityError, identityError } from './identity-error.ts';
import type {
  AuthError,
  CompleteIdentityLinkResult,
  CompleteIdentityLoginResult,
  StartIdentityLoginResult,
} from './operations.ts';

/** What `expo-crypto` exports, where the runtime has no WebCrypto, as React Native has none. */
export type IdentityCrypto = {
  getRandomValues(array: Uint8Array<ArrayBuffer>): unknown;
  digest(algorithm: string, data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
};

export type IdentityFlow = {
  readonly __typename: 'IdentityFlow';
  /** Where to send the browser of the system, within ten minutes. */
  readonly url: string;
  /** Keep it for `complete`, where nothing but the app reads it. */
  readonly verifier: string;
  readonly expiresAt: string;
};

export type Refusal = { readonly __typename: 'AuthError' } & AuthError;

/** The two mutations of a flow: those that sign in, or those that link. */
export type Steps<Result> = {
  readonly isLink: boolean;
  start(input: Start): Promise<StartIdentityLoginResult>;
  complete(input: Completion): Promise<Result>;
};

type Start = { readonly providerId: string; readonly returnTo: string; codeChallenge: string };
type Completion = { readonly ticket: string; readonly codeVerifier: string };

export function loginSteps(
  auth: AuthClient,
  loginHint?: string,
): Steps<CompleteIdentityLoginResult> {
  return {
    isLink: false,
    start: (input) => auth.startIdentityLogin({ ...input, loginHint }),
    complete: auth.completeIdentityLogin,
  };
}

export function linkSteps(auth: AuthClient): Steps<CompleteIdentityLinkResult> {
  return { isLink: true, start: auth.startIdentityLink, complete: auth.completeIdentityLink };
}

/** Begins a flow that only who holds the verifier can complete (RFC 7636). */
export async function begin(
  { start }: Steps<unknown>,
  { providerId, returnTo }: Omit<Start, 'codeChallenge'>,
  crypto: IdentityCrypto | null,
): Promise<IdentityFlow | Refusal | IdentityError> {
  if (!crypto) return identityError('UNSUPPORTED');
  const verifier = randomText(crypto);
  // ASCII; not every React Native has a TextEncoder.
  const bytes = Uint8Array.from(verifier, (symbol) => symbol.charCodeAt(0));
  const digest = await crypto.digest('SHA-256', bytes);
  const answer = await start({ providerId, returnTo, codeChallenge: base64url(digest) });
  if (answer.__typename === 'AuthError') return answer;
  const { url, expiresAt } = answer;
  return { __typename: 'IdentityFlow', url, verifier, expiresAt };
}

/** 256 bits, in 43 characters. */
export function randomText(crypto: IdentityCrypto): string {
  const bytes = new Uint8Array(32);
  crypto.getRandomValues(bytes);
  return base64url(bytes);
}

/** Null where the runtime has no WebCrypto: React Native, and pages without https. */
export function webCrypto(): IdentityCrypto | null {
  const { crypto } = globalThis as Partial<typeof globalThis>;
  const { subtle } = crypto ?? {};
  if (!crypto || !subtle) return null;
  return {
    getRandomValues: (array) => crypto.getRandomValues(array),
    digest: (algorithm, data) => subtle.digest(algorithm, data),
  };
}
