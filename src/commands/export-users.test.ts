import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secondsAfter } from '../clock.ts';
import { makeAdministrator } from '../testing/administrators.ts';
import { writeProvidersFile } from '../testing/any-provider.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { productionEnvironment, runCommand, strongKey } from '../testing/command-line.ts';
import { addIdentity } from '../testing/identities.ts';
import { addPasskey } from '../testing/passkeys.ts';
import { freshAddress, goodPassword, registerPerson } from '../testing/people.ts';
import { rawSql } from '../testing/raw-sql.ts';
import { suspendUser } from '../testing/rows.ts';

let server: TestServer;
let other: TestServer;
let env: Record<string, string>;
let sql: postgres.Sql;
let folder: string;
beforeAll(async () => {
  server = await startTestServer({ config: { secretKeys: [strongKey] } });
  other = await startTestServer({ config: { secretKeys: [strongKey] } });
  const rp = { PASSKEY_RP_ID: 'localhost', PASSKEY_ORIGINS: 'http://localhost:3000' };
  env = { ...productionEnvironment(server), ...rp };
  sql = rawSql(server);
  folder = await mkdtemp(join(tmpdir(), 'latchkey-export-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await sql.end();
  await other.stop();
  await server.stop();
});

/** Of the provider at which one of them has an account. */
const issuer = 'https://login.example.com';

type Line = Record<string, unknown> & { id: string; email: string };

async function exported(of: Record<string, string>, ...args: readonly string[]): Promise<Line[]> {
  const run = await runCommand(['export-users', ...args], { env: of });
  expect(run.status).toBe(0);
  const lines = run.stdout.split('\n').slice(0, -1);
  expect(run.stderr).toBe(`${lines.length} users exported.\n`);
  return lines.map((line) => JSON.parse(line));
}

/** One of every kind; the ids by what they are. */
async function makePeople() {
  const admin = await makeAdministrator(server);
  const as = { token: admin.accessToken };
  const ada = await registerPerson(server, { name: 'Ada, "Countess" of Łovelace' });
  const own = { token: ada.accessToken };
  const preferences = { theme: 'dark' };
  await server.mutate('updateProfile', { locale: 'fr', preferences }, own);
  const metadata = { publicMetadata: { banned: 'no', n: 1.5 }, adminMetadata: { note: 'ü' } };
  await server.mutate('setUserMetadata', { userId: ada.id, ...metadata }, as);
  await server.mutate('setUserRoles', { userId: ada.id, roles: ['editor', 'b:c'] }, as);
  const keyed = await registerPerson(server);
  await addPasskey(server, keyed);
  const key = { providerId: 'acme', issuer, subject: 'k-1' };
  await addIdentity(server, { userId: keyed.id, ...key });
  const shut = await registerPerson(server);
  await suspendUser(server, shut.id);
  const paused = await registerPerson(server);
  // The command judges it by real time.
  const until = secondsAfter(new Date(), 30 * 86_400);
  await server.mutate('suspendUser', { userId: paused.id, until }, as);
  const unproved = freshAddress();
  await server.mutate('register', { email: unproved, password: goodPassword });
  return { admin, ada, keyed, shut, paused, until, unproved };
}

describe('latchkey export-users', () => {
  it('refuses wrong usage', async () => {
    for (const after of ['x', '', 'ada@example.com'])
      expect((await runCommand(['export-users', '--after', after], { env })).status).toBe(2);
  });

  it('EXP-1 writes every user, nothing that signs anybody in, and an event', async () => {
    const people = await makePeople();
    const lines = await exported(env);
    expect(lines.map(({ id }) => id)).toEqual(lines.map(({ id }) => id).sort());
    expect(lines).toHaveLength(6);
    const of = (id: string): Line | undefined => lines.find((line) => line.id === id);
    const { admin, ada, keyed, shut, paused } = people;
    expect(of(ada.id)).toEqual({
      id: ada.id,
      email: ada.email,
      email_verified: true,
      name: 'Ada, "Countess" of Łovelace',
      roles: ['editor', 'b:c'],
      locale: 'fr',
      created_at: expect.any(String),
      last_login_at: expect.any(String),
      latchkey_metadata: {
        public: { banned: 'no', n: 1.5 },
        admin: { note: 'ü' },
        preferences: { theme: 'dark' },
      },
    });
    expect(of(admin.id)).toMatchObject({ roles: ['admin'], second_factor: true });
    expect(of(keyed.id)).toMatchObject({
      passkeys: [{ rp_id: 'localhost' }],
      identities: [{ provider: 'acme', issuer, subject: 'k-1' }],
    });
    expect(of(shut.id)).toMatchObject({ suspended: true });
    expect(of(paused.id)).toMatchObject({ suspended_until: people.until.toISOString() });
    expect(of(paused.id)).not.toHaveProperty('suspended');
    const hashes = await sql<{ hash: string }[]>`
      select password_hash as hash from users where password_hash is not null
      union all select encode(sealed_secret, 'base64') from totp_authenticators
      union all select encode(code_hash, 'base64') from recovery_codes`;
    expect(hashes.length).toBeGreaterThan(12);
    const text = JSON.stringify(lines);
    for (const { hash } of hashes) expect(text).not.toContain(hash);
    expect(text).not.toMatch(/bcrypt|"password/);
    const [event] = await sql`
      select actor_id, detail from audit_events where type = 'users.exported'`;
    expect(event).toMatchObject({ actor_id: null, detail: { after: null, by: 'command line' } });
  });

  it('can be read by import-users, into the same users', async () => {
    const run = await runCommand(['export-users'], { env });
    const file = join(folder, 'users.jsonl');
    await writeFile(file, run.stdout);
    const providers = writeProvidersFile(folder, { issuer });
    const there = {
      ...env,
      ...productionEnvironment(other),
      IDENTITY_PROVIDERS_FILE: providers,
    };
    const refused = await runCommand(['import-users', file, '--dry-run', '--json'], { env: there });
    // The administrator, who has a second factor too.
    expect(JSON.parse(refused.stdout)).toMatchObject({ imported: 5, refused: 1 });
    const factors = ['--drop-second-factors', '--map-provider', 'acme=acme'];
    const flags = ['--allow-admins', ...factors, '--json'];
    const imported = await runCommand(['import-users', file, ...flags], { env: there });
    expect([imported.status, JSON.parse(imported.stdout)]).toMatchObject([0, { imported: 6 }]);
    const withoutFactor = ({ second_factor: _, ...line }: Line) => line;
    const before = run.stdout
      .trimEnd()
      .split('\n')
      .map((line) => withoutFactor(JSON.parse(line)));
    expect(await exported(there)).toEqual(before);
  });

  it('goes on after an id, and holds a page at a time', async () => {
    await sql`
      insert into users (id, email, email_canonical, created_at)
      select gen_random_uuid(), 'many' || n || '@example.com', 'many' || n || '@example.com', now()
      from generate_series(1, 1200) n`;
    const all = await exported(env);
    expect(new Set(all.map(({ id }) => id)).size).toBe(1206);
    const middle = all[700]?.id ?? '';
    expect(await exported(env, '--after', middle.toUpperCase())).toEqual(all.slice(701));
    expect(await exported(env, '--after', all.at(-1)?.id ?? '')).toEqual([]);
    const [event] = await sql`
      select detail from audit_events
      where type = 'users.exported' and detail ->> 'after' = ${middle}`;
    expect(event).toMatchObject({ detail: { by: 'command line' } });
  });
});
