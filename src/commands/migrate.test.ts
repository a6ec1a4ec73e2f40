import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import {
  bareEnvironment,
  productionEnvironment,
  runCommand,
  strongKey,
} from '../testing/command-line.ts';
import { createEmptyDatabase, type EmptyDatabase } from '../testing/empty-database.ts';
import { freePort } from '../testing/free-port.ts';

const role = `latchkey_few_${randomBytes(4).toString('hex')}`;

let database: EmptyDatabase;
let server: TestServer;
beforeAll(async () => {
  database = await createEmptyDatabase();
  const { sql } = database;
  await sql`create role ${sql(role)} login password 'secret'`;
  await sql`revoke create on schema public from public`;
  server = await startTestServer({ config: { secretKeys: [strongKey] } });
});
afterAll(async () => {
  await server.stop();
  await database.sql`drop role ${database.sql(role)}`;
  await database.drop();
});

/** The database's URL with another part. */
function changed(change: (url: URL) => void): string {
  const url = new URL(database.url);
  change(url);
  return url.href;
}

describe('X-37 latchkey migrate', () => {
  const refusals: readonly (readonly [string, () => string, RegExp])[] = [
    ['no server', () => changed((url) => Object.assign(url, { port: '9' })), /does not answer/],
    [
      'a wrong password',
      () => changed((url) => Object.assign(url, { password: 'hunter2' })),
      /refuses the role or its password/,
    ],
    [
      'no such database',
      () => changed((url) => Object.assign(url, { pathname: '/hunter2' })),
      /no database of that name\. Create it: createdb/,
    ],
    [
      'a role that may not create tables',
      () => changed((url) => Object.assign(url, { username: role, password: 'secret' })),
      /the role lacks a right\. Migrate as the owner/,
    ],
    [
      'no such schema',
      () => changed((url) => url.searchParams.set('search_path', 'hunter2')),
      /no schema of the connection’s search_path is there\. Create it/,
    ],
  ];
  it.each(refusals)('says in words that there is %s', async (_, url, words) => {
    const run = await runCommand(['migrate'], {
      env: { ...bareEnvironment, DATABASE_URL: url() },
    });
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toMatch(words);
    expect(run.stderr).toMatch(/^The database: [^{}\n]+\n$/);
    expect(run.stderr).not.toContain('hunter2');
  });

  it('TR-2 X-43 refuses surroundings that a server refuses', async () => {
    const url = { DATABASE_URL: database.url };
    const surroundings = [
      [{ ...url, NODE_TLS_REJECT_UNAUTHORIZED: '0' }, /^NODE_TLS_REJECT_UNAUTHORIZED: must not/m],
      [{ '\ufeffDATABASE_URL': database.url }, /^DATABASE_URL: is set under a name with hidden/m],
      [{ ...url, DATABASE_MAX_CONNECTIONS: '5' }, /^DATABASE_MAX_CONNECTIONS: /m],
    ] as const;
    for (const [env, words] of surroundings) {
      const run = await runCommand(['migrate'], { env: { ...bareEnvironment, ...env } });
      expect(run).toMatchObject({ status: 1, stdout: '' });
      expect(run.stderr).toMatch(words);
    }
  });

  it('needs DATABASE_URL alone, and names it where it is missing or weak', async () => {
    const env = { ...bareEnvironment, DATABASE_URL: database.url };
    const run = await runCommand(['migrate'], { env });
    expect(run).toMatchObject({ status: 0, stdout: 'The database is up to date.\n' });
    expect(run.stderr).toContain('Applying 0000_initial.');
    const none = await runCommand(['migrate'], { env: bareEnvironment });
    expect(none).toMatchObject({ status: 1, stdout: '', stderr: 'DATABASE_URL: is required\n' });
    const plain = await runCommand(['migrate'], {
      env: { ...bareEnvironment, DATABASE_URL: 'postgres://a:b@db.example/x?sslmode=disable' },
    });
    expect(plain.stderr).toMatch(/^DATABASE_URL: turns TLS off/);
  });

  it('and every other command say so too, and a starting server in one line', async () => {
    const env = {
      ...productionEnvironment(server),
      DATABASE_URL: changed((url) => Object.assign(url, { port: '9' })),
    };
    for (const args of [['purge'], ['keys', 'list']]) {
      const run = await runCommand(args, { env });
      expect(run.stderr, args.join(' ')).toMatch(/^The database: does not answer\. [^{}\n]+\n$/);
      expect(run.status).toBe(1);
    }
    const start = await runCommand(['start'], { env: { ...env, PORT: String(await freePort()) } });
    const lines = start.stdout.trim().split('\n');
    const fatal = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'fatal');
    expect(fatal).toEqual([
      {
        level: 'fatal',
        time: expect.any(String),
        event: 'server.not_started',
        msg: expect.stringMatching(/^The database: does not answer\./),
      },
    ]);
    expect(start.status).toBe(1);
  });
});
