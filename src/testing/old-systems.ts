import { createHmac } from 'node:crypto';
import { hash as bcrypt } from '@node-rs/bcrypt';
import type postgres from 'postgres';
import { foreignHashes } from './foreign-hashes.ts';

/** A system that docs/tutorials has a page for: moving-from-SLUG.md. */
export type OldSystem = {
  readonly slug: string;
  /** In the title of its page. */
  readonly title: string;
  /** Of ada@…, who may sign in; null where the system gives no hashes away. eve@… may not. */
  readonly password: string | null;
  /** Fills an empty database with the system's tables. */
  readonly fill?: (sql: postgres.Sql) => Promise<unknown>;
  /** What its own tools write, by the name of the file. */
  readonly files?: () => Promise<Readonly<Record<string, string>>>;
  /** How many lines of the export are left out, whatever is done. */
  readonly leftOut?: number;
  /** What Ada's account has here. */
  readonly user: Readonly<Record<string, unknown>>;
};

type TableSystem = OldSystem & Required<Pick<OldSystem, 'fill'>>;

const id = '7b1fbbbc-17ff-4ac8-8b80-5dd4c2b2a2b2';
const other = '0190a0a0-0000-7000-8000-00000000000a';

/** A hash as that system writes it. */
function known(from: RegExp): { hash: string; password: string } {
  const found = foreignHashes.find((each) => from.test(each.from));
  if (!found) throw new Error(`There is no hash of ${from.source}.`);
  return found;
}

const argon2 = known(/^argon2-cffi/);
const rails = known(/\$2a\$/);
const betterAuth = known(/^Better Auth/);
const laravel = known(/Laravel/);
const django = known(/^Django pbkdf2_sha256/);
const aspnet = known(/^ASP\.NET/);

