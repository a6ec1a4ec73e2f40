import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAdministrator } from '../../testing/administrators.ts';
import { codeIn, linkTokenIn, startTestServer, type TestServer } from '../../testing/app.ts';
import { newestCode } from '../../testing/newest-mail.ts';
import { freshAddress, goodPassword, registerPerson } from '../../testing/people.ts';
import { countRows, rawSql } from '../../testing/raw-sql.ts';
import { suspendUser } from '../../testing/rows.ts';

const otherPassword = 'copper willow thunder market';
const subject = 'Finish your registration';
const day = 24 * 3600;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const login = (email: string, password = goodPassword) =>
  server.mutate('login', { email, password });
const verifyLink = (input: Record<string, unknown>) => server.mutate('verifyLink', input);
const remindersTo = async (email: string) =>
  (await server.allMail(email)).filter((mail) => mail.subject === subject);

async function register(options: { email?: string; password?: string; name?: string } = {}) {
  const { email = freshAddress(), password = goodPassword, name = 'Ada' } = options;
  const { id } = await server.mutate('register', { email, password, name });
  return { email, challengeId: String(id), code: await server.nextCode(email) };
}

/** Signs in, which is refused; what the newest reminder brings. */
async function reminded(email: string, password = goodPassword) {
  expect(await login(email, password)).toMatchObject({ code: 'INVALID_CREDENTIALS' });
  const [mail] = (await remindersTo(email)).slice(-1);
  if (!mail) throw new Error('There is no reminder.');
  return { code: codeIn(mail), token: linkTokenIn(mail) ?? '', text: mail.text };
}

