import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { productionEnvironment, runCommand, strongKey } from '../testing/command-line.ts';
import { foreignHashes } from '../testing/foreign-hashes.ts';
import { rawSql } from '../testing/raw-sql.ts';

const page = new URL('../../docs/migrating.md', import.meta.url);

let server: TestServer;
let env: Record<string, string>;
let sql: postgres.Sql;
let folder: string;
let markdown: string;
beforeAll(async () => {
  server = await startTestServer({ config: { secretKeys: [strongKey] } });
  env = productionEnvironment(server);
  sql = rawSql(server);
  folder = await mkdtemp(join(tmpdir(), 'latchkey-migrating-'));
  markdown = await readFile(page, 'utf8');
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await sql.end();
  await server.stop();
});

/** A hash as that system writes it. */
function known(from: RegExp): { hash: string; password: string } {
  const found = foreignHashes.find((each) => from.test(each.from));
  if (!found) throw new Error(`There is no hash of ${from.source}.`);
  return found;
}

const id = '7b1fbbbc-17ff-4ac8-8b80-5dd4c2b2a2b2';
const other = '0190a0a0-0000-7000-8000-00000000000a';

type System = {
  readonly title: string;
  readonly known: { hash: string; password: string };
  /** Its tables, with a user who may sign in, ada@…, and one who may not, eve@…. */
  readonly fill: (hash: string) => Promise<unknown>;
  readonly user: Record<string, unknown>;
};

const systems: readonly System[] = [
  {
    title: 'the FastAPI guide',
    known: known(/^argon2-cffi/),
    fill: async (hash) => {
      await sql`create table "user" (id uuid primary key, email text,
        hashed_password text not null, full_name text,
        is_active boolean not null, is_superuser boolean not null)`;
      await sql`insert into "user" values (${id}, 'ada@fastapi.example', ${hash}, 'Ada Lovelace',
        true, true),
        (${other}, 'eve@fastapi.example', ${hash}, null, false, false)`;
    },
    user: { id, name: 'Ada Lovelace', roles: ['admin'] },
  },
  {
    title: 'Authorizer',
    known: known(/\$2a\$/),
    fill: async (hash) => {
      await sql`create table authorizer_users (id char(36) primary key, email text,
        email_verified_at bigint, password text,
        given_name text, family_name text, nickname text, roles text, revoked_timestamp bigint,
        created_at bigint)`;
      await sql`insert into authorizer_users values
        (${id}, 'ada@authorizer.example', 1714558830, ${hash}, 'Ada', 'Lovelace', null,
        'user,admin', null, 1714558830),
        (${other}, 'eve@authorizer.example', 1714558830, ${hash}, null, null, 'eve', 'user',
        1714558830, 1714558830)`;
    },
    user: { id, name: 'Ada Lovelace', roles: ['user'], createdAt: '2024-05-01T10:20:30.000Z' },
  },
  {
    title: 'Supabase Auth',
    known: known(/\$2a\$/),
    fill: async (hash) => {
      await sql`create schema auth`;
      await sql`create table auth.users (id uuid primary key, role varchar(255),
        email varchar(255), encrypted_password varchar(255),
        email_confirmed_at timestamptz, last_sign_in_at timestamptz, raw_app_meta_data jsonb,
        raw_user_meta_data jsonb,
        created_at timestamptz, banned_until timestamptz, deleted_at timestamptz,
        is_anonymous boolean not null default false)`;
      await sql`insert into auth.users values
        (${id}, 'authenticated', 'ada@supabase.example', ${hash}, '2024-05-01 10:20:30+00', now(),
        '{"roles":["editor","team:7"]}',
         '{"full_name":"Ada, Countess \\"L\\""}'::jsonb, '2024-05-01 10:20:30+00', null, null,
         false),
        (${other}, 'authenticated', 'eve@supabase.example', ${hash}, now(), null, '{}', '{}',
        now(), now() + interval '1 day', null, false),
        (gen_random_uuid(), 'authenticated', 'gone@supabase.example', ${hash}, now(), null, '{}',
        '{}', now(), null, now(), false)`;
    },
    user: {
      id,
      name: 'Ada, Countess "L"',
      roles: ['editor', 'team:7'],
      createdAt: '2024-05-01T10:20:30.000Z',
    },
  },
  {
    title: 'Better Auth',
    known: known(/^Better Auth/),
    fill: async (hash) => {
      await sql`drop table if exists "user"`;
      await sql`create table "user" (id text primary key, name text not null, email text not null,
        "emailVerified" boolean not null,
        "createdAt" timestamp not null)`;
      await sql`create table account (id text primary key, "userId" text, "providerId" text,
        password text)`;
      await sql`insert into "user" values ('abcDEF123', 'Ada Lovelace', 'ada@better.example',
        true, '2024-05-01 10:20:30'),
        ('eveEVE123', 'Eve', 'eve@better.example', true, '2024-05-01 10:20:30')`;
      await sql`insert into account values ('1', 'abcDEF123', 'credential', ${hash}),
        ('2', 'abcDEF123', 'github', null),
        ('3', 'eveEVE123', 'github', null)`;
    },
    user: { name: 'Ada Lovelace', roles: [], createdAt: '2024-05-01T10:20:30.000Z' },
  },
  {
    title: 'Devise',
    known: known(/\$2a\$/),
    fill: async (hash) => {
      await sql`alter table users rename to latchkey_users`;
      await sql`create table users (id bigint, email text, encrypted_password text,
        confirmed_at timestamp, locked_at timestamp, created_at timestamp,
        last_sign_in_at timestamp)`;
      await sql`insert into users values
        (1, 'ada@devise.example', ${hash}, '2024-05-01 10:20:30', null, '2024-05-01 10:20:30.5',
        null),
        (2, 'eve@devise.example', ${hash}, now(), now(), now(), null)`;
    },
    user: { createdAt: '2024-05-01T10:20:30.500Z' },
  },
  {
    title: 'Laravel',
    known: known(/Laravel/),
    fill: async (hash) => {
      await sql`alter table users rename to latchkey_users`;
      await sql`create table users (id bigint, name text, email text,
        email_verified_at timestamp, password text, created_at timestamp, deleted_at timestamp)`;
      await sql`insert into users values
        (1, 'Ada Lovelace', 'ada@laravel.example', '2024-05-01 10:20:30', ${hash},
        '2024-05-01 10:20:30', null),
        (2, 'Eve', 'eve@laravel.example', now(), ${hash}, now(), now())`;
    },
    user: { name: 'Ada Lovelace', createdAt: '2024-05-01T10:20:30.000Z' },
  },
  {
    title: 'Django',
    known: known(/^Django pbkdf2_sha256/),
    fill: async (hash) => {
      await sql`create table auth_user (id int, email text, password text, first_name text,
        last_name text, is_active boolean, date_joined timestamptz, last_login timestamptz)`;
      await sql`insert into auth_user values
        (1, 'ada@django.example', ${hash}, 'Ada', 'Lovelace', true, '2024-05-01 10:20:30+00', null),
        (2, 'eve@django.example', ${hash}, '', '', false, now(), null)`;
    },
    user: { name: 'Ada Lovelace', createdAt: '2024-05-01T10:20:30.000Z' },
  },
  {
    title: 'ASP.NET Identity',
    known: known(/^ASP\.NET/),
    fill: async (hash) => {
      await sql`create table "AspNetUsers" ("Id" text, "Email" text, "EmailConfirmed" boolean,
        "PasswordHash" text, "LockoutEnd" timestamptz, "TwoFactorEnabled" boolean)`;
      await sql`insert into "AspNetUsers" values
        (${id}, 'ada@aspnet.example', true, ${hash}, '2024-05-01 10:20:30+00', false),
        (${other}, 'eve@aspnet.example', true, ${hash}, 'infinity', false)`;
    },
    user: { id },
  },
];