/** Those whose users are in PostgreSQL, so that their page has a query. */
export const tableSystems: readonly TableSystem[] = [
  {
    slug: 'fastapi',
    title: 'the FastAPI guide',
    password: argon2.password,
    fill: async (sql) => {
      await sql`create table "user" (id uuid primary key, email text,
        hashed_password text not null, full_name text,
        is_active boolean not null, is_superuser boolean not null)`;
      await sql`insert into "user" values
        (${id}, 'ada@fastapi.example', ${argon2.hash}, 'Ada Lovelace', true, true),
        (${other}, 'eve@fastapi.example', ${argon2.hash}, null, false, false)`;
    },
    user: { id, name: 'Ada Lovelace', roles: ['admin'] },
  },
  {
    slug: 'authorizer',
    title: 'Authorizer',
    password: rails.password,
    fill: async (sql) => {
      await sql`create table authorizer_users (id char(36) primary key, email text,
        email_verified_at bigint, password text,
        given_name text, family_name text, nickname text, roles text, revoked_timestamp bigint,
        created_at bigint)`;
      await sql`insert into authorizer_users values
        (${id}, 'ada@authorizer.example', 1714558830, ${rails.hash}, 'Ada', 'Lovelace', null,
        'user,admin', null, 1714558830),
        (${other}, 'eve@authorizer.example', 1714558830, ${rails.hash}, null, null, 'eve', 'user',
        1714558830, 1714558830)`;
    },
    user: { id, name: 'Ada Lovelace', roles: ['user'], createdAt: '2024-05-01T10:20:30.000Z' },
  },
  {
    slug: 'supabase',
    title: 'Supabase Auth',
    password: rails.password,
    fill: async (sql) => {
      await sql`create schema auth`;
      await sql`create table auth.users (id uuid primary key, role varchar(255),
        email varchar(255), encrypted_password varchar(255),
        email_confirmed_at timestamptz, last_sign_in_at timestamptz, raw_app_meta_data jsonb,
        raw_user_meta_data jsonb,
        created_at timestamptz, banned_until timestamptz, deleted_at timestamptz,
        is_anonymous boolean not null default false)`;
      await sql`insert into auth.users values
        (${id}, 'authenticated', 'ada@supabase.example', ${rails.hash},
        '2024-05-01 10:20:30+00', now(), '{"roles":["editor","team:7"]}',
         '{"full_name":"Ada, Countess \\"L\\""}'::jsonb, '2024-05-01 10:20:30+00', null, null,
         false),
        (${other}, 'authenticated', 'eve@supabase.example', ${rails.hash}, now(), null, '{}', '{}',
        now(), now() + interval '1 day', null, false),
        (gen_random_uuid(), 'authenticated', 'gone@supabase.example', ${rails.hash}, now(), null,
        '{}', '{}', now(), null, now(), false)`;
    },
    user: {
      id,
      name: 'Ada, Countess "L"',
      roles: ['editor', 'team:7'],
      createdAt: '2024-05-01T10:20:30.000Z',
    },
  },
  {
    slug: 'better-auth',
    title: 'Better Auth',
    password: betterAuth.password,
    fill: async (sql) => {
      await sql`create table "user" (id text primary key, name text not null, email text not null,
        "emailVerified" boolean not null,
        "createdAt" timestamp not null)`;
      await sql`create table account (id text primary key, "userId" text, "providerId" text,
        password text)`;
      await sql`insert into "user" values ('abcDEF123', 'Ada Lovelace', 'ada@better.example',
        true, '2024-05-01 10:20:30'),
        ('eveEVE123', 'Eve', 'eve@better.example', true, '2024-05-01 10:20:30')`;
      await sql`insert into account values
        ('1', 'abcDEF123', 'credential', ${betterAuth.hash}),
        ('2', 'abcDEF123', 'github', null),
        ('3', 'eveEVE123', 'github', null)`;
    },
    user: { name: 'Ada Lovelace', roles: [], createdAt: '2024-05-01T10:20:30.000Z' },
  },
  {
    slug: 'devise',
    title: 'Devise',
    password: rails.password,
    fill: async (sql) => {
      await sql`create table users (id bigint, email text, encrypted_password text,
        confirmed_at timestamp, locked_at timestamp, created_at timestamp,
        last_sign_in_at timestamp)`;
      await sql`insert into users values
        (1, 'ada@devise.example', ${rails.hash}, '2024-05-01 10:20:30', null,
        '2024-05-01 10:20:30.5', null),
        (2, 'eve@devise.example', ${rails.hash}, now(), now(), now(), null)`;
    },
    user: { createdAt: '2024-05-01T10:20:30.500Z' },
  },
  {
    slug: 'laravel',
    title: 'Laravel',
    password: laravel.password,
    fill: async (sql) => {
      await sql`create table users (id bigint, name text, email text,
        email_verified_at timestamp, password text, created_at timestamp, deleted_at timestamp)`;
      await sql`insert into users values
        (1, 'Ada Lovelace', 'ada@laravel.example', '2024-05-01 10:20:30', ${laravel.hash},
        '2024-05-01 10:20:30', null),
        (2, 'Eve', 'eve@laravel.example', now(), ${laravel.hash}, now(), now())`;
    },
    user: { name: 'Ada Lovelace', createdAt: '2024-05-01T10:20:30.000Z' },
  },
  {
    slug: 'django',
    title: 'Django',
    password: django.password,
    fill: async (sql) => {
      await sql`create table auth_user (id int, email text, password text, first_name text,
        last_name text, is_active boolean, date_joined timestamptz, last_login timestamptz)`;
      await sql`insert into auth_user values
        (1, 'ada@django.example', ${django.hash}, 'Ada', 'Lovelace', true,
        '2024-05-01 10:20:30+00', null),
        (2, 'eve@django.example', ${django.hash}, '', '', false, now(), null)`;
    },
    user: { name: 'Ada Lovelace', createdAt: '2024-05-01T10:20:30.000Z' },
  },
  {
    slug: 'aspnet-identity',
    title: 'ASP.NET Identity',
    password: aspnet.password,
    fill: async (sql) => {
      await sql`create table "AspNetUsers" ("Id" text, "Email" text, "EmailConfirmed" boolean,
        "PasswordHash" text, "LockoutEnd" timestamptz, "TwoFactorEnabled" boolean)`;
      await sql`insert into "AspNetUsers" values
        (${id}, 'ada@aspnet.example', true, ${aspnet.hash}, '2024-05-01 10:20:30+00', false),
        (${other}, 'eve@aspnet.example', true, ${aspnet.hash}, 'infinity', false)`;
    },
    user: { id },
  },
];

const jsonOf = (value: unknown): string => JSON.stringify(value, null, 2);

/** `$fbscrypt$v=1,n=14,r=8,p=1,ss=…,sk=…$SALT$HASH`, as the test data has it. */
function firebaseParts(): { key: string; salt: string; hash: string } {
  const [, parameters = '', salt = '', hash = ''] = known(/^Firebase/)
    .hash.split('$')
    .slice(1);
  return { key: /sk=(.*)$/.exec(parameters)?.[1] ?? '', salt, hash };
}

async function firebaseFiles(): Promise<Record<string, string>> {
  const { key, salt, hash } = firebaseParts();
  const user = (name: string, disabled: boolean) => ({
    localId: `${name}0123456789`,
    email: `${name}@firebase.example`,
    emailVerified: true,
    passwordHash: hash,
    salt,
    displayName: 'Ada Lovelace',
    lastSignedInAt: '1714558830000',
    createdAt: '1714558830000',
    disabled,
    providerUserInfo: [{ providerId: 'google.com', rawId: '1047', email: 'ada@gmail.example' }],
  });
  const anonymous = { localId: 'z', createdAt: '1714558830000', providerUserInfo: [] };
  return {
    'users.json': jsonOf({ users: [user('ada', false), user('eve', true), anonymous] }),
    'hash-config.json': jsonOf({
      base64_signer_key: key,
      base64_salt_separator: 'Bw==',
      rounds: 8,
      mem_cost: 14,
    }),
  };
}

