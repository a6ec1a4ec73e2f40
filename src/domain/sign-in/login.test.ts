import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compose } from '../../compose.ts';
import { replacePasswordHash } from '../../db/queries/users.ts';
import { createServer } from '../../http/server.ts';
import { startTestServer, type TestServer, testConfig } from '../../testing/app.ts';
import { type Answer, mutate, mutationText } from '../../testing/client.ts';
import { freshAddress, goodPassword, type Person, registerPerson } from '../../testing/people.ts';
import { dumpTables, rawSql } from '../../testing/raw-sql.ts';

const wrong = 'otter lantern gravel monday';

const credentials = ({ email, password }: Person) => ({ email, password });

/** One account of each kind that cannot sign in with the given input, and one that can. */
async function makeClasses(server: TestServer, sql: postgres.Sql) {
  const address = (kind: string): string => freshAddress().replace('person', kind.padEnd(12, 'x'));
  const verified = await registerPerson(server, { email: address('verified') });
  const suspended = await registerPerson(server, { email: address('suspended') });
  await sql`update users set suspended_at = now() where id = ${suspended.id}`;
  const unverified = address('unverified');
  await server.mutate('register', { email: unverified, password: goodPassword });
  const passwordless = address('passwordless');
  await server.mutate('register', { email: passwordless, password: goodPassword });
  const challenge = await server.mutate('requestLoginCode', { email: passwordless });
  await server.nextMail(passwordless);
  const code = await server.nextCode(passwordless).catch(() => '');
  await server.mutate('verifyOtp', { challengeId: challenge.id, code });
  const classes = {
    unknown: { email: address('unknown'), password: goodPassword },
    wrong: { email: verified.email, password: wrong },
    unverified: { email: unverified, password: goodPassword },
    unverifiedWrong: { email: unverified, password: wrong },
    suspended: { email: suspended.email, password: goodPassword },
    suspendedWrong: { email: suspended.email, password: wrong },
    passwordless: { email: passwordless, password: goodPassword },
  };
  return { verified, classes };
}

describe('login, for accounts that may not sign in', () => {
  let server: TestServer;
  let sql: postgres.Sql;
  let verified: Person;
  let classes: Record<string, { email: string; password: string }>;
  beforeAll(async () => {
    server = await startTestServer();
    sql = rawSql(server);
    ({ verified, classes } = await makeClasses(server, sql));
  });
  afterAll(async () => {
    await sql.end();
    await server.stop();
  });

  const logIn = (input: { email: string; password: string }): Promise<Answer> =>
    server.send(mutationText('login'), { input });

  it('EN-1 ADV-27 answers all of them with the same bytes, status and headers', async () => {
    const seen = new Map<string, string[]>();
    for (const [name, input] of Object.entries(classes)) {
      const { status, headers, text } = await logIn(input);
      const kept = [...headers].map(([header, value]) =>
        /^(date|x-request-id)$/.test(header) ? header : `${header}: ${value}`,
      );
      const whole = JSON.stringify([status, kept, text]);
      seen.set(whole, [...(seen.get(whole) ?? []), name]);
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers.get('set-cookie')).toBeNull();
    }
    expect([...seen.values()]).toEqual([Object.keys(classes)]);
    expect([...seen.keys()][0]).toContain('INVALID_CREDENTIALS');
    // The same in cookie mode, where a success would set one.
    const origin = { origin: 'http://localhost:3000' };
    for (const input of Object.values(classes)) {
      const answer = await server.send(
        mutationText('login'),
        { input: { ...input, tokenDelivery: 'COOKIE' } },
        { headers: origin },
      );
      expect(answer.data.login.code).toBe('INVALID_CREDENTIALS');
      expect(answer.headers.get('set-cookie')).toBeNull();
    }
  });

  it('PW-16 ADV-49 calls the hasher exactly once for each of them, as for a success', async () => {
    const calls: string[] = [];
    const { hasher } = server.app;
    Object.assign(server.app, {
      hasher: {
        ...hasher,
        hash: (text: string) => {
          calls.push('hash');
          return hasher.hash(text);
        },
        verify: (text: string, stored: string | null) => {
          calls.push('verify');
          return hasher.verify(text, stored);
        },
      },
    });
    try {
      for (const input of [...Object.values(classes), verified]) {
        calls.length = 0;
        await logIn({ email: input.email, password: input.password });
        expect(calls, input.email).toEqual(['verify']);
      }
    } finally {
      Object.assign(server.app, { hasher });
    }
  });

  it('EN-1 leaves the same rows: one failure, one mail or decoy, no session', async () => {
    await sql`truncate audit_origins, audit_events, outbox_messages`;
    const before = await sql`select count(*) from sessions`;
    for (const input of Object.values(classes)) await logIn(input);
    const rows = await sql`select type, outcome, detail, session_hash from audit_events`;
    const inputs = Object.keys(classes).length;
    expect(rows).toHaveLength(inputs);
    for (const row of rows)
      expect(row).toEqual({
        type: 'login.failed',
        outcome: 'FAILURE',
        detail: null,
        session_hash: null,
      });
    expect(await sql`select count(*) from sessions`).toEqual(before);
    const mails = await sql`select template from outbox_messages`;
    expect(mails).toHaveLength(inputs);
    for (const { template } of mails) expect(['none', 'finish-registration']).toContain(template);
  });

  it('PW-17 a damaged hash fails for the caller and raises an alarm for the operator', async () => {
    const person = await registerPerson(server);
    await sql`update users set password_hash = 'damaged' where id = ${person.id}`;
    const lines = server.logLines.length;
    const answer = await logIn(credentials(person));
    expect(answer.data.login).toMatchObject({ code: 'INVALID_CREDENTIALS' });
    const alarms = server.logLines
      .slice(lines)
      .map((line) => JSON.parse(line))
      .filter((line) => line.level === 'error');
    expect(alarms).toEqual([expect.objectContaining({ event: 'password_hash.malformed' })]);
  });
});

