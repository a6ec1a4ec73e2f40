import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authSchema } from '../../graphql/schema.ts';
import { startTestServer, type TestServer, type TestServerOptions } from '../../testing/app.ts';
import {
  freshAddress,
  goodPassword,
  type Person,
  registerPerson,
  signIn,
} from '../../testing/people.ts';
import { lookInto } from '../../testing/raw-sql.ts';

const wrong = 'not the password of anyone';

/** A request from a chosen address, through a trusted proxy. */
function from(address: string) {
  return { headers: { 'x-forwarded-for': address } };
}

function limited(options: TestServerOptions['config'] = {}): Promise<TestServer> {
  return startTestServer({
    config: { rateLimitMultiplier: 1, trustedProxies: ['127.0.0.1'], ...options },
  });
}

/** How many passwords were compared and found wrong, on these instances. */
function compares(...servers: readonly TestServer[]): number {
  return servers
    .flatMap(({ logLines }) => logLines)
    .filter((line) => line.includes('"login.failed"')).length;
}

async function guess(server: TestServer, email: string, address = '198.51.100.1'): Promise<string> {
  return (await server.mutate('login', { email, password: wrong }, from(address))).code;
}

/** Locks the password step of an account for unknown devices, from as many addresses as needed. */
async function shut(server: TestServer, email: string): Promise<void> {
  for (let n = 0; n < 30; n += 1) {
    await guess(server, email, `203.0.113.${n}`);
    server.clock.advance(170 / (n + 1));
  }
  expect(await guess(server, email, '203.0.113.99')).toBe('RATE_LIMITED');
}

describe('guesses at one account', () => {
  it('RL-6 ADV-29 ADV-39 stay within the budget for 100 at once on two instances', async () => {
    const server = await limited({ rateLimits: { 'login:account': { limit: 5, window: 900 } } });
    const other = await server.another();
    const { email } = await registerPerson(server);
    const codes = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        guess(n % 2 === 0 ? server : other, email, `198.51.100.${n}`),
      ),
    );
    expect(codes.filter((code) => code === 'INVALID_CREDENTIALS')).toHaveLength(5);
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(95);
    expect(compares(server, other)).toBe(5);
    // The right password is not compared either; a quarter of an hour later it is.
    expect(await server.mutate('login', { email, password: goodPassword })).toMatchObject({
      code: 'RATE_LIMITED',
    });
    server.clock.advance(900);
    expect(await server.mutate('login', { email, password: goodPassword })).toMatchObject({
      __typename: 'AuthTokens',
    });
    await other.stop();
    await server.stop();
  });

  it('RL-5 ADV-54 stay limited however the headers of a direct client change', async () => {
    const server = await startTestServer({ config: { rateLimitMultiplier: 1 } });
    const emails = Array.from({ length: 11 }, freshAddress);
    const codes: string[] = [];
    for (let n = 0; n < 110; n += 1) {
      const address = `203.0.113.${n}`;
      const headers = {
        'x-forwarded-for': address,
        'x-real-ip': address,
        forwarded: `for=${address}`,
        'user-agent': `agent ${n}`,
      };
      const input = { email: emails[n % 11], password: wrong };
      codes.push((await server.mutate('login', input, { headers })).code);
    }
    expect(codes.filter((code) => code !== 'RATE_LIMITED').length).toBeLessThanOrEqual(100);
    expect(codes.at(-1)).toBe('RATE_LIMITED');
    expect(server.logLines.join('\n')).not.toContain('203.0.113');
    await server.stop();
  });

  it('RL-1 ADV-28 from 200 addresses are limited, while the owner can still get in', async () => {
    const server = await limited();
    const owner = await registerPerson(server);
    const codes: string[] = [];
    for (let n = 0; n < 200; n += 1) codes.push(await guess(server, owner.email, `203.0.113.${n}`));
    expect(codes.filter((code) => code === 'INVALID_CREDENTIALS')).toHaveLength(5);
    expect(codes.at(-1)).toBe('RATE_LIMITED');

    const stranger = await server.mutate(
      'login',
      { email: owner.email, password: goodPassword },
      from('192.0.2.1'),
    );
    expect(stranger.code).toBe('RATE_LIMITED');
    const device = { token: owner.accessToken, ...from('192.0.2.1') };
    const known = await server.mutate(
      'login',
      { email: owner.email, password: goodPassword },
      device,
    );
    expect(known.__typename).toBe('AuthTokens');
    const challenge = await server.mutate(
      'requestLoginCode',
      { email: owner.email },
      from('192.0.2.1'),
    );
    const code = await server.nextCode(owner.email);
    const byCode = await server.mutate(
      'verifyOtp',
      { challengeId: challenge.id, code },
      from('192.0.2.1'),
    );
    expect(byCode.__typename).toBe('AuthTokens');
    await server.stop();
  });

  it('RL-1 X-4 more than a hundred in a row ask for the mailbox beside the password', async () => {
    const server = await limited({
      rateLimits: { 'login:consecutive': { limit: 7, window: 86_400 } },
    });
    const owner = await registerPerson(server);
    for (let n = 0; n < 7; n += 1) {
      expect(await guess(server, owner.email)).toBe('INVALID_CREDENTIALS');
      server.clock.advance(900);
    }
    expect(await guess(server, owner.email)).toBe('INVALID_CREDENTIALS');
    const answer = await server.mutate('login', { email: owner.email, password: goodPassword });
    expect(answer).toMatchObject({ __typename: 'OtpChallenge', methods: ['EMAIL'] });
    // The known device and the mailbox are counted separately.
    const device = { token: owner.accessToken };
    const known = await server.mutate(
      'login',
      { email: owner.email, password: goodPassword },
      device,
    );
    expect(known.__typename).toBe('AuthTokens');
    // A success resets the consecutive failures.
    expect((await signIn(server, owner)).id).toBe(owner.id);
    await server.stop();
  });

  it('RL-3 lock the password step for minutes, however long they go on', async () => {
    const server = await limited();
    const { email } = await registerPerson(server);
    const start = server.clock.now().getTime();
    let open = 0;
    for (let n = 0; n < 60; n += 1) {
      const { code, retryAfter } = await server.mutate(
        'login',
        { email, password: wrong },
        from(`203.0.113.${n}`),
      );
      if (code === 'INVALID_CREDENTIALS') open += 1;
      else expect(retryAfter).toBeLessThanOrEqual(900);
      server.clock.advance(60);
    }
    // An hour has four quarters: four windows, each of the configured length.
    expect(server.clock.now().getTime() - start).toBe(3_600_000);
    expect(open).toBeGreaterThan(20);
    await server.stop();
  });
});

