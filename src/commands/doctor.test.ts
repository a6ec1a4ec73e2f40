import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Inspection } from '../db/inspect.ts';
import { inspectPostgres } from '../db/inspect.ts';
import {
  judgeClock,
  judgeKeys,
  judgeMail,
  judgeMigrations,
  judgeProvider,
  judgeServer,
} from '../domain/admin/findings.ts';
import { MailError } from '../mail/mailer.ts';
import { startTestServer, type TestServer, testConfig } from '../testing/app.ts';
import { productionEnvironment, type Run, runCommand, strongKey } from '../testing/command-line.ts';
import { addPasskey } from '../testing/passkeys.ts';
import { registerPerson } from '../testing/people.ts';
import { rawSql } from '../testing/raw-sql.ts';
import { type SmtpStandIn, startSmtpStandIn } from '../testing/smtp-stand-in.ts';
import { explain } from './explain.ts';

let server: TestServer;
let smtp: SmtpStandIn;
let env: Record<string, string>;
let folder: string;
beforeAll(async () => {
  server = await startTestServer({ config: { secretKeys: [strongKey] } });
  smtp = await startSmtpStandIn({ startTls: false });
  env = { ...productionEnvironment(server), SMTP_URL: `smtp://127.0.0.1:${smtp.port}` };
  folder = await mkdtemp(join(tmpdir(), 'latchkey-doctor-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await smtp.close();
  await server.stop();
});

type Finding = { check: string; status: string; message: string; advice?: string };
const found = ({ stdout }: Run): Finding[] => JSON.parse(stdout).findings;
const of = (run: Run, check: string): Finding | undefined =>
  found(run).find((finding) => finding.check === check);

describe('latchkey doctor', () => {
  it('CF-1 names everything missing in the configuration, what to do, and no value', async () => {
    const run = await runCommand(['doctor'], {
      env: { DATABASE_URL: 'mysql://hunter2@x/y', PORT: 'hunter2' },
    });
    expect(run).toMatchObject({ status: 1, stderr: '' });
    for (const name of ['DATABASE_URL', 'SECRET_KEY', 'PUBLIC_URL', 'MAIL_TRANSPORT', 'PORT']) {
      expect(run.stdout).toMatch(new RegExp(`^FAILURE {2}configuration +${name}: `, 'm'));
    }
    expect(run.stdout).toContain('docs/operations.md');
    expect(run.stdout).not.toContain('hunter2');
  });

  it('passes a healthy server, from an env file, without any change or mail', async () => {
    const file = join(folder, '.env');
    await writeFile(
      file,
      Object.entries(env)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
    const sql = rawSql(server);
    const before = await sql`select * from signing_keys`;
    const run = await runCommand(['--env', file, 'doctor', '--json'], {
      env: { PATH: env['PATH'] ?? '' },
    });
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(run.stdout).ok).toBe(true);
    const statuses = Object.fromEntries(found(run).map(({ check, status }) => [check, status]));
    expect(statuses).toMatchObject({
      configuration: 'ok',
      migrations: 'ok',
      keys: 'ok',
      mail: 'ok',
      clock: 'ok',
    });
    expect(of(run, 'database')?.message).toMatch(/^PostgreSQL \d+/);
    expect(of(run, 'administrators')).toMatchObject({
      status: 'warning',
      advice: expect.stringContaining('create-admin'),
    });
    expect(await sql`select * from signing_keys`).toEqual(before);
    expect(smtp.mails).toEqual([]);
    await sql.end();
    const absent = await runCommand(['--env', join(folder, 'absent'), 'doctor'], { env });
    expect(absent).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('--env must name a file'),
    });
  });

  it('says what fails: keys of another SECRET_KEY, mail server, database', async () => {
    const other = await runCommand(['doctor', '--json'], {
      env: {
        ...env,
        SECRET_KEY: 'dGhpcyBpcyBub3QgdGhlIGtleSBvZiBvbGQ6IDkxNTM3',
        SMTP_URL: 'smtp://127.0.0.1:9',
      },
    });
    expect(other.status).toBe(1);
    expect(of(other, 'keys')).toMatchObject({
      status: 'failure',
      advice: expect.stringContaining('SECRET_KEY_PREVIOUS'),
    });
    expect(of(other, 'mail')).toMatchObject({ status: 'failure', message: 'smtp: unreachable' });
    // The clock is in order or, on a busy machine, more than twenty milliseconds off.
    const database = of(other, 'database');
    const [, away = ''] = /^PostgreSQL \S+, (\d+\.\d) ms away$/.exec(database?.message ?? '') ?? [];
    expect(database?.status).toBe(Number(away) > 20 ? 'warning' : 'ok');

    const absent = await runCommand(['doctor', '--json'], {
      env: { ...env, DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:9/x' },
    });
    expect(absent.status).toBe(1);
    expect(of(absent, 'database')).toMatchObject({ status: 'failure', message: 'does not answer' });
    expect(of(absent, 'mail')?.status).toBe('ok');
    expect(absent.stdout).not.toContain('hunter2');
  });
});

describe('the doctor and providers of identities', () => {
  it('asks those of OpenID Connect, of which it dials no private address', async () => {
    const entry = { name: 'Acme', clientId: 'latchkey' };
    const oauth2 = {
      authorizationUrl: 'https://127.0.0.1:9/authorize',
      tokenUrl: 'https://127.0.0.1:9/token',
      userinfoUrl: 'https://127.0.0.1:9/me',
      members: { subject: 'id' },
    };
    const file = join(folder, 'providers.json');
    const providers = [
      { ...entry, id: 'acme', issuer: 'https://127.0.0.1:9' },
      { ...entry, id: 'off', issuer: 'https://127.0.0.1:9', enabled: false },
      { ...entry, id: 'plain', kind: 'oauth2', scopes: ['profile'], oauth2 },
    ];
    await writeFile(file, JSON.stringify(providers));
    const run = await runCommand(['doctor', '--json'], {
      env: { ...env, IDENTITY_PROVIDERS_FILE: file },
    });
    expect(run.status).toBe(0);
    expect(found(run).filter(({ check }) => check === 'providers')).toEqual([
      {
        check: 'providers',
        status: 'warning',
        message: 'acme: call: address_refused',
        advice: expect.stringContaining('https://127.0.0.1:9'),
      },
    ]);
    expect(judgeProvider({ id: 'acme', issuer: 'https://x.example' }, null)).toEqual({
      check: 'providers',
      status: 'ok',
      message: 'acme answers',
    });
  });
});

describe('X-39 the doctor and a provider that refuses', () => {
  it('says how many mails wait and why, and fails where none went out since', async () => {
    const sql = rawSql(server);
    const insert = async (index: number, columns: Record<string, unknown>) => {
      const at = new Date(Date.now() - 60_000 + index);
      await sql`insert into outbox_messages ${sql({
        id: randomUUID(),
        template: 'login-code',
        attempts: 3,
        // Not due: the server's own worker would take it.
        available_at: new Date(Date.now() + 600_000),
        expires_at: new Date(Date.now() + 600_000),
        created_at: at,
        ...columns,
      })}`;
    };
    // What waits for a limit of ours is no trouble of the provider.
    for (const last_error of ['over_limit', 'over_budget'])
      await insert(20, { last_error, sealed_payload: Buffer.alloc(10) });
    await insert(0, { last_error: 'http_500', sealed_payload: Buffer.alloc(10) });
    const few = await runCommand(['doctor', '--json'], { env });
    expect(of(few, 'mail')).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('1 wait and 0 were given up'),
    });
    for (let index = 1; index < 5; index += 1)
      await insert(index, { last_error: 'http_500', failed_at: new Date() });
    const all = await runCommand(['doctor', '--json'], { env });
    expect(all.status).toBe(1);
    expect(of(all, 'mail')).toMatchObject({
      status: 'failure',
      message: expect.stringContaining('refuses every mail: 1 wait and 4 were given up'),
    });
    await insert(9, { sent_at: new Date() });
    const some = await runCommand(['doctor', '--json'], { env });
    expect(of(some, 'mail')).toMatchObject({ status: 'warning' });
    await sql`delete from outbox_messages`;
    expect(of(await runCommand(['doctor', '--json'], { env }), 'mail')?.status).toBe('ok');
    await sql.end();
  });
});

