import { parseSetCookie } from 'cookie';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeIn, linkTokenIn, startTestServer, type TestServer } from '../testing/app.ts';
import { type Answer, meQuery, mutationText } from '../testing/client.ts';
import { newSigner, registerPasskey } from '../testing/passkeys.ts';
import { type Person, registerPerson } from '../testing/people.ts';
import { auditOf, sessionsOf } from '../testing/rows.ts';

const publicUrl = 'https://auth.example.com';
const appOrigin = 'https://app.example.com';
const proxied = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    config: { publicUrl, corsOrigins: [appOrigin], trustedProxies: ['127.0.0.1'] },
  });
});
afterAll(() => server.stop());

type Headers = Readonly<Record<string, string>>;
type Mutation = Parameters<typeof mutationText>[0];

/** One operation as a browser with this cookie sends it. */
function ask(
  name: Mutation,
  input: object,
  options: { jar?: string | undefined; headers?: Headers; token?: string },
) {
  const cookie: Headers =
    options.jar === undefined ? {} : { cookie: `theme=dark; __Host-latchkey=${options.jar}` };
  const headers = { ...proxied, ...cookie, ...options.headers };
  return server.send(mutationText(name), { input }, { headers, token: options.token });
}

const fromApp = { origin: appOrigin, 'sec-fetch-site': 'same-site' };
const cookiesIn = (answer: Answer) =>
  answer.headers.getSetCookie().map((text) => parseSetCookie(text));
const jarAfter = (answer: Answer): string => cookiesIn(answer)[0]?.value ?? '';

async function register(): Promise<Person> {
  return registerPerson(server);
}

async function signInWithCookie(person: Person): Promise<Answer> {
  const { email, password } = person;
  return ask('login', { email, password, tokenDelivery: 'COOKIE' }, { headers: fromApp });
}

