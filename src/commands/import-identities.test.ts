import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { productionEnvironment, runCommand, strongKey } from '../testing/command-line.ts';
import { signInByProvider } from '../testing/identities.ts';
import { startIdentityProvider, type TestIdentityProvider } from '../testing/identity-provider.ts';
import { rawSql } from '../testing/raw-sql.ts';

let provider: TestIdentityProvider;
let server: TestServer;
let env: Record<string, string>;
let sql: postgres.Sql;
let folder: string;
beforeAll(async () => {
  provider = await startIdentityProvider();
  server = await startTestServer({
    config: {
      secretKeys: [strongKey],
      identityAllowPrivate: true,
      identityProviders: [provider.entry()],
    },
  });
  folder = await mkdtemp(join(tmpdir(), 'latchkey-identities-'));
  const file = join(folder, 'providers.json');
  // Production takes no provider on this machine; `toDouble` says that it is ours.
  const issuer = 'https://id.example.com';
  const entry = { id: 'double', name: 'Double', kind: 'oidc', issuer, clientId: 'latchkey' };
  await writeFile(file, JSON.stringify([entry]));
  env = { ...productionEnvironment(server), IDENTITY_PROVIDERS_FILE: file };
  sql = rawSql(server);
});
afterAll(async () => {
  await sql.end();
  await server.stop();
  await provider.stop();
  await rm(folder, { recursive: true });
});
beforeEach(() => sql`delete from users`);

const toDouble = () => sql`update identities set issuer = ${provider.issuer}`;

const mapped = ['--map-provider', 'google=double'];

const importOf = (lines: readonly object[], ...args: string[]) =>
  runCommand(['import-users', '-', ...args], {
    env,
    input: lines.map((line) => JSON.stringify(line)).join('\n'),
  });

const user = (email: string, ...identities: unknown[]) => ({
  email,
  email_verified: true,
  identities,
});
const google = (subject: unknown) => ({ provider: 'google', subject });

/** What the server answers whoever the provider vouches for under this name. */
async function signIn(subject: string, email = 'elsewhere@example.com') {
  provider.user = { sub: subject, email, email_verified: true };
  return signInByProvider(server, provider);
}

describe('linked accounts of an import', () => {
  it('sign their users in, whatever address the provider names', async () => {
    const run = await importOf([user('ada@example.com', google('1047'))], ...mapped);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    await toDouble();
    expect(await signIn('1047')).toMatchObject({
      __typename: 'AuthTokens',
      user: { email: 'ada@example.com' },
    });
    const [row] = await sql`select label, email_at_link from identities`;
    expect(row).toMatchObject({ email_at_link: null });
    expect(await signIn('1048')).toMatchObject({ __typename: 'OtpChallenge' });
  });

  it('ADV-64 are those of our provider, by its id and its issuer', async () => {
    await importOf([user('ada@example.com', google('1047'))], ...mapped);
    const [row] = await sql`select provider_id, issuer, subject from identities`;
    expect(row).toEqual({
      provider_id: 'double',
      issuer: 'https://id.example.com',
      subject: '1047',
    });
  });

  it('are left out and counted by name where nobody has mapped their provider', async () => {
    const run = await importOf(
      [
        user('ada@example.com', google('1'), { provider: 'twitter', subject: '2' }),
        user('eve@example.com', { provider: 'twitter', subject: '3' }),
        user('bob@example.com', { provider: 'git\u001b[31mhub', subject: '4' }),
      ],
      ...mapped,
    );
    expect(run).toMatchObject({ status: 0, stdout: expect.stringContaining('3 imported') });
    expect(run.stderr).toBe(
      'identities left out, by provider: twitter (2), git [31mhub (1). ' +
        '--map-provider NAME=ID says which of our providers that is.\n',
    );
    expect(await sql`select subject from identities`).toHaveLength(1);
  });

  it.each([
    ['an unknown provider', 'google=nowhere', 'IDENTITY_PROVIDERS_FILE has no provider nowhere.'],
    ['no provider', 'google', 'It must be NAME=ID.'],
  ])('stop the run where --map-provider names %s', async (_title, given, reason) => {
    const run = await importOf([user('ada@example.com')], '--map-provider', given);
    expect(run.status).not.toBe(0);
    expect(run.stderr).toContain(reason);
    expect(await sql`select 1 from users`).toHaveLength(0);
  });

  it('ID-6 leave the line out that says nothing of its user, by member and rule', async () => {
    const run = await importOf(
      [user('ada@example.com', google(null)), user('eve@example.com', google(7))],
      ...mapped,
    );
    expect(run).toMatchObject({ status: 1, stdout: expect.stringContaining('1 imported') });
    expect(run.stderr).toContain('line 1: identities [0].subject is not 1 to 255 characters');
  });

  it('that another user has stay that user’s, and the line is told; rehearsed, too', async () => {
    const lines = [
      user('ada@example.com', google('1')),
      user('eve@example.com', google('1'), google('2')),
    ];
    const told = 'line 2: identities has one that is linked to another account';
    const rehearsal = await importOf(lines, ...mapped, '--dry-run');
    expect(rehearsal).toMatchObject({ status: 1, stderr: expect.stringContaining(told) });
    expect(await sql`select 1 from users`).toHaveLength(0);
    const run = await importOf(lines, ...mapped);
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining(told) });
    const rows = await sql`
      select email, subject from identities join users on users.id = user_id order by subject`;
    expect([...rows]).toEqual([
      { email: 'ada@example.com', subject: '1' },
      { email: 'eve@example.com', subject: '2' },
    ]);
    const later = [user('mallory@example.com', google('2'))];
    for (const more of [['--dry-run'], []])
      expect((await importOf(later, ...mapped, ...more)).stderr).toContain(
        'line 1: identities has one that is linked to another account',
      );
  });

  it('change nothing when the import runs once more', async () => {
    const lines = [user('ada@example.com', google('1'))];
    await importOf(lines, ...mapped);
    const again = await importOf(lines, ...mapped);
    expect(again).toMatchObject({ status: 0, stdout: expect.stringContaining('1 had an account') });
    expect(await sql`select 1 from identities`).toHaveLength(1);
  });

  it.each([
    [
      'a mailed code',
      async () => {
        const { id } = await server.mutate('requestLoginCode', { email: 'ada@example.com' });
        const code = await server.nextCode('ada@example.com');
        return server.mutate('verifyOtp', { challengeId: id, code });
      },
    ],
    [
      'a reset of the password',
      async () => {
        await server.mutate('requestPasswordReset', { email: 'ada@example.com' });
        const token = await server.nextToken('ada@example.com');
        const newPassword = 'walnut ferry copper tuesday';
        return server.mutate('resetPassword', { token, newPassword });
      },
    ],
  ])('ADV-9 RC-7 end where %s proves the address first', async (_title, claim) => {
    const unproved = { ...user('ada@example.com', google('1')), email_verified: false };
    expect((await importOf([unproved], ...mapped)).status).toBe(0);
    await toDouble();
    expect(await claim()).not.toHaveProperty('code');
    expect(await sql`select 1 from identities`).toHaveLength(0);
  });

  it('ADV-9 sign no one in before the address is proved', async () => {
    const unproved = { ...user('ada@example.com', google('1')), email_verified: false };
    await importOf([unproved], ...mapped);
    await toDouble();
    expect(await signIn('1', 'ada@example.com')).toMatchObject({
      __typename: 'OtpChallenge',
      purpose: 'LINK_IDENTITY',
    });
  });
});

