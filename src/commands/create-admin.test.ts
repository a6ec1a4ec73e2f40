import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { totpCode } from '../testing/authenticator.ts';
import {
  productionEnvironment,
  runCommand,
  startCommand,
  strongKey,
} from '../testing/command-line.ts';
import { freshAddress, goodPassword, registerPerson } from '../testing/people.ts';
import { auditOf } from '../testing/rows.ts';

let server: TestServer;
let env: Record<string, string>;
beforeAll(async () => {
  server = await startTestServer({ config: { secretKeys: [strongKey] } });
  env = productionEnvironment(server);
});
afterAll(() => server.stop());

const tokenIn = (text: string): string => /#token=([\w-]+)/.exec(text)?.[1] ?? '';

describe('latchkey create-admin', () => {
  it('refuses an invalid address as wrong usage, and names missing configuration', async () => {
    expect(await runCommand(['create-admin', 'not-an-address'], { env })).toMatchObject({
      status: 2,
      stderr: 'EMAIL must be one e-mail address.\n',
    });
    expect((await runCommand(['create-admin'], { env })).status).toBe(2);
    const bare = await runCommand(['create-admin', 'ada@example.com'], {
      env: { PATH: env['PATH'] ?? '' },
    });
    expect(bare.status).toBe(1);
    expect(bare.stderr).toContain('DATABASE_URL: is required');
  });

  it('AZ-7 makes the first administrator, who then may administer', async () => {
    const email = freshAddress();
    const child = startCommand(['create-admin', email, '--name', 'Ada Lovelace'], env);
    let shown = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
    });
    await expect.poll(() => shown, { timeout: 60_000 }).toContain('The code that it shows: ');
    const secret = /type the secret ([A-Z2-7]{32})\n/.exec(shown)?.[1] ?? '';
    child.stdin.write('000000\n');
    await expect.poll(() => shown).toContain('That was not it.');
    child.stdin.write(`${totpCode(secret, new Date())}\n`);
    await once(child, 'close');
    expect(child.exitCode).toBe(0);
    expect(shown.match(/^ {2}[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/gm)).toHaveLength(10);

    const token = tokenIn(shown);
    expect(
      await server.mutate('resetPassword', { token, newPassword: goodPassword }),
    ).toMatchObject({
      accepted: true,
    });
    const challenge = await server.mutate('login', { email, password: goodPassword });
    expect(challenge).toMatchObject({
      __typename: 'OtpChallenge',
      methods: ['TOTP', 'RECOVERY_CODE'],
    });
    // The command uses real time, which has advanced since the server's clock was stopped.
    server.clock.set(new Date());
    server.clock.advance(30);
    const code = totpCode(secret, server.clock.now());
    const tokens = await server.mutate('verifyOtp', { challengeId: challenge.id, code });
    expect(tokens).toMatchObject({
      user: { roles: ['admin'], name: 'Ada Lovelace', totpEnabled: true },
    });
    const { data, errors } = await server.send(
      '{ users { totalCount } }',
      {},
      { token: tokens.accessToken },
    );
    expect(errors).toEqual([]);
    expect(data.users.totalCount).toBe(1);
  });

  it('asks nothing with --json, and without an answer leaves the app for later', async () => {
    const email = freshAddress();
    const first = await runCommand(['create-admin', email, '--json'], { env });
    expect(first).toMatchObject({ status: 0, stderr: '' });
    const { outcome, link, userId } = JSON.parse(first.stdout);
    expect(outcome).toBe('invited');
    expect(await auditOf(server, userId, 'user.created')).toMatchObject([
      { actorId: null, detail: { roles: 'admin', by: 'command line' } },
    ]);
    const second = await runCommand(['create-admin', email], { env });
    expect(second.stdout).toContain('No app was set up.');
    // Only the second link works.
    const newPassword = goodPassword;
    expect(
      await server.mutate('resetPassword', { token: tokenIn(link), newPassword }),
    ).toMatchObject({
      code: 'INVALID_OR_EXPIRED_TOKEN',
    });
    expect(
      await server.mutate('resetPassword', { token: tokenIn(second.stdout), newPassword }),
    ).toMatchObject({
      accepted: true,
    });
    expect(
      JSON.parse((await runCommand(['create-admin', email, '--json'], { env })).stdout),
    ).toMatchObject({
      outcome: 'unchanged',
    });
  });

  it('gives the role to an existing account, and prints no link', async () => {
    const person = await registerPerson(server);
    const run = await runCommand(['create-admin', person.email.toUpperCase(), '--json'], { env });
    expect(JSON.parse(run.stdout)).toEqual({ outcome: 'promoted', userId: person.id });
    const me = await server.send('{ me { roles } }', {}, { token: person.accessToken });
    expect(me.data.me.roles).toEqual(['admin']);
    const events = await auditOf(server, person.id, 'user.roles_changed');
    expect(events).toMatchObject([
      { actorId: null, detail: { before: '', after: 'admin', by: 'command line' } },
    ]);
  });

  it('says what to do about a database without our tables', async () => {
    const url = new URL(env['DATABASE_URL'] ?? '');
    url.pathname = '/postgres';
    const run = await runCommand(['create-admin', 'ada@example.com'], {
      env: { ...env, DATABASE_URL: url.href, MIGRATE_ON_START: 'false' },
    });
    expect(run).toMatchObject({ status: 1 });
    expect(run.stderr).toContain('latchkey migrate');
  });
});
