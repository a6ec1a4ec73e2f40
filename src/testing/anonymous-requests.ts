import { meQuery, mutationText } from './client.ts';
import { newSigner } from './passkeys.ts';

export type Sent = {
  readonly path?: string;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
};
const graphql = (query: string, variables: unknown = {}): Sent => ({
  body: JSON.stringify({ query, variables }),
});
const call = (name: Parameters<typeof mutationText>[0], input: Record<string, unknown>): Sent =>
  graphql(mutationText(name), { input });

const flow = { providerId: 'none', codeChallenge: 'x'.repeat(43) };

/**
 * One anonymous request of each kind; `n` makes its values unique, and `challengeId` is an issued
 * or a made-up one.
 */
export const anonymousRequests: readonly ((n: number, challengeId: string) => Sent)[] = [
  (n) =>
    call('register', {
      email: `made-up-${n}@example.com`,
      password: 'otter lantern gravel sunday',
    }),
  (n) => call('login', { email: `made-up-${n}@example.com`, password: 'wrong words' }),
  () => call('login', { email: 'known@example.com', password: 'wrong words' }),
  (n) => call('requestLoginCode', { email: `made-up-${n}@example.com` }),
  () => call('requestLoginCode', { email: 'known@example.com' }),
  (n, challengeId) =>
    call('verifyOtp', { challengeId: n % 2 === 0 ? challengeId : `made-up-${n}`, code: '000000' }),
  () => call('requestPasskeyLogin', {}),
  (n) =>
    call('verifyPasskey', {
      challengeId: `made-up-${n}`,
      credential: newSigner().assert({ challenge: 'AAAA' }),
    }),
  () => call('startIdentityLogin', { ...flow, returnTo: 'http://localhost:3000/signed-in' }),
  (n) => call('completeIdentityLogin', { ticket: `made-up-${n}`, codeVerifier: 'x'.repeat(43) }),
  () => call('requestIdTokenNonce', { providerId: 'none' }),
  (n) => call('loginWithIdToken', { nonceId: `made-up-${n}`, idToken: 'made up' }),
  (n) => ({ path: `/identity/start/made-up-${n}`, method: 'GET' }),
  (n) => ({ path: `/identity/callback/none?state=${n}&code=${n}`, method: 'GET' }),
  (n) => call('verifyLink', { token: `made-up-${n}` }),
  (_n, challengeId) => call('resendOtp', { challengeId }),
  (n) => call('refreshSession', { refreshToken: `made-up-${n}` }),
  (n) => call('logout', { refreshToken: `made-up-${n}` }),
  (n) => call('requestPasswordReset', { email: `made-up-${n}@example.com` }),
  () => call('requestPasswordReset', { email: 'known@example.com' }),
  (n) =>
    call('resetPassword', { token: `made-up-${n}`, newPassword: 'otter lantern gravel sunday' }),
  (n) => call('undoEmailChange', { token: `made-up-${n}` }),
  () => graphql(meQuery),
  (n) => graphql(`{ a${n}: me { id } }`),
  (n) => graphql(`{ me { nothing${n} } }`),
  (n) => ({ ...graphql(meQuery), headers: { authorization: `Bearer ${n}.${n}.${n}` } }),
  (n) => ({ path: `/nowhere/${n}`, method: 'GET' }),
  () => ({ path: '/.well-known/jwks.json', method: 'GET' }),
  (n) => ({ path: '/verify', method: 'GET', headers: { authorization: `Bearer made-up-${n}` } }),
  (n) => ({
    path: `/graphql?query=%7Bme%7Bid%7D%7D&n=${n}`,
    method: 'GET',
    headers: { 'apollo-require-preflight': '1' },
  }),
  (n) => ({
    path: '/oauth/introspect',
    body: `token=${n}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  }),
  (n) => ({ body: `{"query":${n}` }),
  (n) => ({
    body: JSON.stringify({ query: '{ me { id } }', variables: { n: 'x'.repeat(60_000) }, n }),
  }),
];

/** Sends a request; returns its status, and the id of the challenge that it started, if any. */
export async function sendAnonymous(
  url: string,
  { path = '/graphql', method = 'POST', body, headers }: Sent,
  clientAddress: string,
): Promise<{ status: number; challengeId: string | undefined }> {
  const response = await fetch(`${url}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
    headers: { 'content-type': 'application/json', 'x-forwarded-for': clientAddress, ...headers },
  });
  const challengeId = /"OtpChallenge","id":"([^"]+)"/.exec(await response.text())?.[1];
  return { status: response.status, challengeId };
}
