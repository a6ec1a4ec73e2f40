import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateJwk, sealPrivateJwk } from '../domain/signing-keys/signing-key.ts';
import { createSecretKeys } from '../secret-keys.ts';
import { startCommand } from '../testing/command-line.ts';
import { bundledProgram } from '../testing/compiled.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { freePort } from '../testing/free-port.ts';
import { rawSql } from '../testing/raw-sql.ts';

const secret = randomBytes(32);
let database: TestDatabase;
let sql: ReturnType<typeof rawSql>;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = rawSql({ database });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

type Outcome = { status: number | null; stdout: string; stderr: string };

const environment = (): Record<string, string> => ({
  DATABASE_URL: database.url ?? '',
  SECRET_KEY: secret.toString('base64'),
  PUBLIC_URL: 'http://localhost:4000',
  JWT_ALGORITHM: 'ES256',
  MAIL_TRANSPORT: 'smtp',
  SMTP_URL: 'smtp://localhost:2525',
  MAIL_FROM: 'no-reply@example.com',
});

/** Runs the command as an operator does, in its own process. */
async function latchkey(
  args: readonly string[],
  change: Record<string, string> = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [bundledProgram(), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment(), ...change },
  });
  const status = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await status, stdout, stderr };
}

describe('latchkey keys', { timeout: 300_000 }, () => {
  it('exits with 2 for wrong usage, and 0 for --help', async () => {
    const wrong = [
      ['keys', 'rotate', '--signs-in', '5'],
      ['keys', 'remove'],
      ['keys', 'turn'],
    ];
    for (const args of wrong) {
      const { status, stdout, stderr } = await latchkey(args);
      expect([args, status, stdout]).toEqual([args, 2, '']);
      expect(stderr).toContain('error:');
    }
    const help = await latchkey(['keys', 'rotate', '--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help.stdout).toContain('--signs-in <seconds>');
  });

  it('exits with 1 and says why when the configuration or the kid is wrong', async () => {
    const unset = await latchkey(['keys', 'list'], { SECRET_KEY: '' });
    expect(unset).toMatchObject({ status: 1, stdout: '' });
    expect(unset.stderr).toContain('SECRET_KEY: is required');
    const unknown = await latchkey(['keys', 'remove', 'nothing']);
    expect(unknown).toMatchObject({ status: 1, stdout: '' });
    expect(unknown.stderr).toContain('There is no key of that kid in use.');
  });

  it('JW-10 creates keys, lists them and removes one', async () => {
    const first = await latchkey(['keys', 'rotate']);
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(first.stdout).toMatch(
      /^The key [0-9a-f]{24} is published now and signs from \d{4}-[\dT:.-]+Z\.\n$/,
    );
    const second = await latchkey(['keys', 'rotate', '--signs-in', '20']);
    const kids = [first, second].map(({ stdout }) => /[0-9a-f]{24}/.exec(stdout)?.[0] ?? '');

    const listed = await latchkey(['keys', 'list', '--json']);
    // The first key has no earlier one to wait for. A standby key is made with it.
    const [standby, ...others] = JSON.parse(listed.stdout);
    expect(standby).toMatchObject({ algorithm: 'ES256', state: 'standby' });
    expect(others).toMatchObject([
      { kid: kids[1], algorithm: 'ES256', state: 'next', expiresAt: null },
      { kid: kids[0], algorithm: 'ES256', state: 'active' },
    ]);
    expect(listed.stdout).not.toMatch(/sealed|private|jwk/i);
    const removed = await latchkey(['keys', 'remove', kids[0] ?? '']);
    expect(removed.stdout).toContain(`The key ${kids[0]} is removed.`);
    expect(removed.stdout).toContain(`The key ${standby.kid} signs from `);
    const table = (await latchkey(['keys', 'list'])).stdout.trimEnd().split('\n');
    expect(table[0]).toMatch(/^KID +ALGORITHM +STATE +CREATED +SIGNS FROM +VERIFIES UNTIL$/);
    expect(table.slice(1).map((line) => line.split(/ +/).slice(0, 3))).toEqual([
      [expect.stringMatching(/^[0-9a-f]{24}$/), 'ES256', 'standby'],
      [kids[1], 'ES256', 'next'],
      [standby.kid, 'ES256', 'active'],
      [kids[0], 'ES256', 'removed'],
    ]);
  });

  /** The kids by state. */
  const states = async (): Promise<Record<string, string>> => {
    const { stdout } = await latchkey(['keys', 'list', '--json']);
    const rows: { kid: string; state: string }[] = JSON.parse(stdout);
    return Object.fromEntries(rows.map(({ kid, state }) => [state, kid]));
  };
  /** Puts a standby key that this SECRET_KEY does not open. */
  const spoilStandby = async (): Promise<string> => {
    const [row] = await sql`update signing_keys set sealed_private_jwk = ${randomBytes(64)}
      where active_from > '9000-01-01' and removed_at is null returning kid`;
    return row?.['kid'];
  };

  it('X-26 replaces a standby key of another SECRET_KEY on rotate and on remove', async () => {
    await latchkey(['keys', 'rotate']);
    const rotated = await spoilStandby();
    expect((await latchkey(['keys', 'rotate'])).status).toBe(0);
    expect((await states())['standby']).toMatch(/^[0-9a-f]{24}$/);
    expect((await states())['standby']).not.toBe(rotated);
    const stale = await spoilStandby();
    const removed = await latchkey(['keys', 'remove', (await states())['active'] ?? '']);
    expect(removed.status).toBe(0);
    // On a busy machine the next key may sign by then, and nothing more is said.
    expect(removed.stdout).toMatch(/^The key [0-9a-f]{24} (?:signs from|is removed)/m);
    expect(removed.stdout).not.toContain(stale);
    const after = await states();
    expect([after['active'], after['standby'], after['next']]).not.toContain(stale);
    expect(after['standby']).toMatch(/^[0-9a-f]{24}$/);
  });

  it('X-26 a server starts beside such a key, says so, and replaces it', async () => {
    await latchkey(['keys', 'rotate']);
    const stale = await spoilStandby();
    const child = startCommand(['start'], {
      ...environment(),
      HOST: '127.0.0.1',
      PORT: String(await freePort()),
    });
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      if (line.includes('server.started')) child.kill('SIGTERM');
    }
    expect(lines.find((line) => line.includes('signing_keys.unusable'))).toContain(stale);
    expect(lines.join()).toContain('server.started');
    const { standby } = await states();
    expect(standby).toMatch(/^[0-9a-f]{24}$/);
    expect(standby).not.toBe(stale);
  });

  it('JW-9 a server with a weak key does not start: status 1', async () => {
    const { privateJwk } = await generateJwk('HS256');
    const weak = { ...privateJwk, k: randomBytes(16).toString('base64url') };
    const sealed = sealPrivateJwk(createSecretKeys([secret]), 'weak', weak);
    await sql`insert into signing_keys (kid, algorithm, sealed_private_jwk, created_at, active_from)
      values ('weak', 'HS256', ${Buffer.from(sealed)}, now(), now())`;
    const { status, stdout, stderr } = await latchkey(['start']);
    expect(status).toBe(1);
    expect(`${stdout}${stderr}`).toContain('The signing key weak is shorter than 32 bytes.');
    expect(`${stdout}${stderr}`).not.toContain(String(weak.k));
  });
});