// Skipped until the schema has the reset.
const canReset = Object.hasOwn(authSchema().getMutationType()?.getFields() ?? {}, 'resetPassword');

it.runIf(canReset)(
  'RL-3 the owner of a locked account sets another password and signs in with it',
  async () => {
    const server = await limited();
    const owner = await registerPerson(server);
    await shut(server, owner.email);
    const request =
      'mutation M($email: String!) ' +
      '{ requestPasswordReset(input: { email: $email }) { __typename } }';
    await server.send(request, { email: owner.email });
    const mail = await server.nextMail(owner.email);
    const token = /\/reset-password#token=([\w-]+)/.exec(mail.text)?.[1];
    const password = 'harbour violin copper monday';
    const reset =
      'mutation M($token: String!, $password: String!) ' +
      '{ resetPassword(input: { token: $token, newPassword: $password }) { __typename } }';
    const answer = await server.send(reset, { token, password });
    expect(answer.data.resetPassword.__typename).toBe('AuthAccepted');
    expect((await signIn(server, { ...owner, password })).id).toBe(owner.id);
    await server.stop();
  },
);

describe('a device that has signed in to the account before', () => {
  let server: TestServer;
  let owner: Person;
  beforeAll(async () => {
    server = await limited();
    owner = await registerPerson(server);
  });
  afterAll(() => server.stop());

  const login = (person: Person, sender: Parameters<TestServer['mutate']>[2]) =>
    server.mutate('login', { email: person.email, password: person.password }, sender);

  it('RL-3 is recognised by its last access token, even an expired one', async () => {
    const device = await signIn(server, owner);
    server.clock.advance(15 * 24 * 3600);
    await shut(server, owner.email);
    expect(await login(owner, {})).toMatchObject({ code: 'RATE_LIMITED' });
    expect(await login(owner, { token: device.accessToken })).toMatchObject({
      __typename: 'AuthTokens',
    });
  });

  it('RL-3 is recognised by its cookie, spent or not', async () => {
    const headers = { origin: 'http://localhost:3000' };
    const input = { email: owner.email, password: owner.password, tokenDelivery: 'COOKIE' };
    const answer = await server.send(
      'mutation M($input: LoginInput!) { login(input: $input) { __typename } }',
      { input },
      { headers, token: owner.accessToken },
    );
    const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(cookie).toMatch(/^latchkey=/);
    await server.mutate('refreshSession', {}, { headers: { ...headers, cookie } });
    await shut(server, owner.email);
    expect(await login(owner, { headers: { ...headers, cookie } })).toMatchObject({
      __typename: 'AuthTokens',
    });
    const elsewhere = { origin: 'https://evil.example', cookie };
    expect(await login(owner, { headers: elsewhere })).toMatchObject({ code: 'RATE_LIMITED' });
  });

  it('RL-3 is unknown again once its session was ended', async () => {
    server.clock.advance(3600);
    const device = await signIn(server, { ...owner });
    await server.mutate('logout', {}, { token: device.accessToken });
    await shut(server, owner.email);
    expect(await login(owner, { token: device.accessToken })).toMatchObject({
      code: 'RATE_LIMITED',
    });
  });

  it('is unknown to every other account', async () => {
    server.clock.advance(3600);
    const neighbour = await registerPerson(server);
    await shut(server, neighbour.email);
    const answer = await login(neighbour, { token: owner.accessToken });
    expect(answer).toMatchObject({ code: 'RATE_LIMITED' });
  });

  it('has no more guesses than an unknown one', async () => {
    server.clock.advance(3600);
    const person = await registerPerson(server);
    const input = { email: person.email, password: wrong };
    const codes: string[] = [];
    for (let n = 0; n < 20; n += 1) {
      codes.push((await server.mutate('login', input, { token: person.accessToken })).code);
      server.clock.advance(20);
    }
    expect(codes.filter((code) => code === 'INVALID_CREDENTIALS').length).toBeLessThanOrEqual(10);
    expect(codes.at(-1)).toBe('RATE_LIMITED');
    // What it has used up counts only for itself.
    expect((await signIn(server, person)).id).toBe(person.id);
  });
});