/** What a statement of the page writes. */
async function copied(statement: string): Promise<string> {
  // biome-ignore lint/plugin: the statement comes from the page.
  return text(await sql.unsafe(statement).readable());
}

/** Devise and Laravel have a table of the same name as ours. */
async function putBack(): Promise<void> {
  const [ours] = await sql`select to_regclass('latchkey_users') as name`;
  if (ours?.['name'] === null) return;
  await sql`drop table users`;
  await sql`alter table latchkey_users rename to users`;
}

describe('docs/migrating.md', () => {
  beforeEach(() => sql`delete from users`);

  it.each(systems)(
    'imports users from $title, with the page’s own statements',
    async ({ title, known, fill, user }) => {
      const section =
        markdown.split(/^## /m).find((each) => each.startsWith(`From ${title}`)) ?? '';
      const statement = /```sql\n([\s\S]*?)```/.exec(section)?.[1] ?? '';
      const [, options = ''] = /import-users users\.csv(.*)\n/.exec(section) ?? [];
      await fill(known.hash);
      const exported = await copied(statement);
      const between = (delimiter: string): Promise<string> =>
        copied(statement.replace('csv, header)', `csv, header, delimiter ${delimiter})`));
      const others = [await between("';'"), await between("e'\\t'"), await between("'|'")];
      await putBack();
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
      const tokens = await server.mutate('login', { email, password: known.password });
      expect(tokens).toMatchObject({
        __typename: 'AuthTokens',
        user: { ...user, emailVerified: true },
      });
      const refused = await server.mutate('login', {
        email: email.replace('ada', 'eve'),
        password: known.password,
      });
      expect(refused).toMatchObject({ code: 'INVALID_CREDENTIALS' });
    },
  );

  it('names every field, and Firebase’s parameters as the command takes them', () => {
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
    expect(markdown).toContain('--firebase hash-config.json');
  });
});