describe('X-10 a sign-in to an unfinished registration', () => {
  it('sends no mail to any other address', async () => {
    const verified = await registerPerson(server);
    const suspended = await registerPerson(server);
    await suspendUser(server, suspended.id);
    const admin = await makeAdministrator(server);
    const invited = freshAddress();
    await server.mutate('createUser', { email: invited }, { token: admin.accessToken });
    for (const email of [verified.email, suspended.email, invited, freshAddress()]) {
      await login(email, otherPassword);
      expect(await remindersTo(email)).toEqual([]);
    }
  });

  it('EN-1 answers and writes as for an unknown address and a wrong password', async () => {
    const { email } = await register();
    const person = await registerPerson(server);
    const cases = [
      [email, goodPassword],
      [email, otherPassword],
      [person.email, otherPassword],
      [freshAddress(), goodPassword],
    ] as const;
    const tables = ['audit_events', 'outbox_messages'];
    const seen: unknown[] = [];
    for (const [address, password] of cases) {
      const before = await Promise.all(tables.map((table) => countRows(server, table)));
      const answer = await login(address, password);
      const after = await Promise.all(tables.map((table) => countRows(server, table)));
      seen.push({ answer, written: after.map((count, n) => count - (before[n] ?? 0)) });
    }
    for (const each of seen) expect(each).toEqual(seen[0]);
    expect(seen[0]).toMatchObject({ written: [1, 1] });
  });

  it('sends a code for the page that began it, beside the first', async () => {
    const { email, challengeId, code: first } = await register();
    const { code } = await reminded(email);
    expect(code).toMatch(/^\d{6}$/);
    const tokens = await server.mutate('verifyOtp', { challengeId, code });
    expect(tokens).toMatchObject({ __typename: 'AuthTokens', user: { name: 'Ada' } });
    expect((await login(email)).__typename).toBe('AuthTokens');
    expect((await server.mutate('verifyOtp', { challengeId, code: first })).__typename).toBe(
      'AuthError',
    );
  });

  it('leaves the first code valid while it is, and no longer', async () => {
    const { email, challengeId, code } = await register();
    await reminded(email);
    expect((await server.mutate('verifyOtp', { challengeId, code })).__typename).toBe('AuthTokens');
    const late = await register();
    server.clock.advance(601);
    const { code: newer } = await reminded(late.email);
    const input = { challengeId: late.challengeId };
    if (newer !== late.code)
      expect((await server.mutate('verifyOtp', { ...input, code: late.code })).code).toBe(
        'INVALID_OR_EXPIRED_CODE',
      );
    const tokens = await server.mutate('verifyOtp', { ...input, code: newer });
    expect(tokens.__typename).toBe('AuthTokens');
  });

  it('OT-2 leaves the first code its own ten minutes, whenever the reminder came', async () => {
    const first = await register();
    const second = await register();
    server.clock.advance(300);
    const newer = [await reminded(first.email), await reminded(second.email)];
    server.clock.advance(299);
    const input = { challengeId: first.challengeId, code: first.code };
    expect((await server.mutate('verifyOtp', input)).__typename).toBe('AuthTokens');
    server.clock.advance(1);
    const { challengeId } = second;
    if (newer[1]?.code !== second.code)
      expect((await server.mutate('verifyOtp', { challengeId, code: second.code })).code).toBe(
        'INVALID_OR_EXPIRED_CODE',
      );
    const tokens = await server.mutate('verifyOtp', { challengeId, code: newer[1]?.code });
    expect(tokens.__typename).toBe('AuthTokens');
  });

  it('OT-2 leaves one code beside the newest, and a resend leaves none', async () => {
    const once = await register();
    await reminded(once.email);
    const { code: third } = await reminded(once.email);
    const verify = async (code: string | null) =>
      (await server.mutate('verifyOtp', { challengeId: once.challengeId, code })).__typename;
    if (third !== once.code) expect(await verify(once.code)).toBe('AuthError');
    expect(await verify(third)).toBe('AuthTokens');

    const { email, challengeId, code: first } = await register();
    const { code: second } = await reminded(email);
    server.clock.advance(31);
    await server.mutate('resendOtp', { challengeId });
    const newest = await newestCode(server, email);
    for (const code of [first, second].filter((code) => code !== newest))
      expect((await server.mutate('verifyOtp', { challengeId, code })).code).toBe(
        'INVALID_OR_EXPIRED_CODE',
      );
    const input = { challengeId, code: newest };
    expect((await server.mutate('verifyOtp', input)).__typename).toBe('AuthTokens');
  });

  it('OT-2 a reminder between the check of a code and its use refuses no right code', async () => {
    const { email, challengeId, code } = await register();
    const sql = rawSql(server);
    const untilWaiting = (count: number) =>
      expect
        .poll(
          async () => {
            const rows = await sql`
              select 1 from pg_stat_activity
              where datname = current_database() and wait_event_type = 'Lock'`;
            return rows.length;
          },
          { timeout: 30_000 },
        )
        .toBe(count);
    // Both wait for the account's row, the reminder first: the code is checked before it, and used
    // after it.
    const answers = await sql.begin(async (tx) => {
      await tx`select 1 from users where email = ${email} for update`;
      const reminder = login(email);
      await untilWaiting(1);
      const verified = server.mutate('verifyOtp', { challengeId, code });
      await untilWaiting(2);
      return { reminder, verified };
    });
    expect((await answers.reminder).code).toBe('INVALID_CREDENTIALS');
    expect((await answers.verified).__typename).toBe('AuthTokens');
    expect(await remindersTo(email)).toHaveLength(1);
    await sql.end();
  });

  it('sends a link that finishes it, with the password, on that device, or bare', async () => {
    for (const [shown, name] of [
      ['password', 'Ada'],
      ['challengeId', 'Ada'],
      ['nothing', null],
    ] as const) {
      const { email, challengeId } = await register();
      const { token } = await reminded(email);
      const input = {
        password: { token, password: goodPassword },
        challengeId: { token, challengeId },
        nothing: { token },
      }[shown];
      expect(await verifyLink(input)).toMatchObject({ __typename: 'AuthTokens', user: { name } });
      const again = await login(email);
      expect(again.__typename).toBe(name === null ? 'AuthError' : 'AuthTokens');
    }
  });

  it('works the next day, when the first code and link are over', async () => {
    const { email, challengeId } = await register();
    server.clock.advance(day);
    const { code, token } = await reminded(email);
    expect((await server.mutate('verifyOtp', { challengeId, code })).__typename).toBe('AuthTokens');
    expect((await verifyLink({ token })).code).toBe('INVALID_OR_EXPIRED_TOKEN');
  });

  it('OT-3 revives no code whose tries are used up, and sends a link alone', async () => {
    const { email, challengeId } = await register();
    for (let tries = 0; tries < 5; tries += 1)
      await server.mutate('verifyOtp', { challengeId, code: '000000' });
    const { code, token } = await reminded(email);
    expect(code).toBeNull();
    const tokens = await verifyLink({ token, password: goodPassword });
    expect(tokens).toMatchObject({ __typename: 'AuthTokens', user: { name: 'Ada' } });
  });

  it('with another password, as after a stranger’s registration, sends a link alone', async () => {
    const { email } = await register();
    server.clock.advance(1);
    await register({ email, password: otherPassword, name: 'Mallory' });
    const { code, token } = await reminded(email);
    expect(code).toBeNull();
    expect(await verifyLink({ token })).toMatchObject({
      __typename: 'AuthTokens',
      user: { name: null },
    });
    for (const password of [goodPassword, otherPassword])
      expect((await login(email, password)).code).toBe('INVALID_CREDENTIALS');
  });

  it('leaves the code of a registration alone where another password is typed', async () => {
    const { email, challengeId, code } = await register();
    await login(email, otherPassword);
    const tokens = await server.mutate('verifyOtp', { challengeId, code });
    expect(tokens).toMatchObject({ __typename: 'AuthTokens', user: { name: 'Ada' } });
  });

  it('RL-9 mails three times an hour, whatever is typed', async () => {
    const strict = await server.another({ rateLimitMultiplier: 1 });
    const { email } = await register();
    for (let tries = 0; tries < 5; tries += 1)
      await strict.mutate('login', { email, password: `${otherPassword}${tries}` });
    expect(await remindersTo(email)).toHaveLength(3);
    await strict.stop();
  });

  it('X-5 LG-1 is refused and recorded as ever where the day has no more mails', async () => {
    const full = await startTestServer({
      config: { rateLimits: { 'mail:day': { limit: 0.002, window: day } } },
    });
    const unfinished = freshAddress();
    await full.mutate('register', { email: unfinished, password: goodPassword });
    const person = await registerPerson(full);
    await full.allMail(person.email);
    const flood = { email: freshAddress(), password: goodPassword };
    expect((await full.mutate('register', flood)).code).toBe('RATE_LIMITED');
    const cases = [
      [unfinished, goodPassword],
      [unfinished, otherPassword],
      [person.email, otherPassword],
      [freshAddress(), otherPassword],
    ] as const;
    const tables = ['audit_events', 'outbox_messages', 'otp_challenges'];
    const seen: unknown[] = [];
    for (const [email, password] of cases) {
      const before = await Promise.all(tables.map((table) => countRows(full, table)));
      const answer = await full.mutate('login', { email, password });
      const after = await Promise.all(tables.map((table) => countRows(full, table)));
      seen.push({ answer, written: after.map((count, n) => count - (before[n] ?? 0)) });
    }
    for (const each of seen) expect(each).toEqual(seen[0]);
    expect(seen[0]).toMatchObject({ answer: { code: 'INVALID_CREDENTIALS' }, written: [1, 0, 0] });
    // The next day a reminder goes out.
    full.clock.advance(day);
    await full.mutate('login', { email: unfinished, password: goodPassword });
    const reminders = await full.allMail(unfinished);
    expect(reminders.filter((mail) => mail.subject === subject)).toHaveLength(1);
    await full.stop();
  });
});
