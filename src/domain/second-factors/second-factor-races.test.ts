import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { enrolTotp, readBase32, signInWithApp } from '../../testing/authenticator.ts';
import { meQuery } from '../../testing/client.ts';
import { countSessions } from '../../testing/factors.ts';
import { type Person, registerPerson } from '../../testing/people.ts';
import { dumpTables, rawSql, spellings } from '../../testing/raw-sql.ts';

let server: TestServer;
let second: TestServer;
let sql: postgres.Sql;
beforeAll(async () => {
  server = await startTestServer();
  second = await server.another();
  sql = rawSql(server);
});
afterAll(async () => {
  await sql.end();
  await second.stop();
  await server.stop();
});

// biome-ignore lint/suspicious/noExplicitAny: answers of the API, see testing/client.ts.
type Reply = any;
type Try = (code: string) => Promise<Reply>;

const instance = (number: number): TestServer => (number % 2 === 0 ? server : second);
/**
 * A refusal is an AuthError, or an error of the whole operation: a change of factors ends the other
 * sessions.
 */
const isSuccess = (answer: Reply): boolean =>
  answer.__typename !== 'AuthError' && answer.errors === undefined;

async function someone() {
  const person = await registerPerson(server);
  return { person, ...(await enrolTotp(server, person)) };
}
type Someone = Awaited<ReturnType<typeof someone>>;

/**
 * Operations that accept a code, each prepared for one attempt; the attempts alternate between two
 * instances.
 */
const routes = {
  'a sign-in': async ({ person }: Someone, number: number): Promise<Try> => {
    const challenge = await server.mutate('login', {
      email: person.email,
      password: person.password,
    });
    return (code) => instance(number).mutate('verifyOtp', { challengeId: challenge.id, code });
  },
  'a sign-in by mail': async ({ person }: Someone, number: number): Promise<Try> => {
    const mailed = await server.mutate('requestLoginCode', { email: person.email });
    const code = await server.nextCode(person.email);
    const challenge = await server.mutate('verifyOtp', { challengeId: mailed.id, code });
    return (guess) =>
      instance(number).mutate('verifyOtp', { challengeId: challenge.id, code: guess });
  },
  'a step-up': async ({ person, phone }: Someone, number: number): Promise<Try> => {
    const { accessToken: token } = await signInWithApp(server, person, phone);
    const challenge = await server.mutate(
      'reauthenticate',
      { password: person.password },
      { token },
    );
    return (code) =>
      instance(number).mutate('verifyOtp', { challengeId: challenge.id, code }, { token });
  },
  'a new set of recovery codes': async (
    { person, phone }: Someone,
    number: number,
  ): Promise<Try> => {
    const { accessToken: token } = await signInWithApp(server, person, phone);
    return (code) => instance(number).mutate('regenerateRecoveryCodes', { code }, { token });
  },
  'taking away the app': async ({ person, phone }: Someone, number: number): Promise<Try> => {
    const { accessToken: token } = await signInWithApp(server, person, phone);
    return (code) => instance(number).mutate('disableTotp', { code }, { token });
  },
} as const satisfies Record<string, (of: Someone, number: number) => Promise<Try>>;
const routeNames = Object.keys(routes) as (keyof typeof routes)[];