/** Headers of a cross-site request, or of a client that does not send its origin. */
const strangers: Readonly<Record<string, Headers>> = {
  'another origin': { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
  'a sibling that is not listed': {
    origin: 'https://blog.example.com',
    'sec-fetch-site': 'same-site',
  },
  'the listed origin over http': { origin: 'http://app.example.com' },
  'the listed name with a port': { origin: `${appOrigin}:8443` },
  'an origin that only begins alike': { origin: `${appOrigin}.evil.example` },
  'the origin null': { origin: 'null', 'sec-fetch-site': 'same-origin' },
  'neither header': {},
  'no origin and another site': { 'sec-fetch-site': 'cross-site' },
  'no origin and a sibling': { 'sec-fetch-site': 'same-site' },
  'no origin and an address that was typed': { 'sec-fetch-site': 'none' },
};

describe('cookie mode refuses', () => {
  for (const [who, headers] of Object.entries(strangers)) {
    it(`TR-8 ${who}: FORBIDDEN, no cookie is set, and nothing has happened`, async () => {
      const person = await register();
      const signer = newSigner();
      const own = { headers: proxied, token: person.accessToken };
      await registerPasskey(
        { mutate: (name, input) => server.mutate(name, input, own) },
        person,
        signer,
      );
      const jar = jarAfter(await signInWithCookie(person));
      const before = await sessionsOf(server, person.id);
      const challenge = await server.mutate(
        'requestLoginCode',
        { email: person.email },
        { headers: proxied },
      );
      const code = await server.nextCode(person.email);
      const { email, password } = person;
      const mail = server.mailbox.list().find((each) => codeIn(each) === code);
      const link = mail && linkTokenIn(mail);
      const tokenDelivery = 'COOKIE';
      const ceremony = await server.mutate('requestPasskeyLogin', {}, { headers: proxied });
      const passkey = signer.assert(ceremony.options);

      const attempts: [Mutation, object, string | undefined, string?][] = [
        ['login', { email, password, tokenDelivery }, undefined],
        ['verifyOtp', { challengeId: challenge.id, code, tokenDelivery }, undefined],
        ['verifyLink', { token: link, tokenDelivery }, undefined],
        [
          'verifyPasskey',
          { challengeId: ceremony.id, credential: passkey, tokenDelivery },
          undefined,
        ],
        [
          'completeIdentityLogin',
          { ticket: 'x', codeVerifier: 'x'.repeat(43), tokenDelivery },
          undefined,
        ],
        ['loginWithIdToken', { nonceId: 'x', idToken: 'x', tokenDelivery }, undefined],
        ['refreshSession', {}, jar],
        ['refreshSession', { refreshToken: person.refreshToken, tokenDelivery }, undefined],
        ['logout', {}, jar],
        ['logout', { everywhere: true }, jar],
        ['reauthenticate', { password, tokenDelivery }, undefined, person.accessToken],
      ];
      for (const [name, input, held, token] of attempts) {
        const answer = await ask(name, input, { jar: held, headers, ...(token ? { token } : {}) });
        expect([name, answer.errors[0]?.extensions.code]).toEqual([name, 'FORBIDDEN']);
        expect(answer.headers.getSetCookie()).toEqual([]);
      }
      expect(await sessionsOf(server, person.id)).toEqual(before);
      // The attempts did not consume the code, the link and the ceremony either.
      const signedIn = await ask(
        'verifyPasskey',
        { challengeId: ceremony.id, credential: passkey },
        { headers: fromApp },
      );
      expect(signedIn.data.verifyPasskey.__typename).toBe('AuthTokens');
      const redeemed = await ask('verifyLink', { token: link }, { headers: fromApp });
      expect(redeemed.data.verifyLink.__typename).toBe('AuthTokens');
    });
  }

  it('TR-8 another site clears no cookie, even with an access token', async () => {
    for (const headers of Object.values(strangers)) {
      const person = await register();
      const jar = jarAfter(await signInWithCookie(person));
      const token = person.accessToken;
      const deleted = await ask(
        'deleteAccount',
        { confirmEmail: person.email },
        {
          jar,
          headers,
          token,
        },
      );
      expect(deleted.data.deleteAccount.accepted).toBe(true);
      expect(cookiesIn(deleted)).toEqual([]);
      expect(deleted.headers.get('clear-site-data')).toBeNull();
    }
  });

  it('TR-8 accepts a cookie from the origin of the server, or its own pages', async () => {
    const person = await register();
    let jar = jarAfter(await signInWithCookie(person));
    for (const headers of [{ origin: publicUrl }, { 'sec-fetch-site': 'same-origin' }, fromApp]) {
      const answer = await ask('refreshSession', { tokenDelivery: 'COOKIE' }, { jar, headers });
      expect(answer.data.refreshSession.__typename).toBe('AuthTokens');
      jar = jarAfter(answer);
    }
  });
});

describe('cookie mode', () => {
  it('TR-7 the refresh token is in one __Host- cookie, never in JSON', async () => {
    const person = await register();
    const login = await signInWithCookie(person);
    const [cookie, ...more] = cookiesIn(login);
    expect(more).toEqual([]);
    expect(cookie).toMatchObject({
      name: '__Host-latchkey',
      httpOnly: true,
      secure: true,
      sameSite: 'strict',
      path: '/',
    });
    expect(cookie).not.toHaveProperty('domain');
    expect(cookie?.expires?.toISOString().slice(0, 19)).toBe(
      login.data.login.refreshTokenExpiresAt.slice(0, 19),
    );
    expect(login.data.login.refreshToken).toBeNull();
    expect(login.text).not.toContain(cookie?.value);

    // The default delivery is BODY; a token that came in the cookie still is not returned in JSON.
    const refreshed = await ask(
      'refreshSession',
      { tokenDelivery: 'BODY' },
      { jar: cookie?.value, headers: fromApp },
    );
    expect(refreshed.data.refreshSession).toMatchObject({
      __typename: 'AuthTokens',
      refreshToken: null,
    });
    const next = jarAfter(refreshed);
    expect(next).toMatch(/^[\w-]{91}$/);
    expect(refreshed.text).not.toContain(next);
    expect(refreshed.text).not.toContain(cookie?.value);
    expect(refreshed.headers.get('access-control-allow-origin')).toBe(appOrigin);
    expect(refreshed.headers.get('access-control-allow-credentials')).toBe('true');
  });

  it('TR-7 logout expires the cookie with the same attributes, and site data', async () => {
    const person = await register();
    const login = await signInWithCookie(person);
    const [set] = cookiesIn(login);
    const answer = await ask('logout', {}, { jar: set?.value, headers: fromApp });
    expect(answer.data.logout).toEqual({ __typename: 'AuthAccepted', accepted: true });
    const [cleared] = cookiesIn(answer);
    expect(cleared).toMatchObject({ value: '', maxAge: 0, expires: new Date(0) });
    const attributes = ({
      name,
      httpOnly,
      secure,
      sameSite,
      path,
    }: NonNullable<typeof cleared>) => ({
      name,
      httpOnly,
      secure,
      sameSite,
      path,
    });
    expect(cleared && attributes(cleared)).toEqual(set && attributes(set));
    expect(answer.headers.get('clear-site-data')).toBe('"storage"');
    const after = await ask('refreshSession', {}, { jar: set?.value, headers: fromApp });
    expect(after.data.refreshSession.code).toBe('INVALID_OR_EXPIRED_TOKEN');
    const me = await server.send(
      meQuery,
      {},
      { token: login.data.login.accessToken, headers: proxied },
    );
    expect(me.errors[0]?.extensions.reason).toBe('SESSION_REVOKED');
  });

  it('SE-3 30 concurrent refreshes with one cookie get the same one; none is cleared', async () => {
    const person = await register();
    const jar = jarAfter(await signInWithCookie(person));
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => ask('refreshSession', {}, { jar, headers: fromApp })),
    );
    expect(new Set(answers.map(jarAfter)).size).toBe(1);
    expect(jarAfter(answers[0] as Answer)).toMatch(/^[\w-]{91}$/);
  });

  it('SE-3 a refusal leaves the cookie alone: another tab may have replaced it', async () => {
    const person = await register();
    const jar = jarAfter(await signInWithCookie(person));
    const next = jarAfter(await ask('refreshSession', {}, { jar, headers: fromApp }));
    await ask('refreshSession', {}, { jar: next, headers: fromApp });
    server.clock.advance(60);
    const late = await ask('refreshSession', {}, { jar, headers: fromApp });
    expect(late.data.refreshSession.code).toBe('INVALID_OR_EXPIRED_TOKEN');
    expect(late.headers.getSetCookie()).toEqual([]);
    expect(late.headers.get('clear-site-data')).toBeNull();
    expect(await auditOf(server, person.id, 'refresh.reused')).toHaveLength(1);
  });

  it('SE-5 the idle limit holds though the cookie has not expired', async () => {
    const person = await register();
    const jar = jarAfter(await signInWithCookie(person));
    server.clock.advance(14 * 24 * 3600 + 1);
    const answer = await ask('refreshSession', {}, { jar, headers: fromApp });
    expect(answer.data.refreshSession.code).toBe('INVALID_OR_EXPIRED_TOKEN');
  });

  it('SE-8 logout of one user keeps the cookie of another who signed in since', async () => {
    const [a, b] = [await register(), await register()];
    const jar = jarAfter(await signInWithCookie(b));
    const answer = await ask('logout', {}, { jar, headers: fromApp, token: a.accessToken });
    expect(answer.data.logout.accepted).toBe(true);
    expect(answer.headers.getSetCookie()).toEqual([]);
    const after = await ask('refreshSession', {}, { jar, headers: fromApp });
    expect(after.data.refreshSession.__typename).toBe('AuthTokens');
  });

  it('is opt-in: BODY sets no cookie', async () => {
    const person = await register();
    const { email, password } = person;
    const answer = await ask('login', { email, password }, {});
    expect(answer.data.login.refreshToken).toMatch(/^[\w-]{91}$/);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('uses an unprefixed cookie over http in development, and reads no other', async () => {
    const plain = await server.another({ publicUrl: 'http://localhost:4000' });
    try {
      const person = await registerPerson(plain);
      const { email, password } = person;
      const headers = { origin: 'http://localhost:4000' };
      const answer = await plain.send(
        mutationText('login'),
        { input: { email, password, tokenDelivery: 'COOKIE' } },
        { headers },
      );
      const [cookie] = cookiesIn(answer);
      expect(cookie).toMatchObject({ name: 'latchkey', httpOnly: true, path: '/' });
      expect(cookie?.secure ?? false).toBe(false);
      const other = { ...headers, cookie: `__Host-latchkey=${cookie?.value}` };
      const refused = await plain.mutate('refreshSession', {}, { headers: other });
      expect(refused.code).toBe('INVALID_OR_EXPIRED_TOKEN');
    } finally {
      await plain.stop();
    }
  });
});
