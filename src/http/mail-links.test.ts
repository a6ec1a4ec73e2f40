import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { type MutationName, mutationText } from '../testing/client.ts';
import { freshAddress, goodPassword, registerPerson } from '../testing/people.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    config: {
      // Development would refuse the host.
      mode: 'production',
      appUrl: 'https://app.example.com',
      publicUrl: 'https://auth.example.com',
      trustedProxies: ['127.0.0.1'],
    },
  });
});
afterAll(() => server.stop());

/**
 * Headers by which other servers were tricked into putting an attacker's host into their mails
 * (ADV-1).
 */
const hostile: Readonly<Record<string, string>> = {
  host: 'evil.example',
  'x-forwarded-host': 'evil.example',
  'x-forwarded-proto': 'https',
  'x-forwarded-server': 'evil.example',
  'x-host': 'evil.example',
  'x-original-url': 'https://evil.example/',
  'x-rewrite-url': 'https://evil.example/',
  'x-forwarded-prefix': '//evil.example',
  forwarded: 'for=203.0.113.7;host=evil.example;proto=https',
  origin: 'https://evil.example',
  referer: 'https://evil.example/',
  'accept-language': 'en"><a href="https://evil.example">',
  'user-agent': '<a href="https://evil.example">Firefox</a> evil.example',
};

/** Sends a forged Host header too, which fetch would not allow. */
function mutateHostile(
  name: MutationName,
  input: Record<string, unknown>,
  token?: string,
  // biome-ignore lint/suspicious/noExplicitAny: the answer's JSON; see testing/client.ts.
): Promise<any> {
  const { port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port,
        method: 'POST',
        path: '/graphql',
        headers: {
          ...hostile,
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
      },
      (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => {
          const { data, errors } = JSON.parse(text);
          resolve(data?.[name] ?? { errors });
        });
      },
    );
    call.on('error', reject);
    call.end(JSON.stringify({ query: mutationText(name), variables: { input } }));
  });
}

describe('mails requested with hostile headers', () => {
  it('EM-1 ADV-1 ADV-2 link to APP_URL alone, whatever the request headers say', async () => {
    const email = freshAddress();
    const challenge = await mutateHostile('register', {
      email,
      password: goodPassword,
      name: 'Ada',
    });
    expect(challenge.__typename).toBe('OtpChallenge');
    const tokens = await mutateHostile('verifyOtp', {
      challengeId: challenge.id,
      code: await server.nextCode(email),
    });
    expect(tokens.__typename).toBe('AuthTokens');
    const token: string = tokens.accessToken;
    await mutateHostile('register', { email, password: goodPassword });
    await mutateHostile('requestLoginCode', { email });
    await mutateHostile('login', { email, password: goodPassword });
    const other = 'copper willow thunder market';
    await mutateHostile(
      'changePassword',
      { currentPassword: goodPassword, newPassword: other },
      token,
    );
    const to = freshAddress();
    const change = await mutateHostile('requestEmailChange', { newEmail: to }, token);
    await mutateHostile(
      'confirmEmailChange',
      { challengeId: change.id, code: await server.nextCode(to) },
      token,
    );
    await mutateHostile('requestPasswordReset', { email: to });
    await mutateHostile('resetPassword', {
      token: await server.nextToken(to),
      newPassword: goodPassword,
    });
    const again = await mutateHostile('login', { email: to, password: goodPassword });
    const owner = await registerPerson(server);
    await mutateHostile('requestEmailChange', { newEmail: owner.email }, again.accessToken);
    await mutateHostile('deleteAccount', { confirmEmail: to }, again.accessToken);
    await expect
      .poll(() => server.mailbox.list().length, { timeout: 60_000 })
      .toBeGreaterThanOrEqual(12);

    const mails = server.mailbox.list();
    for (const { subject, text, html, to: recipient } of mails) {
      const whole = `${recipient}\n${subject}\n${text}\n${html}`;
      expect(whole).not.toContain('evil');
      const links = [...whole.matchAll(/[a-z]+:\/\/[^\s"<]+/g)].map(([link]) => link);
      for (const link of links) expect(link).toMatch(/^https:\/\/app\.example\.com\//);
    }
    const subjects = new Set(mails.map(({ subject }) => subject));
    expect(subjects.size).toBeGreaterThanOrEqual(9);
  });

  it('EM-3 ADV-20 contain nothing that an attacker typed but names that are words', async () => {
    for (const name of [
      '<img src=x onerror=alert(1)>',
      'http://evil.example',
      'evil.example',
      '{{ code }}',
      'a@evil.example',
    ]) {
      const email = freshAddress();
      await server.mutate('register', { email, password: goodPassword, name });
      const { text, html } = await server.nextMail(email);
      expect(text).not.toMatch(/evil/);
      expect(html).not.toMatch(/evil|<img|onerror=alert\(1\)>/);
      if (name.startsWith('<')) expect(text).toContain(name);
    }
  });
});
