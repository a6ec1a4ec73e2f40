import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { productionEnvironment, runCommand, strongKey } from '../testing/command-line.ts';
import { createEmptyDatabase } from '../testing/empty-database.ts';
import { tableSystems } from '../testing/old-systems.ts';
import { rawSql } from '../testing/raw-sql.ts';

const page = (name: string) => readFile(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

let server: TestServer;
let env: Record<string, string>;
let sql: postgres.Sql;
let folder: string;
beforeAll(async () => {
  server = await startTestServer({ config: { secretKeys: [strongKey] } });
  env = productionEnvironment(server);
  sql = rawSql(server);
  folder = await mkdtemp(join(tmpdir(), 'latchkey-migrating-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await sql.end();
  await server.stop();
});

/** What a statement of the page writes. */
async function copied(old: postgres.Sql, statement: string): Promise<string> {
  // biome-ignore lint/plugin: the statement comes from the page.
  return text(await old.unsafe(statement).readable());
}

describe('the queries of docs/tutorials', () => {
  beforeEach(() => sql`delete from users`);

  it.each(tableSystems)(
    'export users from $title, with any delimiter',
    async ({ slug, password, fill, user }) => {
      const markdown = await page(`tutorials/moving-from-${slug}.md`);
      const statement = /```sql\n([\s\S]*?)```/.exec(markdown)?.[1] ?? '';
      const [, options = ''] = /import-users users\.csv(.*)\n```/.exec(markdown) ?? [];
      const old = await createEmptyDatabase();
      await fill(old.sql);
      const exported = await copied(old.sql, statement);
      const between = (delimiter: string): Promise<string> =>
        copied(old.sql, statement.replace('csv, header)', `csv, header, delimiter ${delimiter})`));
      const others = [await between("';'"), await between("e'\\t'"), await between("'|'")];
      await old.drop();
      expect(exported).toMatch(/^[\w,]+\n/);
      const file = join(folder, 'users.csv');
      await writeFile(file, exported);
      const run = await runCommand(
        ['import-users', file, '--json', ...options.split(' ').filter(Boolean)],
        { env },
      );
      expect(run).toMatchObject({ status: 0, stderr: '' });
      expect(JSON.parse(run.stdout)).toMatchObject({ imported: 2, refused: 0 });
      // spreadsheets and databases write other delimiters.
      for (const input of others) {
        const args = ['import-users', '-', '--dry-run', ...options.split(' ').filter(Boolean)];
        const again = await runCommand(args, { env, input });
        expect(again).toMatchObject({ status: 0, stderr: '' });
        expect(again.stdout).toBe('0 would be imported, 2 had an account already, 0 left out.\n');
      }
      const [email = ''] = /ada@\w+\.example/.exec(exported) ?? [];
      const tokens = await server.mutate('login', { email, password });
      expect(tokens).toMatchObject({
        __typename: 'AuthTokens',
        user: { ...user, emailVerified: true },
      });
      const refused = await server.mutate('login', {
        email: email.replace('ada', 'eve'),
        password,
      });
      expect(refused).toMatchObject({ code: 'INVALID_CREDENTIALS' });
    },
  );

  it('meet fields that docs/migrating.md names', async () => {
    const markdown = await page('migrating.md');
    for (const field of [
      'email',
      'password_hash',
      'salt',
      'email_verified',
      'name',
      'roles',
      'suspended',
      'locale',
    ]) {
      expect(markdown).toContain(`\`${field}\``);
    }
  });
});
