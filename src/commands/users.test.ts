import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAdministrator } from '../testing/administrators.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { enrolTotp, signInWithApp } from '../testing/authenticator.ts';
import { meQuery } from '../testing/client.ts';
import { productionEnvironment, runCommand, strongKey } from '../testing/command-line.ts';
import { addPasskey } from '../testing/passkeys.ts';
import { freshAddress, type Person, registerPerson, signIn } from '../testing/people.ts';
import { auditOf, setRoles } from '../testing/rows.ts';
import { readUntil } from './read-until.ts';

let server: TestServer;
let env: Record<string, string>;
beforeAll(async () => {
  server = await startTestServer({ config: { secretKeys: [strongKey] } });
  env = productionEnvironment(server);
});
afterAll(() => server.stop());

const users = (...args: readonly string[]) => runCommand(['users', ...args], { env });
const nowhere = '0190a0a0-0000-7000-8000-000000000000';
const me = (person: Pick<Person, 'accessToken'>) =>
  server.send(meQuery, {}, { token: person.accessToken });

describe('latchkey users', () => {
  it('refuses wrong usage with 2, and a user who is not there with 1', async () => {
    const { email } = await registerPerson(server);
    const wrong = [
      ['show'],
      ['rename', 'x'],
      ['find', '--limit', '0'],
      ['find', '--status', 'gone'],
      ['suspend', email, '--until', 'tomorrow'],
      ['suspend', email, '--until', '2020-01-01'],
      ['suspend', email, '--until', '2200d'],
      ['sign-out', email, '--reason', 'x'.repeat(201)],
      ['delete', email],
      // Neither asks for the user before it is complete.
      ['suspend', nowhere, '--until', 'tomorrow'],
      // RC-11: the reason says how they proved who they are.
      ['reset-factors', email],
      ['reset-factors', email, '--reason', ' '],
    ];
    const runs = await Promise.all(wrong.map((args) => users(...args)));
    expect(runs.map(({ status, stdout }) => [status, stdout])).toEqual(wrong.map(() => [2, '']));
    expect(await users('reinstate', 'not-a-user')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: 'USER must be one e-mail address or the id of a user.\n',
    });
    for (const args of [
      ['show', nowhere],
      ['reset-factors', freshAddress(), '--reason', 'Proved by passport'],
    ])
      expect(await users(...args)).toMatchObject({
        status: 1,
        stdout: '',
        stderr: 'There is no such user.\n',
      });
  });

  it('finds users by the start of address or name, and shows one by either', async () => {
    const name = `Zora ${freshAddress()}`;
    const person = await registerPerson(server, { name });
    const found = await users('find', name.slice(0, -3), '--json');
    expect(JSON.parse(found.stdout)).toMatchObject([{ id: person.id, status: 'ACTIVE', name }]);
    expect((await users('find', name)).stdout).toMatch(new RegExp(`${person.id} +active .*Zora`));
    expect((await users('find', 'zzz-nobody', '--json')).stdout).toBe('[]\n');
    for (const user of [person.email.toUpperCase(), person.id.toUpperCase()]) {
      const { stdout } = await users('show', user, '--json');
      const shown = JSON.parse(stdout);
      expect(shown).toMatchObject({
        id: person.id,
        hasPassword: true,
        passkeys: 0,
        identities: [],
      });
      expect(shown.sessions).toMatchObject([{ id: person.sessionId }]);
      expect(stdout).not.toMatch(/hash|secret|bcrypt/i);
    }
    expect((await users('show', person.id)).stdout).toContain(`email            ${person.email}`);
  });

  it('suspends until a time, which ends sessions at once, and reinstates', async () => {
    const person = await registerPerson(server);
    const reason = 'Ticket 4711';
    const run = await users('suspend', person.email, '--until', '7d', '--reason', reason, '--json');
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const { status, suspendedUntil } = JSON.parse(run.stdout);
    expect(status).toBe('SUSPENDED');
    const days = (Date.parse(suspendedUntil) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(6.9);
    expect(days).toBeLessThanOrEqual(7);
    expect((await me(person)).errors[0]?.extensions.reason).toBe('SESSION_REVOKED');
    expect((await users('show', person.id)).stdout).toContain(`suspended until ${suspendedUntil}`);
    expect(await users('reinstate', person.id)).toMatchObject({
      status: 0,
      stdout: `${person.email} may sign in again.\n`,
    });
    expect((await me(await signIn(server, person))).data.me.id).toBe(person.id);
    const events = await auditOf(server, person.id);
    expect(events.filter(({ type }) => type.startsWith('user.'))).toMatchObject([
      { type: 'user.suspended', actorId: null, detail: { reason, by: 'command line' } },
      { type: 'user.reinstated', actorId: null, detail: { reason: null, by: 'command line' } },
    ]);
    const closed = events.find(({ type }) => type === 'session.closed');
    expect(closed).toMatchObject({ actorId: null, detail: { by: 'command line' } });
  });

  it('signs a user out everywhere', async () => {
    const person = await registerPerson(server);
    const other = await signIn(server, person);
    const run = await users('sign-out', person.email, '--json');
    expect(JSON.parse(run.stdout)).toEqual({ id: person.id, ended: 2 });
    for (const one of [person, other])
      expect((await me(one)).errors[0]?.extensions.reason).toBe('SESSION_REVOKED');
    const [event] = await auditOf(server, person.id, 'user.sessions_revoked');
    expect(event).toMatchObject({ actorId: null, detail: { ended: 2, by: 'command line' } });
  });

  it('erases a user, and keeps the last administrator', async () => {
    const person = await registerPerson(server);
    expect(await users('delete', person.id, '--yes', '--reason', 'Ticket 5')).toMatchObject({
      status: 0,
      stdout: `${person.email} is erased.\n`,
    });
    expect((await users('show', person.id)).status).toBe(1);
    const events = await auditOf(server, person.id, 'account.deleted');
    expect(events).toMatchObject([
      { actorId: null, detail: { reason: 'Ticket 5', by: 'command line' } },
    ]);
    // The command uses real time, which has advanced since the server's clock was stopped.
    server.clock.set(new Date());
    const mails = await server.allMail(person.email);
    expect(mails.some(({ subject }) => /deleted/i.test(subject))).toBe(true);
    const admin = await makeAdministrator(server);
    for (const args of [['suspend'], ['delete', '--yes']])
      expect(await users(...args, admin.email)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('last administrator'),
      });
    await setRoles(server, admin.id, []);
  });
});

