import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { productionEnvironment, runCommand, strongKey } from '../testing/command-line.ts';
import { foreignHashes } from '../testing/foreign-hashes.ts';
import { hashesOfTools, toolPassword as password, pepper } from '../testing/foreign-tools.ts';
import { rawSql } from '../testing/raw-sql.ts';

let server: TestServer;
let env: Record<string, string>;
let sql: postgres.Sql;
let folder: string;
beforeAll(async () => {
  server = await startTestServer({ config: { secretKeys: [strongKey] } });
  env = productionEnvironment(server);
  sql = rawSql(server);
  folder = await mkdtemp(join(tmpdir(), 'latchkey-exports-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await sql.end();
  await server.stop();
});
beforeEach(() => sql`delete from users`);

const made = hashesOfTools();
const bcrypt = foreignHashes[0]?.hash ?? '';
const hashOf = (system: string): string => made[system] ?? '';
const importOf = (input: string, ...args: string[]) =>
  runCommand(['import-users', '-', ...args], { env, input });
const login = (email: string, typed = password) =>
  server.mutate('login', { email, password: typed });
const tokens = { __typename: 'AuthTokens' };
const refused = { code: 'INVALID_CREDENTIALS' };

describe('X-46 people who were kept out', () => {
  const exported: readonly (readonly [string, object])[] = [
    ['Auth0', { user_id: 'auth0|1', email_verified: true, blocked: true }],
    ['Better Auth', { emailVerified: true, banned: true, banReason: 'x', banExpires: null }],
    [
      'Supabase',
      { email_confirmed_at: '2024-05-01', banned_until: '2099-01-01', deleted_at: null },
    ],
    [
      'Devise',
      { confirmed_at: '2024-05-01', locked_at: '2024-05-02 10:20:30', failed_attempts: 9 },
    ],
    ['Laravel', { email_verified_at: '2024-05-01', deleted_at: '2024-05-02 10:20:30' }],
    ['Django', { is_active: false, verified: true }],
    ['ASP.NET', { EmailConfirmed: 1, LockoutEnd: '9999-12-31 23:59:59 +00:00', LockoutEnabled: 1 }],
    ['ASP.NET membership', { IsApproved: 0, IsLockedOut: 0, is_verified: 1 }],
    ['Firebase', { localId: 'x', emailVerified: true, disabled: true }],
    ['Keycloak', { emailVerified: true, enabled: false, credentials: [] }],
    ['Spring Security', { enabled: true, account_non_locked: false, verified: true }],
    ['WordPress', { spam: '1', deleted: '0', verified: '1' }],
    ['Okta', { status: 'DEPROVISIONED', verified: true }],
    [
      'Cognito',
      {
        Enabled: false,
        UserStatus: 'CONFIRMED',
        Attributes: [{ Name: 'email_verified', Value: 'true' }],
      },
    ],
    ['Kratos', { state: 'inactive', traits: { email: 'kratos@example.com' }, credentials: {} }],
    [
      'Clerk',
      { banned: false, locked: true, email_addresses: [{ email_address: 'clerk@example.com' }] },
    ],
  ];

  it('stay so, under the names of every system', async () => {
    const lines = exported.map(([system, user]) => {
      const email = `${system.toLowerCase().replace(/\W+/g, '-')}@example.com`;
      return JSON.stringify({ email, password_hash: bcrypt, ...user });
    });
    const run = await importOf(lines.join('\n'));
    expect(run).toMatchObject({ status: 0, stdout: expect.stringContaining('16 imported') });
    const free = await sql`select email from users where suspended_at is null`;
    expect([...free]).toEqual([]);
  });

  it('stop the run where nothing says what a column is, until it is mapped or waived', async () => {
    const csv = `email,flagged_by,state\na@example.com,moderator,CA\nb@example.com,,TX\n`;
    const stopped = await importOf(csv, '--assume-verified');
    expect(stopped).toMatchObject({ status: 1, stdout: '' });
    expect(stopped.stderr).toMatch(/`state`.*--map state=suspended.*--ignore state/s);
    expect(await sql`select 1 from users`).toHaveLength(0);
    const [late, early] = ['{"email":"a@example.com"}', '{"email":"b@example.com"}'];
    const json = `${early}\n${late.replace('}', ',"isShadowBanned":true}')}\n`;
    for (const args of [['--dry-run'], []]) {
      const run = await importOf(json, ...args);
      expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('`isShadowBanned`') });
    }
    expect(await sql`select 1 from users`).toHaveLength(0);

    const mapped = await importOf(json, '--map', 'isShadowBanned=suspended');
    expect(mapped).toMatchObject({ status: 0, stderr: '' });
    const kept = await sql`select email from users where suspended_at is not null`;
    expect([...kept]).toEqual([{ email: 'a@example.com' }]);
    await sql`delete from users`;
    const waived = await importOf(csv, '--assume-verified', '--ignore', 'state', 'flagged_by');
    expect(waived).toMatchObject({ status: 0, stdout: expect.stringContaining('2 imported') });
  });

  it('and a second factor is not lost in silence', async () => {
    const csv = 'email,two_factor_enabled\na@example.com,1\nb@example.com,0\n';
    const run = await importOf(csv);
    expect(run).toMatchObject({ status: 1, stdout: expect.stringContaining('1 imported') });
    expect(run.stderr).toMatch(/^line 2: secondFactor cannot be taken along/m);
    const dropped = await importOf(csv, '--drop-second-factors');
    expect(dropped).toMatchObject({ status: 0, stdout: expect.stringContaining('1 imported') });
  });
});

