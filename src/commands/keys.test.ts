import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateJwk, sealPrivateJwk } from '../domain/signing-keys/signing-key.ts';
import { createSecretKeys } from '../secret-keys.ts';
import { bundledProgram } from '../testing/compiled.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
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

/** Runs the command as an operator does, in its own process. */
async function latchkey(
  args: readonly string[],
  change: Record<string, string> = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [bundledProgram(), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      DATABASE_URL: database.url ?? '',
      SECRET_KEY: secret.toString('base64'),
      PUBLIC_URL: 'http://localhost:4000',
      JWT_ALGORITHM: 'ES256',
      MAIL_TRANSPORT: 'smtp',
      SMTP_URL: 'smtp://localhost:2525',
      MAIL_FROM: 'no-reply@example.com',
      ...change,
    },
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
    // The first key has no earlier one to wait for.
    expect(JSON.parse(listed.stdout)).toMatchObject([
      { kid: kids[1], algorithm: 'ES256', state: 'next', expiresAt: null },
      { kid: kids[0], algorithm: 'ES256', state: 'active' },
    ]);
    expect(listed.stdout).not.toMatch(/sealed|private|jwk/i);
    const removed = await latchkey(['keys', 'remove', kids[0] ?? '']);
    expect(removed.stdout).toContain(`The key ${kids[0]} is removed.`);
    expect(removed.stdout).toContain(`The key ${kids[1]} signs from `);
    const table = (await latchkey(['keys', 'list'])).stdout.trimEnd().split('\n');
    expect(table[0]).toMatch(/^KID +ALGORITHM +STATE +CREATED +SIGNS FROM +VERIFIES UNTIL$/);
    expect(table.slice(1).map((line) => line.split(/ +/).slice(0, 3))).toEqual([
      [kids[1], 'ES256', 'active'],
      [kids[0], 'ES256', 'removed'],
    ]);
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