describe('the budget of failed sign-ins', () => {
  let server: TestServer;
  beforeAll(async () => {
    // Without the growing delay, which login-limits.test.ts covers.
    const rateLimits = { 'login:account': { limit: 10, window: 900 } };
    server = await startTestServer({ config: { rateLimitMultiplier: 1, rateLimits } });
  });
  afterAll(() => server.stop());

  const outcomes = async (email: string, count: number): Promise<string[]> => {
    const seen: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const answer = await server.send(mutationText('login'), {
        input: { email, password: wrong },
      });
      seen.push(JSON.stringify([answer.status, answer.data.login]));
    }
    return seen;
  };

  it('EN-4 known and unknown addresses reach the limit at the same attempt, alike', async () => {
    const person = await registerPerson(server);
    const known = await outcomes(person.email, 12);
    expect(await outcomes('nobody.at.all@example.com', 12)).toEqual(known);
    expect(known.filter((answer) => answer.includes('INVALID_CREDENTIALS'))).toHaveLength(10);
    expect(
      known
        .slice(10)
        .every(
          (answer) => answer.includes('"RATE_LIMITED"') && answer.includes('"retryAfter":900'),
        ),
    ).toBe(true);
    // The right password is not compared either: otherwise a right guess would show.
    expect(await server.mutate('login', credentials(person))).toMatchObject({
      code: 'RATE_LIMITED',
    });
  });

  it('EN-4 ADV-55 every spelling of an address shares one budget', async () => {
    const spellings = [
      'Mixed.Case@Example.COM',
      'mixed.case@example.com',
      ' MIXED.CASE@EXAMPLE.COM ',
      'mixed.case@EXAMPLE.com',
    ];
    const seen: string[] = [];
    for (let index = 0; index < 11; index += 1) {
      seen.push(...(await outcomes(spellings[index % spellings.length] ?? '', 1)));
    }
    expect(seen.filter((answer) => answer.includes('RATE_LIMITED'))).toHaveLength(1);
    expect(seen[10]).toContain('RATE_LIMITED');
  });

  it('ADV-53 the window ends on time, however often an attacker tries meanwhile', async () => {
    const email = freshAddress();
    await outcomes(email, 10);
    for (let minute = 0; minute < 14; minute += 1) {
      server.clock.advance(60);
      const [answer] = await outcomes(email, 1);
      expect(answer).toContain(`"retryAfter":${900 - 60 * (minute + 1)}`);
    }
    server.clock.advance(61);
    const [answer] = await outcomes(email, 1);
    expect(answer).toContain('INVALID_CREDENTIALS');
  });

  it('ADV-29 of 100 concurrent wrong passwords on two instances ten are compared', async () => {
    const person = await registerPerson(server);
    const other = await server.another();
    let compares = 0;
    for (const each of [server, other]) {
      const { hasher } = each.app;
      Object.assign(each.app, {
        hasher: {
          ...hasher,
          verify: (text: string, stored: string | null) => {
            compares += 1;
            return hasher.verify(text, stored);
          },
        },
      });
    }
    try {
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          mutate((index % 2 ? other : server).url, 'login', {
            email: person.email,
            password: `${wrong} ${index}`,
          }),
        ),
      );
      const codes = answers.map((answer) => answer.code);
      expect(codes.filter((code) => code === 'INVALID_CREDENTIALS')).toHaveLength(10);
      expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(90);
      expect(compares).toBe(10);
    } finally {
      await other.stop();
    }
  });

  it('RL-4 a success restores the account’s budget, so typos never lock a user out', async () => {
    server.clock.advance(3600);
    const person = await registerPerson(server);
    for (let round = 0; round < 3; round += 1) {
      expect(await outcomes(person.email, 9)).toHaveLength(9);
      expect((await server.mutate('login', credentials(person))).__typename).toBe('AuthTokens');
    }
  });
});

