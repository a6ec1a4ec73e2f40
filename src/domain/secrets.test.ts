import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemRandom } from '../random.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { enrolTotp } from '../testing/authenticator.ts';
import { claimsOf } from '../testing/factors.ts';
import { begin, getTicket, withProviders } from '../testing/identities.ts';
import { startIdentityProvider, type TestIdentityProvider } from '../testing/identity-provider.ts';
import { newSigner } from '../testing/passkeys.ts';
import { freshAddress, goodPassword, registerPerson, signIn } from '../testing/people.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

let provider: TestIdentityProvider;
let server: TestServer;
beforeAll(async () => {
  provider = await startIdentityProvider();
  const entry = provider.entry({ nativeClientIds: ['latchkey'] });
  server = await startTestServer({ config: withProviders([entry]) });
});
afterAll(async () => {
  await server.stop();
  await provider.stop();
});

/** Every kind of secret that its holder can use, obtained through the public API. */
const bearers: Readonly<Record<string, () => Promise<string[]>>> = {
  'the id of a challenge': async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1)
      ids.push((await server.mutate('requestLoginCode', { email: freshAddress() })).id);
    const { email } = await registerPerson(server);
    for (let n = 0; n < 5; n += 1)
      ids.push((await server.mutate('requestLoginCode', { email })).id);
    return ids;
  },
  'the id of a passkey challenge': async () => {
    const ids: string[] = [];
    for (let n = 0; n < 10; n += 1) ids.push((await server.mutate('requestPasskeyLogin', {})).id);
    return ids;
  },
  'the handle of a sign-in by another provider': async () => {
    const begun = await Promise.all(Array.from({ length: 5 }, () => begin(server)));
    return begun.map(({ url }) => url.slice(url.lastIndexOf('/') + 1));
  },
  'the ticket of a sign-in by another provider': async () => {
    const tickets: string[] = [];
    for (let n = 0; n < 5; n += 1) tickets.push((await getTicket(server, provider)).ticket);
    return tickets;
  },
  'the id of a nonce, and the nonce': async () => {
    const values: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      const { id, nonce } = await server.mutate('requestIdTokenNonce', { providerId: 'double' });
      values.push(id, nonce);
    }
    return values;
  },
  'a refresh token': async () => {
    const person = await registerPerson(server);
    const tokens = [person.refreshToken];
    for (let n = 0; n < 5; n += 1) tokens.push((await signIn(server, person)).refreshToken);
    const { refreshToken } = await server.mutate('refreshSession', {
      refreshToken: person.refreshToken,
    });
    return [...tokens, refreshToken];
  },
  'the token of a reset link': async () => {
    const tokens: string[] = [];
    for (let n = 0; n < 4; n += 1) {
      const { email } = await registerPerson(server);
      await server.mutate('requestPasswordReset', { email });
      tokens.push(await server.nextToken(email));
    }
    return tokens;
  },
  'the token of a sign-in link': async () => {
    const tokens: string[] = [];
    for (let n = 0; n < 4; n += 1) {
      const { email } = await registerPerson(server);
      await server.mutate('requestLoginCode', { email });
      tokens.push(await server.nextLink(email));
    }
    return tokens;
  },
  'the secret of an app': async () => {
    const secrets: string[] = [];
    for (let n = 0; n < 4; n += 1)
      secrets.push((await enrolTotp(server, await registerPerson(server))).phone.secret);
    return secrets;
  },
};

describe.each(Object.keys(bearers))('%s', (kind) => {
  it('DP-3 has at least 128 random bits, and is no UUID', async () => {
    const values = (await bearers[kind]?.()) ?? [];
    expect(values.length).toBeGreaterThan(3);
    for (const value of values) {
      expect(value).not.toMatch(uuid);
      expect(value).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/i);
    }
    // Base32 has five bits a character, base64url six; a constant prefix of a token carries none.
    const bits = /^[A-Z2-7]+$/.test(values[0] ?? '') ? 5 : 6;
    for (const [n, value] of values.entries()) {
      const [next = ''] = values.slice(n + 1);
      const same = [...value].filter((letter, at) => letter === next[at]).length;
      expect((value.length - same) * bits).toBeGreaterThanOrEqual(128);
    }
    expect(new Set(values).size).toBe(values.length);
  });
});

describe('identifiers', () => {
  it('DP-3 give access to nothing: the ids of users, sessions and tokens are public', async () => {
    const person = await registerPerson(server);
    const { sub, sid, jti } = claimsOf(person.accessToken);
    for (const id of [sub, sid, jti, person.sessionId, person.id].map(String)) {
      expect((await server.send('{ me { id } }', {}, { token: id })).status).toBe(401);
      for (const [name, input] of [
        ['refreshSession', { refreshToken: id }],
        ['verifyOtp', { challengeId: id, code: '123456' }],
        ['verifyLink', { token: id }],
        ['verifyPasskey', { challengeId: id, credential: newSigner().assert({ challenge: id }) }],
        ['completeIdentityLogin', { ticket: id, codeVerifier: id.repeat(2) }],
        ['loginWithIdToken', { nonceId: id, idToken: id }],
        ['resetPassword', { token: id, newPassword: goodPassword }],
        ['undoEmailChange', { token: id }],
      ] as const) {
        expect((await server.mutate(name, input)).__typename).toBe('AuthError');
      }
    }
  });

  it('DP-3 codes are uniformly distributed over their digits', () => {
    const counts = new Map<string, number>();
    const codes = Array.from({ length: 5000 }, () => systemRandom.digits(6));
    for (const digit of codes.join('')) counts.set(digit, (counts.get(digit) ?? 0) + 1);
    expect(codes.every((code) => /^\d{6}$/.test(code))).toBe(true);
    expect(counts.size).toBe(10);
    // Thirty thousand digits, three thousand of each: six standard deviations are 312.
    for (const count of counts.values()) expect(Math.abs(count - 3000)).toBeLessThan(320);
    expect(systemRandom.token(32)).toMatch(/^[\w-]{43}$/);
  });
});