async function auth0Files(): Promise<Record<string, string>> {
  const connection = 'Username-Password-Authentication';
  const user = (name: string, blocked: boolean) => ({
    user_id: `auth0|${name}`,
    email: `${name}@auth0.example`,
    email_verified: true,
    name: 'Ada Lovelace',
    created_at: '2024-05-01T10:20:30.000Z',
    last_login: '2024-05-02T10:20:30.000Z',
    identities: [{ user_id: name, provider: 'auth0', connection, isSocial: false }],
    ...(blocked ? { blocked } : {}),
  });
  const hashOf = (name: string) =>
    JSON.stringify({
      _id: { $oid: `5f7c8ec7c33c6c004bbaf${name}` },
      email: `${name}@auth0.example`,
      email_verified: true,
      passwordHash: rails.hash,
      password_set_date: { $date: '2024-05-01T10:20:30.123Z' },
    });
  return {
    'users.json': jsonOf([user('ada', false), user('eve', true)]),
    'hashes.json': `${['ada', 'eve'].map(hashOf).join('\n')}\n`,
  };
}

async function keycloakFiles(): Promise<Record<string, string>> {
  const [, , , salt, value] =
    /^\$(.*)\$v=19\$(.*)\$(.*)\$(.*)$/.exec(argon2.hash) ?? ([] as (string | undefined)[]);
  const credential = {
    type: 'password',
    secretData: jsonOf({ value: `${value}==`, salt: `${salt}==`, additionalParameters: {} }),
    credentialData: jsonOf({
      hashIterations: 2,
      algorithm: 'argon2',
      additionalParameters: {
        hashLength: ['16'],
        memory: ['1024'],
        type: ['id'],
        version: ['1.3'],
        parallelism: ['2'],
      },
    }),
  };
  const user = (name: string, userId: string, enabled: boolean) => ({
    id: userId,
    username: name,
    email: `${name}@keycloak.example`,
    emailVerified: true,
    enabled,
    createdTimestamp: 1714558830000,
    firstName: 'Ada',
    lastName: 'Lovelace',
    totp: false,
    credentials: [credential],
    requiredActions: [],
    realmRoles: ['default-roles-app'],
  });
  const service = { username: 'service-account-app', enabled: true, credentials: [] };
  const users = [user('ada', id, true), user('eve', other, false), service];
  return { 'realm.json': jsonOf({ id: 'app', realm: 'app', enabled: true, users, clients: [] }) };
}

async function cognitoFiles(): Promise<Record<string, string>> {
  const user = (name: string, sub: string, isEnabled: boolean) => ({
    Username: sub,
    Attributes: [
      { Name: 'sub', Value: sub },
      { Name: 'email', Value: `${name}@cognito.example` },
      { Name: 'email_verified', Value: 'true' },
      { Name: 'name', Value: 'Ada Lovelace' },
    ],
    UserCreateDate: '2024-05-01T12:20:30.123000+02:00',
    UserLastModifiedDate: '2024-05-01T12:20:30.123000+02:00',
    Enabled: isEnabled,
    UserStatus: 'CONFIRMED',
  });
  return { 'users.json': jsonOf({ Users: [user('ada', id, true), user('eve', other, false)] }) };
}

/** As WordPress 6.8 makes it: bcrypt of a keyed digest of the password. */
async function wordpressFiles(): Promise<Record<string, string>> {
  const digest = createHmac('sha384', 'wp-sha384').update(rails.password).digest('base64');
  const hash = `$wp${(await bcrypt(digest, 4)).replace('$2b$', '$2y$')}`;
  const old = '$P$BDqrs6eHWZPBVvyg0bTt0JZmhI2cB3/';
  const lines = [
    'user_email,user_pass,user_registered,display_name,user_status',
    `ada@wordpress.example,${hash},"2024-05-01 10:20:30","Ada Lovelace",0`,
    `eve@wordpress.example,${old},"2024-05-01 10:20:30",Eve,0`,
  ];
  return { 'users.csv': `${lines.join('\n')}\n` };
}

const createdAt = '2024-05-01T10:20:30.000Z';
const name = 'Ada Lovelace';

/** Those that have tools of their own, whose output is all that there is here. */
const fileSystems: readonly OldSystem[] = [
  {
    slug: 'firebase',
    title: 'Firebase',
    password: known(/^Firebase/).password,
    files: firebaseFiles,
    leftOut: 1,
    user: { name, createdAt },
  },
  {
    slug: 'auth0',
    title: 'Auth0',
    password: rails.password,
    files: auth0Files,
    user: { name, createdAt },
  },
  {
    slug: 'keycloak',
    title: 'Keycloak',
    password: argon2.password,
    files: keycloakFiles,
    leftOut: 1,
    user: { id, name, createdAt },
  },
  {
    slug: 'cognito',
    title: 'Cognito',
    password: null,
    files: cognitoFiles,
    user: { id, name },
  },
  {
    slug: 'wordpress',
    title: 'WordPress',
    password: rails.password,
    files: wordpressFiles,
    user: { name, createdAt },
  },
];

export const oldSystems: readonly OldSystem[] = [...tableSystems, ...fileSystems];