describe('an address', () => {
  it('RL-2 that tries one password on a hundred accounts is stopped, as a whole /64', async () => {
    const server = await limited();
    const codes: string[] = [];
    for (let n = 0; n < 101; n += 1) {
      codes.push(
        await guess(server, `spray-${n}@example.com`, `2001:db8:1:2:${n.toString(16)}::1`),
      );
    }
    expect(codes.filter((code) => code === 'INVALID_CREDENTIALS')).toHaveLength(100);
    expect(codes.at(-1)).toBe('RATE_LIMITED');
    expect(await guess(server, freshAddress(), '2001:db8:1:3::1')).toBe('INVALID_CREDENTIALS');
    await server.stop();
  });

  it('RL-4 is not restored by a success of its own in between', async () => {
    const server = await limited({ rateLimits: { 'login:address': { limit: 12, window: 900 } } });
    const own = await registerPerson(server);
    const codes: string[] = [];
    for (let n = 0; n < 12; n += 1) {
      const input =
        n % 2 === 0
          ? { email: own.email, password: own.password }
          : { email: `victim-${n}@example.com`, password: wrong };
      const answer = await server.mutate('login', input, from('198.51.100.7'));
      codes.push(answer.code ?? answer.__typename);
    }
    expect(codes.filter((code) => code === 'AuthTokens')).toHaveLength(6);
    const input = { email: own.email, password: own.password };
    const next = await server.mutate('login', input, from('198.51.100.7'));
    expect(next.code).toBe('RATE_LIMITED');
    await server.stop();
  });

  it('RL-2 the log warns of far too many wrong passwords on the whole server', async () => {
    const server = await limited({ rateLimits: { 'login:failures': { limit: 5, window: 900 } } });
    for (let n = 0; n < 8; n += 1) {
      expect(await guess(server, `many-${n}@example.com`, `198.51.100.${n}`)).toBe(
        'INVALID_CREDENTIALS',
      );
    }
    expect(
      server.logLines.filter((line) => line.includes('"budget":"login:failures"')),
    ).toHaveLength(1);
    await server.stop();
  });
});

