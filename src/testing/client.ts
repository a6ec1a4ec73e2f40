import { setTimeout as sleep } from 'node:timers/promises';
/** One answer of the API. `data` is untyped JSON; tests check the parts that they expect. */
export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers by path; a wrong path fails.
  readonly data: any;
  readonly errors: {
    message: string;
    path?: unknown;
    extensions: { code: string; reason?: string; [key: string]: unknown };
  }[];
};

export type Sender = {
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Sends one operation over HTTP, as a client would. */
export async function send(
  url: string,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
  { token, headers }: Sender = {},
): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      // Has an effect only if the test configures the client's address as a trusted proxy.
      'x-forwarded-proto': 'https',
      accept: 'application/graphql-response+json, application/json;q=0.9',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({ query, variables }),
  });
  const text = await response.text();
  const body = JSON.parse(text);
  return {
    status: response.status,
    headers: response.headers,
    text,
    data: body.data ?? null,
    errors: body.errors ?? [],
  };
}

export const errorFields =
  '... on AuthError { __typename code message fields { path code message } retryAfter }';
const challengeFields =
  '... on OtpChallenge { __typename id purpose methods sentTo expiresAt resendAvailableAt ' +
  'passkey { id options expiresAt } }';
/** Without the number of the user's passkeys, which is counted where it is asked for. */
const tokenFields = `... on AuthTokens {
  __typename accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt
  session { id createdAt lastUsedAt expiresAt authenticatedAt methods identityProvider ipAddress
    device current }
  user { id email emailVerified name roles createdAt status lastLoginAt totpEnabled } }`;
const acceptedFields = '... on AuthAccepted { __typename accepted }';
const userFields =
  '... on User { __typename id email emailVerified name roles createdAt status suspendedUntil ' +
  'lastLoginAt totpEnabled passkeyCount publicMetadata hasPassword recoveryCodesLeft }';
const enrollmentFields = '... on TotpEnrollment { __typename id secret uri qrCode expiresAt }';
const recoveryCodesFields = '... on RecoveryCodes { __typename codes }';

const ceremonyFields = '... on PasskeyChallenge { __typename id options expiresAt }';
const passkeyFields = '... on Passkey { __typename id name createdAt lastUsedAt synced provider }';
const signalFields =
  '... on PasskeySignals { __typename rpId userId credentialIds name displayName }';

const identityFields = `... on AuthIdentity {
  __typename id provider { id name kind } label createdAt lastUsedAt }`;
const redirectFields = '... on AuthIdentityRedirect { __typename url expiresAt }';
const nonceFields = '... on AuthIdTokenNonce { __typename id nonce expiresAt }';

const fieldsOf = {
  register: `${challengeFields} ${errorFields}`,
  login: `${tokenFields} ${challengeFields} ${errorFields}`,
  requestLoginCode: `${challengeFields} ${errorFields}`,
  verifyOtp: `${tokenFields} ${challengeFields} ${errorFields}`,
  requestPasskeyLogin: `${ceremonyFields} ${errorFields}`,
  verifyPasskey: `${tokenFields} ${challengeFields} ${errorFields}`,
  startPasskeyRegistration: `${ceremonyFields} ${errorFields}`,
  confirmPasskeyRegistration: `${passkeyFields} ${errorFields}`,
  renamePasskey: `${passkeyFields} ${errorFields}`,
  removePasskey: `${signalFields} ${errorFields}`,
  startIdentityLogin: `${redirectFields} ${errorFields}`,
  completeIdentityLogin: `${tokenFields} ${challengeFields} ${errorFields}`,
  requestIdTokenNonce: `${nonceFields} ${errorFields}`,
  loginWithIdToken: `${tokenFields} ${challengeFields} ${errorFields}`,
  startIdentityLink: `${redirectFields} ${errorFields}`,
  completeIdentityLink: `${identityFields} ${errorFields}`,
  unlinkIdentity: `${acceptedFields} ${errorFields}`,
  unlinkUserIdentity: `${acceptedFields} ${errorFields}`,
  verifyLink: `${tokenFields} ${challengeFields} ${errorFields}`,
  resendOtp: `${challengeFields} ${errorFields}`,
  refreshSession: `${tokenFields} ${errorFields}`,
  logout: `${acceptedFields} ${errorFields}`,
  revokeSession: `${acceptedFields} ${errorFields}`,
  reauthenticate: `${tokenFields} ${challengeFields} ${errorFields}`,
  startTotpEnrollment: `${enrollmentFields} ${errorFields}`,
  confirmTotpEnrollment: `${recoveryCodesFields} ${errorFields}`,
  disableTotp: `${acceptedFields} ${errorFields}`,
  regenerateRecoveryCodes: `${recoveryCodesFields} ${errorFields}`,
  createUser: `${userFields} ${errorFields}`,
  deleteUser: `${acceptedFields} ${errorFields}`,
  suspendUser: `${userFields} ${errorFields}`,
  reinstateUser: `${userFields} ${errorFields}`,
  setUserMetadata: `${userFields} ${errorFields}`,
  setUserRoles: `${userFields} ${errorFields}`,
  revokeUserSessions: `${acceptedFields} ${errorFields}`,
  revokeUserSession: `${acceptedFields} ${errorFields}`,
  resetUserPassword: `${acceptedFields} ${errorFields}`,
  resetUserFactors: `${acceptedFields} ${errorFields}`,
  requestPasswordReset: `${acceptedFields} ${errorFields}`,
  resetPassword: `${acceptedFields} ${errorFields}`,
  changePassword: `${acceptedFields} ${errorFields}`,
  updateProfile: `${userFields} ${errorFields}`,
  requestEmailChange: `${challengeFields} ${errorFields}`,
  confirmEmailChange: `${userFields} ${errorFields}`,
  undoEmailChange: `${acceptedFields} ${errorFields}`,
  exportAccount: `... on AccountExport { __typename json createdAt } ${errorFields}`,
  deleteAccount: `${acceptedFields} ${errorFields}`,
} as const;

export type MutationName = keyof typeof fieldsOf;

/** The text of a mutation that selects every field of its result. */
export function mutationText(name: MutationName): string {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  return `mutation M($input: ${type}!) { ${name}(input: $input) { ${fieldsOf[name]} } }`;
}

/**
 * Calls a mutation; returns the member of the result union, or the whole answer if there is none.
 */
export async function mutate(
  url: string,
  name: MutationName,
  input: Readonly<Record<string, unknown>>,
  sender: Sender = {},
  // biome-ignore lint/suspicious/noExplicitAny: see Answer.
): Promise<any> {
  const answer = await send(url, mutationText(name), { input }, sender);
  return answer.data?.[name] ?? answer;
}

/** The same until it is not shed: a busy machine's new server may ask to be called again. */
export async function mutateUntilTaken(
  ...call: Parameters<typeof mutate>
): ReturnType<typeof mutate> {
  for (;;) {
    const answer = await mutate(...call);
    if (answer.errors?.[0]?.extensions.code !== 'OVERLOADED') return answer;
    await sleep(500);
  }
}

export const meQuery =
  '{ me { id email emailVerified name roles createdAt status lastLoginAt totpEnabled } }';