describe('hashes that are upgraded at sign-in', () => {
  let server: TestServer;
  let sql: postgres.Sql;
  beforeAll(async () => {
    server = await startTestServer({ bcryptCost: 4 });
    sql = rawSql(server);
  });
  afterAll(async () => {
    await sql.end();
    await server.stop();
  });
  const storedOf = async (person: Person): Promise<string> => {
    const [row] = await sql<
      { password_hash: string }[]
    >`select password_hash from users where id = ${person.id}`;
    return row?.password_hash ?? '';
  };
  const instance = (config: Partial<typeof testConfig>, bcryptCost: number): Promise<TestServer> =>
    startTestServer({
      config,
      bcryptCost,
      clock: server.clock,
      database: server.database,
      mailbox: server.mailbox,
    });

  it('PW-14 the right password renews a hash below the cost, a wrong one does not', async () => {
    const person = await registerPerson(server);
    const stronger = await instance({}, 6);
    try {
      const before = await storedOf(person);
      expect(before).toContain('$2b$04$');
      await stronger.mutate('login', { email: person.email, password: wrong });
      expect(await storedOf(person)).toBe(before);
      expect((await stronger.mutate('login', credentials(person))).__typename).toBe('AuthTokens');
      const after = await storedOf(person);
      expect(after).toContain('$2b$06$');
      expect((await stronger.mutate('login', credentials(person))).__typename).toBe('AuthTokens');
      expect(await storedOf(person)).toBe(after);
      // Nor is it downgraded by an instance that has not been updated yet.
      expect((await server.mutate('login', credentials(person))).__typename).toBe('AuthTokens');
      expect(await storedOf(person)).toBe(after);
    } finally {
      await stronger.stop();
    }
  });

  it('PW-14 the renewal is a compare-and-set: a password changed meanwhile stays', async () => {
    const person = await registerPerson(server);
    const verified = await storedOf(person);
    const changed = await server.app.hasher.hash('a password changed meanwhile');
    await sql`update users set password_hash = ${changed} where id = ${person.id}`;
    const renewed = await server.app.hasher.hash(person.password);
    expect(
      await replacePasswordHash(server.app.db, {
        id: person.id,
        oldHash: verified,
        newHash: renewed,
      }),
    ).toBe(false);
    expect(await storedOf(person)).toBe(changed);
    expect(
      await replacePasswordHash(server.app.db, {
        id: person.id,
        oldHash: changed,
        newHash: renewed,
      }),
    ).toBe(true);
    expect(await storedOf(person)).toBe(renewed);
  });

  it.each([
    ['while it is verified', 'verify'],
    ['while it is hashed again', 'hash'],
  ] as const)(
    'PW-14 a password that is changed %s stays, and the old one opens no session any more',
    async (_when, step) => {
      const person = await registerPerson(server);
      const stronger = await instance({}, 5);
      const changed = await server.app.hasher.hash('a password changed meanwhile');
      const { hasher } = stronger.app;
      const changeIt = () =>
        sql`update users set password_hash = ${changed} where id = ${person.id}`;
      Object.assign(stronger.app, {
        hasher: {
          ...hasher,
          hash: async (text: string) => {
            const result = await hasher.hash(text);
            if (step === 'hash') await changeIt();
            return result;
          },
          verify: async (text: string, stored: string | null) => {
            const result = await hasher.verify(text, stored);
            if (step === 'verify') await changeIt();
            return result;
          },
        },
      });
      try {
        const [before] =
          await sql`select count(*)::int as count from sessions where user_id = ${person.id}`;
        const answer = await stronger.mutate('login', credentials(person));
        expect(await storedOf(person)).toBe(changed);
        expect(answer).toMatchObject({ __typename: 'AuthError', code: 'INVALID_CREDENTIALS' });
        const [after] =
          await sql`select count(*)::int as count from sessions where user_id = ${person.id}`;
        expect(after).toEqual(before);
      } finally {
        await stronger.stop();
      }
    },
  );

  it('PW-15 a rotated key renews hashes at sign-in; without the old one they fail', async () => {
    const [early, late] = [await registerPerson(server), await registerPerson(server)];
    const [old] = testConfig.secretKeys;
    if (!old) throw new Error('The test has no key.');
    const next = Buffer.alloc(32, 9);
    const rotating = await instance({ secretKeys: [next, old] }, 4);
    try {
      const before = await storedOf(early);
      expect((await rotating.mutate('login', credentials(early))).__typename).toBe('AuthTokens');
      expect((await storedOf(early)).slice(0, 27)).not.toBe(before.slice(0, 27));
    } finally {
      await rotating.stop();
    }
    // Signing keys are sealed under the old key as well; this test is not about them.
    await sql`delete from signing_keys`;
    const removed = await instance({ secretKeys: [next] }, 4);
    try {
      expect((await removed.mutate('login', credentials(early))).__typename).toBe('AuthTokens');
      expect(await removed.mutate('login', credentials(late))).toMatchObject({
        code: 'INVALID_CREDENTIALS',
      });
      expect(removed.logLines.join('')).toContain('password_hash.pepper_unknown');
    } finally {
      await removed.stop();
      await sql`delete from signing_keys`;
    }
  });

  it('PW-15 the pepper is nowhere in the database', async () => {
    const dump = (await dumpTables(sql)).join('\n');
    for (const secret of testConfig.secretKeys) {
      const bytes = Buffer.from(secret);
      for (const encoding of ['hex', 'base64', 'base64url', 'latin1'] as const)
        expect(dump).not.toContain(bytes.toString(encoding));
    }
  });

  it('PW-13 the cost is the configured one', async () => {
    const log = server.app.log;
    const config = { ...testConfig, bcryptCost: 11 };
    const composed = await compose({
      config,
      database: server.database.database,
      mailer: server.mailbox,
      log,
      clock: server.clock,
    });
    const own = await createServer(composed.app);
    try {
      const url = await own.listen();
      const email = freshAddress();
      await mutate(url, 'register', { email, password: goodPassword });
      const rows = await sql<
        { pending: string }[]
      >`select pending_password_hash as pending from otp_challenges where email = ${email}`;
      expect(rows.map((row) => row.pending)).toEqual([expect.stringMatching(/\$2b\$11\$/)]);
    } finally {
      await own.close();
      await composed.stop();
    }
  });

  it('PW-13 two users with one password have two hashes', async () => {
    const people = [await registerPerson(server), await registerPerson(server)];
    const [one, other] = await Promise.all(people.map(storedOf));
    expect(one).toMatch(/^bcrypt-hmac-sha256\.[0-9a-f]{8}\$2b\$04\$/);
    expect(one).not.toBe(other);
  });
});