describe('X-41 the doctor and RETENTION_AUDIT', () => {
  it('warns where the role may not remove events of the audit trail', async () => {
    const sql = rawSql(server);
    const role = `latchkey_doctor_${randomBytes(4).toString('hex')}`;
    const url = new URL(env['DATABASE_URL'] ?? '');
    await sql`create role ${sql(role)} login password 'secret'`;
    try {
      await sql`
        grant select, insert, update, delete on all tables in schema public to ${sql(role)}`;
      await sql`revoke update, delete on audit_events from ${sql(role)}`;
      Object.assign(url, { username: role, password: 'secret' });
      const warnings = async (changes: Record<string, string>) =>
        found(await runCommand(['doctor', '--json'], { env: { ...env, ...changes } })).filter(
          ({ message }) => message.includes('RETENTION_AUDIT'),
        );
      expect(await warnings({ DATABASE_URL: url.href, RETENTION_AUDIT: '90d' })).toEqual([
        {
          check: 'database',
          status: 'warning',
          message: 'RETENTION_AUDIT is set, and the role may not remove events of the audit trail',
          advice: 'Run `latchkey purge` as the owner of the tables, from a schedule.',
        },
      ]);
      expect(await warnings({ DATABASE_URL: url.href })).toEqual([]);
      expect(await warnings({ RETENTION_AUDIT: '90d' })).toEqual([]);
    } finally {
      await sql`drop owned by ${sql(role)}`;
      await sql`drop role ${sql(role)}`;
      await sql.end();
    }
  });
});