describe('one code, ten callers at once, two instances', () => {
  it.each(routeNames)(
    'OT-12 ADV-32 ADV-35 a code of the app is accepted once at %s',
    { timeout: 300_000 },
    async (route) => {
      const who = await someone();
      const tries: Try[] = [];
      for (let number = 0; number < 10; number += 1) tries.push(await routes[route](who, number));
      const code = who.phone.nextCode();
      const answers = await Promise.all(tries.map((attempt) => attempt(code)));
      expect(answers.filter(isSuccess)).toHaveLength(1);
    },
  );

  it.each(routeNames)(
    'OT-16 ADV-34 ADV-35 a recovery code is accepted once at %s',
    { timeout: 300_000 },
    async (route) => {
      const who = await someone();
      const tries: Try[] = [];
      for (let number = 0; number < 10; number += 1) tries.push(await routes[route](who, number));
      const code = who.recoveryCodes[0] ?? '';
      const answers = await Promise.all(tries.map((attempt) => attempt(code)));
      expect(answers.filter(isSuccess)).toHaveLength(1);
    },
  );

  it.each(['app', 'recovery code'])(
    'ADV-35 one %s code is accepted once over all operations',
    async (kind) => {
      const who = await someone();
      const tries: Try[] = [];
      for (const [number, route] of [...routeNames, ...routeNames].entries())
        tries.push(await routes[route](who, number));
      const code = kind === 'app' ? who.phone.nextCode() : (who.recoveryCodes[0] ?? '');
      const answers = await Promise.all(tries.map((attempt) => attempt(code)));
      // A new set of codes ends the other sessions, whose requests fail for that reason.
      const isRefusal = (answer: Reply): boolean =>
        ['INVALID_OR_EXPIRED_CODE', 'CONFLICT'].includes(answer.code) ||
        answer.errors?.[0]?.extensions.reason === 'SESSION_REVOKED';
      expect(answers.filter((answer) => !isRefusal(answer))).toHaveLength(1);
    },
  );

  it('one challenge, ten callers: one session', async () => {
    const { person, phone } = await someone();
    const before = await countSessions(server, person.id);
    const challenge = await server.mutate('login', {
      email: person.email,
      password: person.password,
    });
    const code = phone.nextCode();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, number) =>
        instance(number).mutate('verifyOtp', { challengeId: challenge.id, code }),
      ),
    );
    expect(answers.filter(isSuccess)).toHaveLength(1);
    expect(await countSessions(server, person.id)).toBe(before + 1);
  });

  it('one session steps up once, however many requests it sends at once', async () => {
    const person = await registerPerson(server);
    const before = await countSessions(server, person.id);
    const answers: Reply[] = await Promise.all(
      Array.from({ length: 10 }, (_, number) =>
        instance(number).mutate(
          'reauthenticate',
          { password: person.password },
          { token: person.accessToken },
        ),
      ),
    );
    expect(answers.filter((answer) => answer.__typename === 'AuthTokens')).toHaveLength(1);
    for (const answer of answers.filter((one) => one.__typename !== 'AuthTokens')) {
      expect(answer.errors[0].extensions).toMatchObject({
        code: 'UNAUTHENTICATED',
        reason: 'SESSION_REVOKED',
      });
    }
    expect(await countSessions(server, person.id)).toBe(before + 1);
  });

  it('no sign-in without the app survives the activation of the app', async () => {
    for (let round = 0; round < 5; round += 1) {
      const person = await registerPerson(server);
      const logins: Promise<Reply>[] = [];
      const send = (number: number): void => {
        const { email, password } = person;
        logins.push(instance(number).mutate('login', { email, password }));
      };
      for (let number = 0; number < 4; number += 1) send(number);
      const enrolling = enrolTotp(second, person);
      for (let number = 0; number < 4; number += 1) send(number);
      await enrolling;
      for (const answer of await Promise.all(logins)) {
        if (answer.__typename === 'OtpChallenge') continue;
        const me = await server.send(meQuery, {}, { token: answer.accessToken });
        expect(me.errors[0]?.extensions).toMatchObject({
          code: 'UNAUTHENTICATED',
          reason: 'SESSION_REVOKED',
        });
      }
    }
  });
});

describe('a second step and a reset at once', () => {
  it('RC-6 wait for each other, and leave no one signed in with the old password', {
    timeout: 300_000,
  }, async () => {
    for (let round = 0; round < 10; round += 1) {
      const { person, phone } = await someone();
      const { email, password } = person;
      await server.mutate('requestPasswordReset', { email });
      const token = /#token=([\w-]+)/.exec((await server.nextMail(email)).text)?.[1] ?? '';
      const challenges = await Promise.all(
        [1, 2, 3].map(() => server.mutate('login', { email, password })),
      );
      const code = phone.nextCode();
      const verifying = challenges.map(({ id }, number) =>
        instance(number).mutate('verifyOtp', { challengeId: id, code }),
      );
      const reset = await second.mutate('resetPassword', {
        token,
        newPassword: 'walnut ferry copper tuesday',
      });
      expect(reset).toMatchObject({ accepted: true });
      for (const answer of await Promise.all(verifying)) {
        if (answer.__typename === 'AuthError') {
          expect(answer.code).toBe('INVALID_OR_EXPIRED_CODE');
          continue;
        }
        expect(answer.__typename).toBe('AuthTokens');
        const me = await server.send(meQuery, {}, { token: answer.accessToken });
        expect(me.errors[0]?.extensions).toMatchObject({
          code: 'UNAUTHENTICATED',
          reason: 'SESSION_REVOKED',
        });
      }
    }
  });
});

