import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestServer, type TestServer } from '../../../src/testing/app.ts';
import { freshAddress, goodPassword } from '../../../src/testing/people.ts';
import { createAuthClient, takeLinkToken, takeMailLink } from './index.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
afterEach(() => {
  vi.unstubAllGlobals();
});

/** A page at that address; returns how the address bar was changed. */
function openPage(href: string): unknown[] {
  const changes: unknown[] = [];
  vi.stubGlobal('location', new URL(href));
  vi.stubGlobal('history', {
    state: 'kept',
    replaceState: (...change: unknown[]) => changes.push(change),
  });
  return changes;
}

describe('takeLinkToken', () => {
  it.each([
    'https://app.example.com/verify',
    'https://app.example.com/verify?token=abc',
    'https://app.example.com/verify#code=123456',
  ])('finds none in %s', (href) => {
    const changes = openPage(href);
    expect(takeLinkToken()).toBeNull();
    expect(changes).toEqual([]);
  });

  it('finds none where there is no page', () => {
    expect(takeLinkToken()).toBeNull();
  });

  it('PG-5 takes the token out of the address bar, and leaves the rest', () => {
    const changes = openPage('https://app.example.com/verify?theme=dark#token=a-b_c');
    expect(takeLinkToken()).toBe('a-b_c');
    expect(changes).toEqual([['kept', '', '/verify?theme=dark']]);
  });
});

describe('takeMailLink', () => {
  it.each([
    'https://app.example.com/verify',
    'https://app.example.com/callback#token=abc',
    'https://app.example.com/unverify#token=abc',
    'https://app.example.com/verify/more#token=abc',
  ])('finds none in %s, and leaves the address', (href) => {
    const changes = openPage(href);
    expect(takeMailLink()).toBeNull();
    expect(changes).toEqual([]);
  });

  it('finds none where there is no page', () => {
    expect(takeMailLink()).toBeNull();
  });

  it.each(['verify', 'reset-password', 'undo-email-change'])('says that it is of %s', (kind) => {
    for (const path of [`/${kind}`, `/a/folder/${kind}/`]) {
      const changes = openPage(`https://app.example.com${path}#token=a-b_c`);
      expect(takeMailLink()).toEqual({ kind, token: 'a-b_c' });
      expect(changes).toEqual([['kept', '', path]]);
    }
  });

  it('knows the links of real mails', async () => {
    const email = freshAddress();
    await server.mutate('register', { email, password: goodPassword });
    const mail = await server.nextMail(email);
    const link = /https?:\S+#token=\S+/.exec(mail.text)?.[0] ?? '';
    openPage(link);
    expect(takeMailLink()).toMatchObject({ kind: 'verify' });
  });
});

describe('X-1 verifyLink of the client', () => {
  const begin = async () => {
    const auth = createAuthClient({ url: `${server.url}/graphql` });
    const email = freshAddress();
    const challenge = await auth.register({ email, password: goodPassword, name: 'Ada' });
    if (challenge.__typename !== 'OtpChallenge') throw new Error('There is no challenge.');
    return { auth, challengeId: challenge.id, token: await server.nextLink(email) };
  };

  it('signs in, with the name of the registration where this device began it', async () => {
    const { auth, token, challengeId } = await begin();
    const result = await auth.verifyLink({ token, challengeId });
    expect(result).toMatchObject({ __typename: 'AuthTokens', user: { name: 'Ada' } });
    expect(auth.getState()).toMatchObject({ status: 'signed-in', user: { name: 'Ada' } });
  });

  it('signs in elsewhere without them, and the account takes a first password', async () => {
    const { token } = await begin();
    const auth = createAuthClient({ url: `${server.url}/graphql` });
    expect(await auth.verifyLink({ token })).toMatchObject({ user: { name: null } });
    const query = '{ account { hasPassword } }';
    expect(await auth.request(query)).toEqual({ account: { hasPassword: false } });
    const answer = await auth.changePassword({ newPassword: goodPassword });
    expect(answer.__typename).toBe('AuthAccepted');
    expect(await auth.request(query)).toEqual({ account: { hasPassword: true } });
  });
});