describe('the findings of the doctor', () => {
  const url = (): string => env['DATABASE_URL'] ?? '';
  const good: Inspection = {
    version: '17.2',
    major: 17,
    roundTrip: 1,
    clockAhead: 0,
    isSuperuser: false,
    isReplica: false,
    maxConnections: 100,
    schema: 'public',
    pending: 0,
    unknown: 0,
  };
  const config = { ...testConfig, workers: 1, migrateOnStart: true };

  it('compares the database’s clock with ours, and reads the applied migrations', async () => {
    const ahead = await inspectPostgres(url(), () => new Date(Date.now() - 90_000));
    expect(Math.round(ahead.clockAhead / 10_000)).toBe(9);
    expect(judgeClock(ahead)).toMatchObject({
      status: 'failure',
      advice: expect.stringContaining('chrony'),
    });
    expect(ahead).toMatchObject({ pending: 0, unknown: 0, isReplica: false });
    const empty = new URL(url());
    empty.pathname = '/postgres';
    const bare = await inspectPostgres(empty.href, () => new Date());
    expect(bare.pending).toBeGreaterThan(0);
    expect(judgeClock(bare).status).toBe('ok');
  });

  it('warns of likely problems, and fails for what cannot work', () => {
    const messages = (change: Partial<Inspection>, workers = 1): [string, string][] =>
      [...judgeServer({ ...good, ...change }, { ...config, workers })].map(
        ({ status, message }) => [status, message],
      );
    expect(messages({})).toEqual([['ok', 'PostgreSQL 17.2, 1.0 ms away']]);
    expect(messages({ isReplica: true })).toEqual([
      ['failure', expect.stringContaining('replica')],
    ]);
    expect(messages({ roundTrip: 50 })).toEqual([['warning', expect.stringContaining('50.0 ms')]]);
    expect(messages({ major: 13, isSuperuser: true }, 9).map(([status]) => status)).toEqual([
      'ok',
      'warning',
      'warning',
      'warning',
    ]);
    expect(judgeMigrations({ ...good, pending: 2 }, config).status).toBe('warning');
    expect(
      judgeMigrations({ ...good, pending: 2 }, { ...config, migrateOnStart: false }),
    ).toMatchObject({
      status: 'failure',
      advice: expect.stringContaining('latchkey migrate'),
    });
    expect(judgeMigrations({ ...good, unknown: 1 }, config).message).toContain('newer version');
    expect(judgeClock({ ...good, clockAhead: -6000 }).status).toBe('warning');
    const none = { inUse: 0, unusable: [], staleStandbys: [], signingWith: null };
    expect(judgeKeys(none, config).status).toBe('ok');
    const other = { ...none, inUse: 1, signingWith: 'HS256' };
    expect(judgeKeys(other, config).status).toBe('warning');
    const ours = { ...none, inUse: 1, signingWith: config.jwt.algorithm };
    expect(judgeKeys(ours, config).status).toBe('ok');
    expect(judgeKeys({ ...ours, staleStandbys: ['k1'] }, config)).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('k1'),
    });
    const mail = {
      transport: 'resend',
      apiKey: 're_x',
      baseUrl: null,
      from: 'a@example.com',
    } as const;
    expect(judgeMail(new MailError('login'), { mail }).advice).toContain('RESEND_API_KEY');
    expect(judgeMail(new MailError('tls'), { mail }).advice).toContain('STARTTLS');
  });

  it('explains database failures by their code, without the driver’s message', () => {
    const failure = (code: string): Error =>
      Object.assign(new Error('password "hunter2"'), { code });
    const wrapped = new Error('query', { cause: new AggregateError([failure('ECONNREFUSED')]) });
    expect(explain(wrapped).message).toBe('does not answer');
    expect(explain(failure('28P01')).message).toContain('password');
    expect(explain(failure('3D000')).advice).toContain('createdb');
    expect(explain(failure('DEPTH_ZERO_SELF_SIGNED_CERT')).advice).toContain('NODE_EXTRA_CA_CERTS');
    expect(explain(failure('ERR_TLS_CERT_ALTNAME_INVALID')).advice).toContain(
      'NODE_EXTRA_CA_CERTS',
    );
    expect(explain(failure('XX000')).message).toBe('failed (XX000)');
    expect(JSON.stringify(explain(failure('XX000')))).not.toContain('hunter2');
  });
});

// The last one: the mails to its person have left, which the tests before look at.
describe('the doctor and passkeys', () => {
  it('warns of passkeys that were registered under another RP ID', async () => {
    const person = await registerPerson(server);
    await addPasskey(server, person);
    const run = await runCommand(['doctor', '--json'], {
      env: { ...env, PASSKEY_RP_ID: 'example.com', PASSKEY_ORIGINS: 'https://example.com' },
    });
    expect(of(run, 'passkeys')).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('another RP ID'),
    });
    const same = { PASSKEY_RP_ID: 'localhost', PASSKEY_ORIGINS: 'http://localhost:3000' };
    const fine = await runCommand(['doctor', '--json'], { env: { ...env, ...same } });
    expect(of(fine, 'passkeys')).toBeUndefined();
  });
});