describe('the columns for linked accounts in docs/migrating.md', () => {
  const id = '7b1fbbbc-17ff-4ac8-8b80-5dd4c2b2a2b2';
  const systems: readonly {
    title: string;
    from: string;
    fill: (tx: postgres.TransactionSql) => Promise<unknown>;
  }[] = [
    {
      title: 'Supabase',
      from: 'users',
      fill: async (tx) => {
        await tx`create schema auth`;
        await tx`create table users (id uuid)`;
        await tx`insert into users values (${id})`;
        await tx`create table auth.identities (provider_id text, user_id uuid,
          identity_data jsonb, provider text)`;
        await tx`insert into auth.identities values
          ('1047', ${id}, '{"iss":"https://accounts.google.com","sub":"1047"}', 'google'),
          (${id}, ${id}, '{"sub":"x","email":"ada@example.com"}', 'email')`;
      },
    },
    {
      title: 'Better Auth',
      from: '"user" u',
      fill: async (tx) => {
        await tx`create table "user" (id text)`;
        await tx`insert into "user" values ('abcDEF123')`;
        await tx`create table account (id text, "accountId" text, "providerId" text,
          "userId" text, password text)`;
        await tx`insert into account values ('1', '1047', 'google', 'abcDEF123', null),
          ('2', 'abcDEF123', 'credential', 'abcDEF123', 'hash')`;
      },
    },
    {
      title: 'or NextAuth',
      from: '"User" u',
      fill: async (tx) => {
        await tx`create table "User" (id text)`;
        await tx`insert into "User" values ('cm4a0')`;
        await tx`create table "Account" ("userId" text, type text, provider text,
          "providerAccountId" text)`;
        await tx`insert into "Account" values ('cm4a0', 'oidc', 'google', '1047')`;
      },
    },
  ];

  it.each(systems)('bring those of $title along', async ({ title, from, fill }) => {
    const page = await readFile(new URL('../../docs/migrating.md', import.meta.url), 'utf8');
    const section = page.split(/^## /m).find((each) => each.startsWith('Linked accounts')) ?? '';
    const [, after = ''] = section.split(new RegExp(`${title}(?=,)`));
    const [, column = ''] = /```sql\n([\s\S]*?)```/.exec(after) ?? [];
    class Done extends Error {}
    const exported: object[] = [];
    await sql
      .begin(async (tx) => {
        await tx`create schema other`;
        await tx`set local search_path to other`;
        await fill(tx);
        const own = `'ada@example.com' as email, true as email_verified`;
        // biome-ignore lint/plugin: the column comes from the page.
        exported.push(...(await tx.unsafe(`select ${own}, ${column} from ${from}`)));
        throw new Done();
      })
      .catch((error: unknown) => {
        if (!(error instanceof Done)) throw error;
      });
    expect(await importOf(exported, ...mapped)).toMatchObject({ status: 0, stderr: '' });
    await toDouble();
    expect(await signIn('1047')).toMatchObject({ __typename: 'AuthTokens' });
    expect(await sql`select 1 from identities`).toHaveLength(1);
  });
});
