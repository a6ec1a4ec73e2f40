import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import {
  productionEnvironment,
  runCommand,
  startCommand,
  strongKey,
} from '../testing/command-line.ts';
import { fitsAnother, foreignHashes } from '../testing/foreign-hashes.ts';
import { rawSql } from '../testing/raw-sql.ts';

let server: TestServer;
let env: Record<string, string>;
let sql: postgres.Sql;
let folder: string;
beforeAll(async () => {
  server = await startTestServer({ config: { secretKeys: [strongKey] } });
  env = productionEnvironment(server);
  sql = rawSql(server);
  folder = await mkdtemp(join(tmpdir(), 'latchkey-import-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await sql.end();
  await server.stop();
});
beforeEach(() => sql`delete from users`);

const count = async (): Promise<number> => {
  const [row] = await sql<{ count: number }[]>`select count(*)::int as count from users`;
  return row?.count ?? 0;
};
const file = async (name: string, text: string): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
};
const [bcrypt] = foreignHashes;
const hash = bcrypt?.hash ?? '';

describe('latchkey import-users', () => {
  it('refuses wrong usage and unusable files, and says why', async () => {
    expect((await runCommand(['import-users'], { env })).status).toBe(2);
    expect((await runCommand(['import-users', 'x', '--format', 'xml'], { env })).status).toBe(2);
    const strange = await runCommand(['import-users', '-', '--map', 'mail=address'], { env });
    expect(strange).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('there is no such field'),
    });
    const absent = await runCommand(['import-users', join(folder, 'absent.csv')], { env });
    expect(absent).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('There is no file'),
    });
    const headless = await runCommand(['import-users', '-'], { env, input: 'name,phone\nAda,1\n' });
    expect(headless).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('no column `email`'),
    });
  });

  it('imports every supported hash; a sign-in replaces it by one of ours', async () => {
    const lines = foreignHashes.map(({ hash }, index) =>
      JSON.stringify({
        email: `Person-${index}@Example.com`,
        password_hash: hash,
        email_verified: true,
        roles: ['editor'],
      }),
    );
    const run = await runCommand(
      ['import-users', await file('all.jsonl', `${lines.join('\n')}\n`), '--json'],
      { env },
    );
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(run.stdout)).toEqual({
      imported: lines.length,
      existing: 0,
      refused: 0,
      dryRun: false,
    });
    for (const [index, { from, password }] of foreignHashes.entries()) {
      const email = `person-${index}@example.com`;
      expect(
        await server.mutate('login', { email, password: `${password}?`.slice(2) }),
      ).toMatchObject({
        code: 'INVALID_CREDENTIALS',
      });
      const tokens = await server.mutate('login', { email, password });
      expect(tokens).toMatchObject({
        __typename: 'AuthTokens',
        user: { roles: ['editor'], status: 'ACTIVE' },
      });
      const [row] = await sql<
        { password_hash: string }[]
      >`select password_hash from users where email_canonical = ${email}`;
      expect(row?.password_hash).toMatch(
        fitsAnother({ from }) ? /^imported\./ : /^bcrypt-hmac-sha256\./,
      );
      expect(await server.mutate('login', { email, password })).toMatchObject({
        __typename: 'AuthTokens',
      });
    }
  });

  it('ADV-48 an unverified address signs in by its mailbox, not the old password', async () => {
    const input = `email,hashed_password\nada@example.com,${hash}\n`;
    expect(await runCommand(['import-users', '-'], { env, input })).toMatchObject({ status: 0 });
    const email = 'ada@example.com';
    const password = bcrypt?.password ?? '';
    expect(await server.mutate('login', { email, password })).toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
    const challenge = await server.mutate('requestLoginCode', { email });
    const tokens = await server.mutate('verifyOtp', {
      challengeId: challenge.id,
      code: await server.nextCode(email),
    });
    expect(tokens).toMatchObject({ __typename: 'AuthTokens' });
    expect(await server.mutate('login', { email, password })).toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
  });

  it('reports a thousand bad lines by number, echoes none, imports the others', async () => {
    const bad = [
      (n: number) => `,${hash},Nobody ${n}`,
      (n: number) => `secret-${n}-not-an-address,${hash},Name`,
      (n: number) => `bad${n}@example.com,secret-${n}-no-hash,Name`,
      (n: number) => `few${n}@example.com`,
      (n: number) => `quote${n}@example.com,${hash},Na"me`,
    ];
    const lines = ['email,password_hash,name'];
    const badLines: number[] = [];
    for (let n = 0; n < 3000; n += 1) {
      const make = n % 3 === 0 ? bad[(n / 3) % bad.length] : undefined;
      if (make) badLines.push(lines.length + 1);
      lines.push(make ? make(n) : `good${n}@example.com,${hash},"Name, of ${n}"`);
    }
    expect(badLines).toHaveLength(1000);
    const report = join(folder, 'report.jsonl');
    const path = await file('bad.csv', lines.join('\r\n'));
    const run = await runCommand(
      ['import-users', path, '--assume-verified', '--report', report, '--json'],
      { env },
    );
    expect(JSON.parse(run.stdout)).toMatchObject({ imported: 2000, refused: 1000 });
    expect(run).toMatchObject({ status: 1, stderr: '' });
    const text = await readFile(report, 'utf8');
    const reported: { line: number; reason: string }[] = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(reported.map(({ line }) => line).sort((a, b) => a - b)).toEqual(badLines);
    expect(new Set(reported.map(({ reason }) => reason)).size).toBe(bad.length);
    expect(text).not.toContain('secret');
    expect(text).not.toContain('$2b$');
    expect(await count()).toBe(2000);

    const told = await runCommand(['import-users', path, '--assume-verified'], { env });
    expect(told.stderr.match(/^line \d+: /gm)).toHaveLength(1000);
    expect(told.stdout).toBe('0 imported, 2000 had an account already, 1000 left out.\n');
    expect(told.stderr).not.toContain('secret');
  });

  it('killed half-way and run again, is complete and imports no user twice', async () => {
    const people = 12_000;
    const path = join(folder, 'many.csv');
    const out = createWriteStream(path);
    out.write('email,password_hash\n');
    for (let n = 0; n < people; n += 1) out.write(`many-${n}@example.com,${hash}\n`);
    out.end();
    await once(out, 'close');
    const child = startCommand(['import-users', path, '--assume-verified'], env);
    await expect.poll(count, { timeout: 60_000, interval: 20 }).toBeGreaterThan(1000);
    child.kill('SIGKILL');
    await once(child, 'close');
    // PostgreSQL finishes the statement that it had when the client died.
    const connections = async () =>
      (
        await sql`select from pg_stat_activity where application_name = 'latchkey-import'
        and datname = current_database()`
      ).length;
    await expect.poll(connections).toBe(0);
    const half = await count();
    expect(half).toBeLessThan(people);
    expect(half % 500).toBe(0);
    const again = await runCommand(['import-users', path, '--assume-verified', '--json'], { env });
    expect(JSON.parse(again.stdout)).toEqual({
      imported: people - half,
      existing: half,
      refused: 0,
      dryRun: false,
    });
    expect(await count()).toBe(people);
  });

  it('changes no existing account, whatever the file says', async () => {
    const id = '7b1fbbbc-17ff-4ac8-8b80-5dd4c2b2a2b2';
    const first = `email,id,name,roles\nada@example.com,${id},Ada,editor\n`;
    await runCommand(['import-users', '-', '--assume-verified'], { env, input: first });
    const before = await sql`select * from users`;
    const second =
      'email,id,name,roles,password_hash\n' +
      `ADA@example.com,,Eve,viewer,${hash}\nother@example.com,${id},Eve,,\n`;
    const run = await runCommand(['import-users', '-', '--assume-verified'], {
      env,
      input: second,
    });
    expect(run.stdout).toBe('0 imported, 1 had an account already, 1 left out.\n');
    expect(run.stderr).toBe('line 3: id belongs to an account with another address\n');
    expect(await sql`select * from users`).toEqual(before);
    expect(before).toMatchObject([{ id, name: 'Ada', roles: ['editor'] }]);
  });

  it('AV-1 survives duplicates, cost bombs, invalid UTF-8 and endless lines', async () => {
    const report = join(folder, 'hostile.jsonl');
    const costly = [
      hash.replace(/^\$2b\$\d\d/, '$2b$31'),
      '$argon2id$v=19$m=4194304,t=3,p=4$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaA',
      'pbkdf2_sha256$99999999$saltsaltsalt$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaA==',
      '$scrypt$ln=24,r=8,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaA',
    ];
    const bytes = Buffer.concat([
      Buffer.from('\uFEFFemail,hash,name\r\n'.replace('hash', 'password_hash')),
      Buffer.from('twice@example.com,,First\r\nTWICE@Example.com,,Second\r\n'),
      Buffer.from(
        costly.map((bomb, index) => `bomb${index}@example.com,"${bomb}",Bomb\r\n`).join(''),
      ),
      Buffer.from('latin@example.com,,'),
      Buffer.from('Jos\u00e9', 'latin1'),
      Buffer.from(`\r\n${'x'.repeat(1_000_000)}\r\nlast@example.com,,"Last, of all"`),
    ]);
    const path = join(folder, 'hostile.csv');
    await writeFile(path, bytes);
    const run = await runCommand(['import-users', path, '--report', report, '--json'], { env });
    expect(JSON.parse(run.stdout)).toMatchObject({ imported: 2, existing: 1, refused: 6 });
    const reported = (await readFile(report, 'utf8')).trim().split('\n');
    expect(reported.map((line) => JSON.parse(line)).sort((a, b) => a.line - b.line)).toEqual([
      { line: 3, field: 'email', reason: 'has an account already' },
      { line: 4, field: 'passwordHash', reason: 'the cost of bcrypt is over 14' },
      { line: 5, field: 'passwordHash', reason: expect.stringContaining('Argon2') },
      { line: 6, field: 'passwordHash', reason: expect.stringContaining('PBKDF2') },
      { line: 7, field: 'passwordHash', reason: expect.stringContaining('scrypt') },
      { line: 8, field: 'name', reason: 'is not valid UTF-8' },
      { line: 9, field: null, reason: 'is longer than 64 KiB' },
    ]);
    expect(await sql`select name from users order by name`).toMatchObject([
      { name: 'First' },
      { name: 'Last, of all' },
    ]);
  });

  it('reads columns under other names, Firebase with its project, and rehearses', async () => {
    const mapped = 'Mail;ignored\n'.replace(';', ',');
    const dry = await runCommand(['import-users', '-', '--map', 'Mail=email', '--dry-run'], {
      env,
      input: `${mapped}ada@example.com,x\nada@example.com,x\n`,
    });
    expect(dry.stdout).toBe('1 would be imported, 1 had an account already, 0 left out.\n');
    expect(dry.stderr).toBe('ignored: ignored\n');
    expect(await count()).toBe(0);

    const project = await file(
      'hash-config.json',
      JSON.stringify({
        algorithm: 'SCRYPT',
        base64_signer_key:
          'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMX' +
          'An210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==',
        base64_salt_separator: 'Bw==',
        rounds: 8,
        mem_cost: 14,
      }),
    );
    const exported = JSON.stringify({
      localId: 'uLuis',
      email: 'luis@example.com',
      emailVerified: true,
      passwordHash:
        'lSrfV15cpx95_sZS2W9c9Kp6i_LVgQNDNC_qzrCnh1SAyZvqmZqAjTdn3aoItz-VHjoZilo78198JAdRuid5lQ==',
      salt: '42xEC-ixf3L2lw==',
      displayName: 'Luis',
      createdAt: '1714558830000',
      lastSignedInAt: '1714558830000',
      disabled: false,
      providerUserInfo: [],
    });
    const run = await runCommand(['import-users', '-', '--firebase', project], {
      env,
      input: exported,
    });
    expect(run).toMatchObject({ status: 0, stderr: 'ignored: localId\n' });
    const tokens = await server.mutate('login', {
      email: 'luis@example.com',
      password: 'user1password',
    });
    expect(tokens).toMatchObject({ user: { name: 'Luis', createdAt: '2024-05-01T10:20:30.000Z' } });
    const useless = await runCommand(
      ['import-users', '-', '--firebase', await file('x.json', '{"key":"s3cr3t"}')],
      {
        env,
      },
    );
    expect(useless).toMatchObject({ status: 2 });
    expect(useless.stderr).not.toContain('s3cr3t');
  });

  it('LG-6 writes one audit event', async () => {
    await sql`delete from audit_events`;
    await runCommand(['import-users', '-'], { env, input: 'email\nada@example.com\nnobody\n' });
    const rows = await sql`select type, actor_id, subject_id, detail from audit_events`;
    expect(rows).toMatchObject([
      {
        type: 'users.imported',
        actor_id: null,
        subject_id: null,
        detail: { imported: 1, existing: 0, refused: 1 },
      },
    ]);
  });
});