describe('between the check of the password and the session', () => {
  /**
   * Signs in while another connection locks the user's row, makes its change, and commits once the
   * sign-in waits for it.
   */
  async function signInDuring(
    person: Person,
    change: (tx: postgres.TransactionSql) => Promise<unknown>,
  ): Promise<Reply> {
    let login: Promise<Reply> | undefined;
    await sql.begin(async (tx) => {
      await tx`select 1 from users where id = ${person.id} for update`;
      login = server.mutate('login', { email: person.email, password: person.password });
      await waitForLock();
      await change(tx);
    });
    return login;
  }

  async function waitForLock(): Promise<void> {
    for (let waited = 0; waited < 5000; waited += 20) {
      const rows = await sql`
        select 1 from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'
          and query like '%no key update%'`;
      if (rows.length > 0) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error('The sign-in never came to wait for the row.');
  }

  const refused = { __typename: 'AuthError', code: 'INVALID_CREDENTIALS' };

  it('a changed password opens no session', async () => {
    const person = await registerPerson(server);
    const other = await registerPerson(server, { password: 'walnut ferry copper tuesday' });
    const answer = await signInDuring(
      person,
      (tx) => tx`
        update users set password_changed_at = now(),
          password_hash = (select password_hash from users where id = ${other.id})
        where id = ${person.id}`,
    );
    expect(answer).toMatchObject(refused);
    expect(await countSessions(server, person.id)).toBe(1);
  });

  it('a suspended account opens no session', async () => {
    const person = await registerPerson(server);
    const answer = await signInDuring(
      person,
      (tx) => tx`update users set suspended_at = now() where id = ${person.id}`,
    );
    expect(answer).toMatchObject(refused);
    expect(await countSessions(server, person.id)).toBe(1);
  });

  it('a deleted account opens no session', async () => {
    const person = await registerPerson(server);
    expect(
      await signInDuring(person, (tx) => tx`delete from users where id = ${person.id}`),
    ).toMatchObject(refused);
  });

  it('an app activated meanwhile is asked for', async () => {
    const person = await registerPerson(server);
    const answer = await signInDuring(
      person,
      (tx) => tx`update users set totp_enabled_at = now() where id = ${person.id}`,
    );
    expect(answer).toMatchObject({ __typename: 'OtpChallenge', methods: ['TOTP'] });
  });

  it('a hash of the same password, only renewed, does not prevent it', async () => {
    const person = await registerPerson(server);
    const renewed = await server.app.hasher.hash(person.password);
    const answer = await signInDuring(
      person,
      (tx) => tx`update users set password_hash = ${renewed} where id = ${person.id}`,
    );
    expect(answer.__typename).toBe('AuthTokens');
  });

  it.each([
    [
      'its password was changed',
      (id: string) => sql`update users set password_changed_at = now() where id = ${id}`,
    ],
    [
      'it was suspended',
      (id: string) => sql`update users set suspended_at = now() where id = ${id}`,
    ],
  ] as const)('the second step of an account opens nothing after %s', async (_, change) => {
    const { person, phone } = await someone();
    const before = await countSessions(server, person.id);
    const challenge = await server.mutate('login', {
      email: person.email,
      password: person.password,
    });
    await change(person.id);
    const answer = await server.mutate('verifyOtp', {
      challengeId: challenge.id,
      code: phone.nextCode(),
    });
    expect(answer).toMatchObject({ __typename: 'AuthError', code: 'INVALID_OR_EXPIRED_CODE' });
    expect(await countSessions(server, person.id)).toBe(before);
  });
});

describe('the database', () => {
  it('DP-1 OT-16 contains neither an app’s secret nor a recovery code, in any form', async () => {
    const { person, phone, recoveryCodes } = await someone();
    const pending = await server.mutate(
      'startTotpEnrollment',
      {},
      { token: (await signInWithApp(server, person, phone)).accessToken },
    );
    await server.mutate('verifyOtp', {
      challengeId: (
        await server.mutate('login', { email: person.email, password: person.password })
      ).id,
      code: recoveryCodes[0] ?? '',
    });
    const dump = (await dumpTables(sql)).join('\n').toLowerCase();
    expect(dump).toContain(person.id);
    const secrets = [phone.secret, pending.secret];
    const values = [
      ...secrets.flatMap(spellings),
      ...secrets.map((secret) => readBase32(secret).toString('hex')),
      ...recoveryCodes.flatMap((code) => [
        ...spellings(code),
        ...spellings(code.replaceAll('-', '')),
      ]),
    ];
    for (const value of values) expect(dump).not.toContain(value.toLowerCase());
  });
});
