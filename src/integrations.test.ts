import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { snippets } from './testing/snippets.ts';

const folder = 'docs/integrations';
const pages = readdirSync(folder);

describe('the pages of docs/integrations', () => {
  it('are all in their index, which the README links to', () => {
    const index = readFileSync(`${folder}/README.md`, 'utf8');
    for (const page of pages) if (page !== 'README.md') expect(index).toContain(`(${page})`);
    expect(readFileSync('README.md', 'utf8')).toContain(`(${folder})`);
  });

  it.each(pages)('%s has only valid YAML and JSON', (page) => {
    for (const text of snippets(page, 'yaml'))
      expect(parseYaml(text, { strict: true })).toBeTypeOf('object');
    for (const text of snippets(page, 'json')) expect(JSON.parse(text)).toBeTypeOf('object');
  });
});

describe('X-45 the documents', () => {
  it('name one size of RSA keys, that of the keys that are made', () => {
    const text = readFileSync('docs/security.md', 'utf8');
    const sizes = [...text.matchAll(/(?:RSA of|RS256 \() ?(\d+)/g)].map(([, bits]) => bits);
    expect(new Set(sizes)).toEqual(new Set(['3072']));
    expect(sizes.length).toBeGreaterThan(1);
  });
});

describe('the install commands of the docs', () => {
  const told = (text: string) =>
    [...text.matchAll(/\b(?:npm (?:i|install|add|exec)|npx|pnpm|yarn)\b[^\n`#]*/g)].map(
      ([command]) => command,
    );
  /** None of our packages is published: by name, npm would install a package of someone else. */
  const isOfStrangers = (command: string) =>
    /\s@?latchkey(?![\w.-]*\.tgz)/.test(command) && !command.includes('--no-install');

  it('never install one of our packages by name', () => {
    const files = ['.', 'docs', 'examples', 'packages'].flatMap((each) =>
      readdirSync(each, { recursive: each !== '.', encoding: 'utf8' })
        .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
        .map((name) => posix.join(each, name)),
    );
    expect(files).toEqual(expect.arrayContaining(['README.md', 'packages/client/README.md']));
    const commands = files.flatMap((file) => told(readFileSync(file, 'utf8')));
    expect(commands).toContain('npm install ../latchkey/latchkey-client-0.2.0.tgz');
    expect(commands.filter(isOfStrangers)).toEqual([]);
  });

  it.each(['npm install latchkey', 'npm i react @latchkey/client', 'npx latchkey dev'])(
    'would include: %s',
    (command) => {
      expect(told(command).filter(isOfStrangers)).toEqual([command]);
    },
  );
});

describe('the policy for PostgREST', () => {
  const server = inject('testServer');
  const name = `${server?.prefix}postgrest`;
  let admin: postgres.Sql;
  let app: postgres.Sql;
  beforeAll(async () => {
    admin = postgres(server?.adminUrl ?? '', { max: 1 });
    await admin`create database ${admin(name)}`;
    const url = new URL(server?.adminUrl ?? '');
    url.pathname = `/${name}`;
    app = postgres(url.href, { max: 1 });
    const [sql = ''] = snippets('postgrest.md', 'sql');
    // Roles belong to the whole cluster, which other runs may share.
    // biome-ignore lint/plugin: our own page, with many statements.
    await app.unsafe(sql.replaceAll(/\bweb\b/g, `${name}_web`));
  });
  afterAll(async () => {
    await app.end();
    await admin`drop database ${admin(name)}`;
    await admin`drop role ${admin(`${name}_web`)}`;
    await admin.end();
  });

  /** Acts as PostgREST does for a request: sets its role and the claims of its token. */
  const as = <Row extends postgres.Row>(sub: string | null, query: string): Promise<Row[]> =>
    app.begin(async (tx) => {
      await tx`set local role ${tx(`${name}_web`)}`;
      const claims = sub === null ? '' : JSON.stringify({ sub, roles: [] });
      await tx`select set_config('request.jwt.claims', ${claims}, true)`;
      return tx.unsafe<Row[]>(query);
    }) as Promise<Row[]>;

  const ada = '0198b2f0-0000-7000-8000-00000000000a';
  const bob = '0198b2f0-0000-7000-8000-00000000000b';

  it('shows anonymous callers nothing, and refuses writes for another user', async () => {
    expect(await as(null, 'select * from api.notes')).toEqual([]);
    await expect(
      as(null, `insert into api.notes (owner, body) values ('${ada}', 'spam')`),
    ).rejects.toThrow('policy');
    await expect(
      as(bob, `insert into api.notes (owner, body) values ('${ada}', 'spam')`),
    ).rejects.toThrow('policy');
  });

  it('shows each user their own rows', async () => {
    await as(ada, "insert into api.notes (body) values ('of Ada')");
    await as(bob, "insert into api.notes (body) values ('of Bob')");
    expect(await as(ada, 'select body from api.notes')).toEqual([{ body: 'of Ada' }]);
    expect(await as(null, 'select body from api.notes')).toEqual([]);
    expect(await as(bob, 'delete from api.notes returning body')).toEqual([{ body: 'of Bob' }]);
  });
});