describe('X-48 exports as they come', () => {
  it('a Keycloak realm, of several lines and with everything around the users', async () => {
    const credential = (secretData: object, credentialData: object) => ({
      type: 'password',
      secretData: JSON.stringify(secretData),
      credentialData: JSON.stringify(credentialData),
    });
    const user = (name: string, more: object) => ({
      id: crypto.randomUUID(),
      username: name,
      email: `${name}@keycloak.example`,
      emailVerified: true,
      enabled: true,
      createdTimestamp: 1714558830123,
      firstName: 'Ada',
      lastName: 'Lovelace',
      totp: false,
      attributes: { locale: ['de'] },
      disableableCredentialTypes: [],
      requiredActions: [],
      realmRoles: ['default-roles-app'],
      ...more,
    });
    const [, , , argonSalt = '', argonHash = ''] =
      /^\$(.*)\$v=19\$(.*)\$(.*)\$(.*)$/.exec(
        foreignHashes.find(({ from }) => from.startsWith('argon2-cffi'))?.hash ?? '',
      ) ?? [];
    const parameters = {
      hashLength: ['16'],
      memory: ['1024'],
      type: ['id'],
      version: ['1.3'],
      parallelism: ['2'],
    };
    const pbkdf2 = credential(
      { value: hashOf('Keycloak'), salt: hashOf('Keycloak salt'), additionalParameters: {} },
      { hashIterations: 1000, algorithm: 'pbkdf2-sha256', additionalParameters: {} },
    );
    const argon2 = credential(
      { value: `${argonHash}==`, salt: `${argonSalt}==` },
      { hashIterations: 2, algorithm: 'argon2', additionalParameters: parameters },
    );
    const realm = {
      id: 'app',
      realm: 'app',
      enabled: true,
      roles: { realm: [{ name: 'users', composite: false, attributes: {} }] },
      users: [
        user('ada', { credentials: [pbkdf2] }),
        user('argon', { credentials: [argon2] }),
        user('must', { credentials: [pbkdf2], requiredActions: ['UPDATE_PASSWORD'] }),
        user('app', { credentials: [pbkdf2, { type: 'otp' }] }),
        user('other', {
          credentials: [credential({ value: 'x', salt: 'y' }, { algorithm: 'pbkdf1' })],
        }),
      ],
      clients: [{ clientId: 'account', enabled: true, redirectUris: ['/realms/app/*'] }],
    };
    const path = join(folder, 'realm.json');
    await writeFile(path, JSON.stringify(realm, null, 2));
    const report = join(folder, 'left-out.jsonl');
    const run = await runCommand(['import-users', path, '--report', report], { env });
    expect(run.stdout).toBe('3 imported, 0 had an account already, 2 left out.\n');
    const left = (await readFile(report, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(left.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('--drop-second-factors'),
      expect.stringContaining('algorithm of Keycloak'),
    ]);
    expect(await login('must@keycloak.example')).toMatchObject(refused);
    const argonPassword = 'Grüße an die Möwen ☃ 9';
    expect(await login('argon@keycloak.example', argonPassword)).toMatchObject(tokens);
    if (made['Keycloak'] === undefined) return;
    expect(await login('ada@keycloak.example')).toMatchObject({
      user: { name: 'Ada Lovelace', createdAt: '2024-05-01T10:20:30.123Z' },
    });
  });

  it('Firebase’s CSV, which has no header', async () => {
    const project = join(folder, 'hash-config.json');
    const key =
      'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==';
    const parameters = {
      base64_signer_key: key,
      base64_salt_separator: 'Bw==',
      rounds: 8,
      mem_cost: 14,
    };
    await writeFile(project, JSON.stringify(parameters));
    const hash =
      'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==';
    const line = (id: string, email: string, disabled: string) =>
      [id, email, 'true', hash, '42xEC+ixf3L2lw==', '"Ada, of Firebase"', ...Array(17).fill('')]
        .concat('1714558830000', '1714558830000', '', disabled, '', '')
        .join(',');
    const csv = [
      line('x', 'ada@firebase.example', 'false'),
      line('y', 'eve@firebase.example', 'true'),
    ];
    const run = await importOf(`${csv.join('\n')}\n`, '--firebase', project);
    expect(run).toMatchObject({ status: 0, stdout: expect.stringContaining('2 imported') });
    expect(await login('ada@firebase.example', 'user1password')).toMatchObject({
      user: { name: 'Ada, of Firebase', createdAt: '2024-05-01T10:20:30.000Z' },
    });
    expect(await login('eve@firebase.example', 'user1password')).toMatchObject(refused);
  });

  it('JSON documents of MongoDB, Cognito, Kratos, Clerk, Meteor and DynamoDB', async () => {
    const id = '7b1fbbbc-17ff-4ac8-8b80-5dd4c2b2a2b2';
    const attribute = (Name: string, Value: string) => ({ Name, Value });
    const document = [
      {
        _id: { $oid: '5f7c8ec7c33c6c004bbafe82' },
        email: 'auth0@example.com',
        email_verified: true,
        passwordHash: bcrypt,
        password_set_date: { $date: '2024-05-01T10:20:30.123Z' },
        createdAt: { $date: { $numberLong: '1714558830000' } },
      },
      {
        Username: 'ada',
        Attributes: [
          attribute('sub', id),
          attribute('email', 'cognito@example.com'),
          attribute('email_verified', 'true'),
          attribute('name', 'Ada'),
        ],
        UserCreateDate: '2024-05-01T12:20:30.123000+02:00',
        Enabled: true,
        UserStatus: 'CONFIRMED',
      },
      {
        id,
        credentials: { password: { type: 'password', config: { hashed_password: bcrypt } } },
        state: 'active',
        state_changed_at: '2024-05-01T10:20:30Z',
        traits: { email: 'kratos@example.com', name: { first: 'Ada', last: 'Lovelace' } },
        verifiable_addresses: [{ value: 'kratos@example.com', verified: true }],
        created_at: '2024-05-01T10:20:30.123456Z',
      },
      {
        email_addresses: [
          { id: '1', email_address: 'old@example.com', verification: { status: 'verified' } },
          { id: '2', email_address: 'clerk@example.com', verification: { status: 'verified' } },
        ],
        primary_email_address_id: '2',
        banned: false,
        password_enabled: true,
        created_at: 1714558830000,
      },
      {
        emails: [{ address: 'meteor@example.com', verified: true }],
        services: { password: { bcrypt: hashOf('Meteor') || bcrypt } },
        createdAt: { $date: '2024-05-01T10:20:30Z' },
      },
      {
        Item: {
          email: { S: 'dynamo@example.com' },
          verified: { BOOL: true },
          createdAt: { N: '1714558830' },
          name: { NULL: true },
        },
      },
    ];
    const run = await importOf(JSON.stringify(document, null, 1));
    expect(run).toMatchObject({ status: 1, stdout: expect.stringContaining('5 imported') });
    expect(run.stderr).toContain('id belongs to an account with another address');
    const rows = await sql`select 1 from users where email_verified_at is null
      or created_at not between '2024-05-01 10:20:30' and '2024-05-01 10:20:31'`;
    expect(rows).toHaveLength(0);
    const known = foreignHashes[0]?.password;
    expect(await login('auth0@example.com', known)).toMatchObject(tokens);
    if (made['Meteor'] !== undefined)
      expect(await login('meteor@example.com')).toMatchObject(tokens);
  });

  const systems = [
    'Django',
    'Laravel',
    'WordPress',
    'Devise',
    'ASP.NET',
    'ASP.NET 2',
    'Spring',
    'Spring scrypt',
    'passlib',
    'passlib scrypt',
  ];
  it(`hashes of real tools, of those that are installed: ${Object.keys(made)}`, async () => {
    const here = systems.filter((system) => made[system] !== undefined);
    const address = (system: string): string => `${system.replace(/\W/g, '')}@example.com`;
    const row = (email: string, hash: string) =>
      `${email},"${hash}",1,NULL,0000-00-00 00:00:00,\\N`;
    const csv = [
      'Email,PasswordHash,EmailConfirmed,LockoutEnd,deleted_at,last_login',
      ...here.map((system) => row(address(system), hashOf(system))),
      row('nobody@example.com', hashOf('Django, unusable') || '!unusable'),
      row('pepper@example.com', hashOf('Devise with a pepper') || '!not installed'),
    ];
    const run = await importOf(`${csv.join('\r\n')}\r\n`);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    for (const system of here)
      expect([system, await login(address(system))]).toMatchObject([system, tokens]);
    const [nobody] = await sql`select password_hash from users where email = 'nobody@example.com'`;
    expect(nobody).toEqual({ password_hash: null });
    // What a secret of the application went into can never match; the page says so.
    expect(await login('pepper@example.com')).toMatchObject(refused);
    if (made['Devise with a pepper'] !== undefined)
      expect(await login('pepper@example.com', `${password}${pepper}`)).toMatchObject(tokens);
  });
});

describe('X-47 a password longer than bcrypt reads', () => {
  it('stays the one that was set, whatever ending is typed first', async () => {
    const long = 'eighty characters '.repeat(5);
    const hash = made['longer than 72'];
    const known = foreignHashes.find(({ from }) => from.includes('more than 72'));
    const right = hash === undefined ? (known?.password ?? '') : long;
    await importOf(`email,password\nada@example.com,${hash ?? known?.hash}\n`, '--assume-verified');
    const typed = [`${right.slice(0, 72)} and another ending`, right.slice(0, 72), right];
    for (const each of typed) expect(await login('ada@example.com', each)).toMatchObject(tokens);
    const [row] = await sql<{ hash: string }[]>`select password_hash as hash from users`;
    expect(row?.hash).toMatch(/^imported\./);
    expect(await login('ada@example.com', right.slice(0, 71))).toMatchObject(refused);
  });
});
