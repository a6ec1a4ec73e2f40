import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findUserById } from '../../db/queries/users.ts';
import { type Administrator, makeAdministrator } from '../../testing/administrators.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { signInWithApp } from '../../testing/authenticator.ts';
import { registerPerson, signIn } from '../../testing/people.ts';
import { setRoles, suspendUser } from '../../testing/rows.ts';
import { judgeAdmins } from './findings.ts';

let server: TestServer;
let admin: Administrator;
beforeAll(async () => {
  server = await startTestServer();
  admin = await makeAdministrator(server);
});
afterAll(() => server.stop());

type Finding = { check: string; status: string; message: string; advice: string | null };
const ask = async (selection: string) => {
  const answer = await server.send(`{ ${selection} }`, {}, { token: admin.accessToken });
  expect(answer.errors).toEqual([]);
  return answer.data;
};
const counts = async () =>
  (await ask('overview { signIns failedSignIns countLimit since }')).overview;
const findings = async (check: string): Promise<Finding[]> => {
  const { overview } = await ask('overview { findings { check status message advice } }');
  return overview.findings.filter((finding: Finding) => finding.check === check);
};
async function wait(seconds: number): Promise<void> {
  server.clock.advance(seconds);
  admin = { ...admin, ...(await signInWithApp(server, admin, admin.phone)) };
}

describe('the overview', () => {
  it('counts sign-ins and failures of a day, and asks the database once a minute', async () => {
    await wait(0);
    const before = await counts();
    expect(before).toMatchObject({ countLimit: 10_000 });
    const day = server.clock.now().getTime() - Date.parse(before.since);
    expect(day).toBe(24 * 3600 * 1000);
    const person = await registerPerson(server);
    await signIn(server, person);
    await server.mutate('login', { email: person.email, password: 'wrong wrong wrong' });
    const { id } = await server.mutate('requestLoginCode', { email: person.email });
    await server.mutate('verifyOtp', { challengeId: id, code: '000000' });
    expect(await counts()).toEqual(before);
    server.clock.advance(60);
    expect(await counts()).toMatchObject({
      signIns: before.signIns + 2,
      failedSignIns: before.failedSignIns + 2,
    });
    await wait(24 * 3600);
    expect(await counts()).toMatchObject({ signIns: 1, failedSignIns: 0 });
  });

  it('has what doctor finds of a running server, half a minute old at most', async () => {
    expect(await findings('keys')).toMatchObject([
      { status: 'OK', message: '1 in use, ES256 signs' },
    ]);
    expect(await findings('mail')).toMatchObject([{ status: 'OK' }]);
    // The tests' role is a superuser, which is warned of.
    expect((await findings('database'))[0]).toMatchObject({
      status: 'OK',
      message: expect.stringMatching(/^PostgreSQL \d+(\.\d+)?, /),
    });
    expect(await findings('migrations')).toMatchObject([{ status: 'OK', message: 'all applied' }]);
    const before = await findings('administrators');
    expect(before).toMatchObject([{ status: 'OK', message: '1 can sign in' }]);
    const bare = await registerPerson(server);
    await setRoles(server, bare.id, ['admin']);
    expect(await findings('administrators')).toEqual(before);
    await wait(30);
    expect(await findings('administrators')).toMatchObject([
      { status: 'OK', message: '2 can sign in' },
      { status: 'WARNING', message: '1 without a second factor', advice: expect.any(String) },
    ]);
    await suspendUser(server, bare.id);
    await wait(30);
    expect(await findings('administrators')).toEqual(before);
  });

  it('PG-8 has no secret, no address and no host name', async () => {
    await wait(30);
    const text = JSON.stringify(await ask('overview { findings { check message advice } }'));
    const { config } = server.app;
    for (const secret of [
      new URL(config.publicUrl).host,
      new URL(config.appUrl).host,
      server.database.url ?? 'postgres:',
      Buffer.from(config.secretKeys[0] ?? []).toString('base64'),
      admin.email,
    ])
      expect(text).not.toContain(secret);
    expect(text).not.toMatch(/https?:|@|localhost|127\.0\.0\.1/);
  });
});

describe('what is said of administrators', () => {
  it('warns where there is none, and of accounts that nobody uses', async () => {
    const row = await findUserById(server.app.db, { id: admin.id });
    if (row === null) throw new Error('There is no administrator.');
    const now = server.clock.now();
    const ago = (days: number): Date => new Date(now.getTime() - days * 24 * 3600 * 1000);
    expect([...judgeAdmins([], now)]).toMatchObject([
      { status: 'warning', message: 'there is none' },
    ]);
    const suspended = { ...row, suspendedAt: now };
    const unproved = { ...row, emailVerifiedAt: null };
    expect([...judgeAdmins([suspended, unproved], now)]).toMatchObject([
      { message: 'there is none' },
    ]);
    const all = [ago(0), ago(89), ago(91), null].map((lastLoginAt) => ({ ...row, lastLoginAt }));
    expect([...judgeAdmins(all, now)]).toMatchObject([
      { status: 'ok', message: '4 can sign in' },
      { status: 'warning', message: '2 without a sign-in for 90 days' },
    ]);
  });
});

describe('administrators and signingKeys', () => {
  it('lists everyone with the role, suspended ones too, the oldest first', async () => {
    await wait(30);
    const { administrators } = await ask('administrators { id status email }');
    expect(administrators).toMatchObject([
      { id: admin.id, status: 'ACTIVE', email: admin.email },
      { status: 'SUSPENDED' },
    ]);
  });

  it('lists the keys in use without their private parts', async () => {
    const { signingKeys } = await ask(
      'signingKeys { id algorithm createdAt activeFrom expiresAt current standby }',
    );
    const current = signingKeys.filter((key: { current: boolean }) => key.current);
    expect(current).toMatchObject([{ algorithm: 'ES256', expiresAt: null, standby: false }]);
    expect(current[0].id).toBe(server.app.keyRing.signing().kid);
  });
});