describe('limits reveal nothing', () => {
  it('EN-4 ADV-27 an unknown address reaches them at the same attempt, alike', async () => {
    const server = await limited();
    const person = await registerPerson(server);
    const answersOf = async (email: string, network: string): Promise<string[]> => {
      const texts: string[] = [];
      for (let n = 0; n < 14; n += 1) {
        const query =
          'mutation M($input: LoginInput!) { login(input: $input) ' +
          '{ __typename ... on AuthError { code message retryAfter fields { path } } } }';
        const input = { email, password: wrong };
        const answer = await server.send(query, { input }, from(`${network}.${n}`));
        const headers = ['retry-after', 'content-type', 'content-length', 'cache-control'];
        texts.push(
          JSON.stringify([
            answer.status,
            answer.text,
            headers.map((name) => answer.headers.get(name) ?? null),
          ]),
        );
      }
      return texts;
    };
    const known = await answersOf(person.email, '198.51.100');
    const unknown = await answersOf(freshAddress(), '203.0.113');
    expect(unknown).toEqual(known);
    expect(known.filter((text) => text.includes('INVALID_CREDENTIALS'))).toHaveLength(5);
    await server.stop();
  });

  it('RL-10 ADV-42 ADV-55 are counted by canonical address, whatever else is sent', async () => {
    const server = await limited({ rateLimits: { 'login:account': { limit: 4, window: 900 } } });
    const spellings = [
      'Mike@Example.com',
      'mike@example.com',
      ' mike@EXAMPLE.com ',
      'MIKE@exa\u{FF4D}ple.com',
    ];
    for (const [n, email] of spellings.entries()) {
      expect(await guess(server, email, `198.51.100.${n}`)).toBe('INVALID_CREDENTIALS');
    }
    const answer = await server.send(
      'mutation Another($other: LoginInput!) ' +
        '{ mine: login(input: $other) { ... on AuthError { code } } }',
      { other: { email: 'mike@example.com', password: wrong, tokenDelivery: 'BODY' }, noise: 'x' },
      {
        headers: {
          'x-forwarded-for': '192.0.2.77',
          'user-agent': 'another',
          'x-apollo-operation-name': 'other',
        },
      },
    );
    expect(answer.data.mine.code).toBe('RATE_LIMITED');
    await server.stop();
  });

  it('RL-8 say how long to wait, in the answer and in the header', async () => {
    const server = await limited({ rateLimits: { 'login:account': { limit: 1, window: 900 } } });
    const email = freshAddress();
    await guess(server, email);
    server.clock.advance(100);
    const answer = await server.send(
      'mutation M($input: LoginInput!) ' +
        '{ login(input: $input) { ... on AuthError { code retryAfter } } }',
      { input: { email, password: wrong } },
    );
    expect(answer).toMatchObject({
      status: 200,
      data: { login: { code: 'RATE_LIMITED', retryAfter: 800 } },
    });
    expect(answer.headers.get('retry-after')).toBe('800');
    await server.stop();
  });
});

describe('where the counts cannot be kept', () => {
  it('RL-7 ADV-22 no one is let in, not even with the right password', async () => {
    const server = await limited();
    const person = await registerPerson(server);
    await lookInto(server, (sql) => sql`alter table rate_limits rename to away`);
    const input = { email: person.email, password: goodPassword };
    for (const token of [undefined, person.accessToken]) {
      const answer = await server.mutate('login', input, { token });
      expect(answer.data).toBeNull();
      expect(answer.errors[0].extensions.code).toBe('INTERNAL_SERVER_ERROR');
    }
    const other = await server.mutate('requestLoginCode', { email: person.email });
    expect(other.errors[0].extensions.code).toBe('INTERNAL_SERVER_ERROR');
    expect(compares(server)).toBe(0);
    await lookInto(server, (sql) => sql`alter table away rename to rate_limits`);
    expect((await signIn(server, person)).id).toBe(person.id);
    await server.stop();
  });
});