describe('an administrator who has lost the second factor', () => {
  it('AZ-7 RC-11 is the last one, and comes back by the command line', async () => {
    const admin = await makeAdministrator(server);
    await addPasskey(server, admin);
    // Neither app nor codes: the password alone opens nothing.
    const { email, password } = admin;
    expect(await server.mutate('login', { email, password })).toMatchObject({
      __typename: 'OtpChallenge',
    });
    const reason = 'Proved by passport';
    const run = await users('reset-factors', email, '--reason', reason);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toContain(`The second factors and linked accounts of ${email} are gone`);
    expect((await me(admin)).errors[0]?.extensions.reason).toBe('SESSION_REVOKED');
    const [event] = await auditOf(server, admin.id, 'user.factors_reset');
    expect(event).toMatchObject({
      actorId: null,
      detail: { reason, passkeys: 1, by: 'command line' },
    });
    server.clock.set(new Date());
    const mails = await server.allMail(email);
    expect(mails.some(({ subject }) => /second factor|sign-in/i.test(subject))).toBe(true);

    const again = await signIn(server, admin);
    const list = (token: string) => server.send('{ administrators { id } }', {}, { token });
    expect((await list(again.accessToken)).errors[0]?.extensions.code).toBe('FORBIDDEN');
    const enrolled = await enrolTotp(server, again);
    const back = await signInWithApp(server, again, enrolled.phone);
    expect((await list(back.accessToken)).data.administrators).toMatchObject([{ id: admin.id }]);
  });
});

describe('the time of --until', () => {
  const now = new Date('2026-11-30T12:00:00Z');
  it.each([
    ['90m', '2026-11-30T13:30:00.000Z'],
    ['12h', '2026-12-01T00:00:00.000Z'],
    ['7d', '2026-12-07T12:00:00.000Z'],
    ['2027-01-31', '2027-01-31T00:00:00.000Z'],
    ['2027-01-31T18:00Z', '2027-01-31T18:00:00.000Z'],
    ['2027-01-31T18:00:00.5+02:00', '2027-01-31T16:00:00.500Z'],
  ])('%s', (text, moment) => {
    expect(readUntil(text, now)?.toISOString()).toBe(moment);
  });

  it.each(['', '7', '7w', '-7d', '7.5d', '2027-02-30', '2027-13-01', '2027-01-31T18:00', '1e3d'])(
    'is refused as %s',
    (text) => {
      expect(readUntil(text, now)).toBeNull();
    },
  );
});
