import type postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { productionEnvironment, type Run, runCommand, strongKey } from '../testing/command-line.ts';
import { foreignHashes } from '../testing/foreign-hashes.ts';
import { rawSql } from '../testing/raw-sql.ts';

let server: TestServer;
let env: Record<string, string>;
let sql: postgres.Sql;
beforeAll(async () => {
  server = await startTestServer({ config: { secretKeys: [strongKey] } });
  env = productionEnvironment(server);
  sql = rawSql(server);
});
afterAll(async () => {
  await sql.end();
  await server.stop();
});
beforeEach(() => sql`delete from users`);

const bcrypt = foreignHashes[0]?.hash ?? '';
const importOf = (input: string, ...args: string[]): Promise<Run> =>
  runCommand(['import-users', '-', ...args], { env, input });

/** Who came in, and whether they may sign in. */
async function people(): Promise<Record<string, 'free' | 'kept out'>> {
  const rows = await sql<{ email: string; suspended_at: Date | null }[]>`
    select email, suspended_at from users order by email`;
  return Object.fromEntries(
    rows.map(({ email, suspended_at }) => [
      email.replace('@example.com', ''),
      suspended_at === null ? 'free' : 'kept out',
    ]),
  );
}

describe('X-46 X-48 columns between other characters than commas', () => {
  const delimiters = [';', '\t', '|'];

  it.each(delimiters)(
    '%j: a column that nobody has settled stops the run by its own name',
    async (delimiter) => {
      const rows = [
        ['id', 'E-Mail', 'locked_level'],
        ['1', 'a@example.com', '2'],
      ];
      const run = await importOf(rows.map((row) => row.join(delimiter)).join('\n'));
      expect(run).toMatchObject({ status: 1, stdout: '' });
      expect(run.stderr).toContain('kept people out: `locked_level`. ');
      expect(await people()).toEqual({});
    },
  );

  it.each(delimiters)('%j: whoever was kept out stays so', async (delimiter) => {
    const between = (rows: string[][]): string =>
      rows.map((row) => `${row.join(delimiter)}\r\n`).join('');
    const plain = between([
      ['id', 'email', 'is_active'],
      ['1', 'a@example.com', 't'],
      ['2', 'b@example.com', 'f'],
    ]);
    const quoted = between([
      ['"ID"', '"EMAIL"', '"IS_ACTIVE"', '"DELETED_AT"'],
      ['1', '"c@example.com"', '"Y"', '"0000-00-00"'],
      ['2', '"d@example.com"', '"N"', '""'],
    ]);
    expect(await importOf(plain)).toMatchObject({ status: 0, stderr: '' });
    expect(await importOf(`\uFEFF${quoted}`)).toMatchObject({ status: 0, stderr: '' });
    const mapped = between([
      ['Mailbox', 'gesperrt'],
      ['e@example.com', '1'],
    ]);
    const map = ['--map', 'Mailbox=email', '--map', 'gesperrt=suspended'];
    expect(await importOf(mapped, ...map)).toMatchObject({ status: 0, stderr: '' });
    expect(await people()).toEqual({
      a: 'free',
      b: 'kept out',
      c: 'free',
      d: 'kept out',
      e: 'kept out',
    });
  });

  it('what mysql --batch writes, which quotes nothing', async () => {
    const rows = [
      ['name', 'email', 'email_verified_at', 'password', 'created_at', 'deleted_at'],
      ['Ada "L" 5"', 'a@example.com', '2024-05-01 10:20:30', bcrypt, '2024-05-01 10:20:30', 'NULL'],
      ['Eve', 'b@example.com', 'NULL', bcrypt, '2024-05-01 10:20:30', '2024-05-02 10:20:30'],
    ];
    const run = await importOf(rows.map((row) => `${row.join('\t')}\n`).join(''));
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(await people()).toEqual({ a: 'free', b: 'kept out' });
    const [ada] = await sql`select name from users where email = 'a@example.com'`;
    expect(ada).toEqual({ name: 'Ada "L" 5"' });
  });
});

describe('X-46 bans without an end', () => {
  it.each(['banned_until', 'lockout_end', 'suspended_at'])(
    'in %s keep out, or the line is left out by its number',
    async (column) => {
      const endless = ['9223372036854775807', '-1', '253402300799', '253402300799000', '-1.0'];
      const rows = endless.map((value, index) => `user${index}@example.com,${value}`);
      const gone = column.endsWith('_at') ? '' : '1714558830';
      const csv = `email,${column}\n${rows.join('\n')}\nfree@example.com,${gone}\n`;
      const run = await importOf(csv);
      expect(run).toMatchObject({ status: 1, stdout: expect.stringContaining('5 imported') });
      expect(run.stderr).toMatch(/^line 6: suspended(?:Until)? is /m);
      expect(run.stderr).not.toContain('-1.0');
      expect(await people()).toEqual({
        free: 'free',
        ...Object.fromEntries([0, 1, 2, 3].map((index) => [`user${index}`, 'kept out'])),
      });
    },
  );

  it('in JSON, whose numbers lose their last digits, keep out as well', async () => {
    const lines = ['9223372036854775807', '-1', '253402300799', '"infinity"'].map(
      (value, index) => `{"email":"user${index}@example.com","banned_until":${value}}`,
    );
    expect(await importOf(lines.join('\n'))).toMatchObject({ status: 0, stderr: '' });
    expect(new Set(Object.values(await people()))).toEqual(new Set(['kept out']));
  });

  it('in a unit that is not known leave the line out, in an account’s end as well', async () => {
    // Ticks of .NET and of Active Directory, and a number that is a code.
    const csv =
      'email,banned_until,account_expires\n' +
      'a@example.com,638500000000000000,\n' +
      'b@example.com,,133500000000000000\n' +
      'c@example.com,2,\n' +
      'd@example.com,0,253402300799\n';
    const run = await importOf(csv);
    expect(run).toMatchObject({ status: 1, stdout: expect.stringContaining('1 imported') });
    expect(run.stderr.match(/^line [234]: .* is a number whose unit is not known$/gm)).toHaveLength(
      3,
    );
    expect(await people()).toEqual({ d: 'free' });
  });
});
