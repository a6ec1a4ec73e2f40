import { readFile } from 'node:fs/promises';
import type postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { productionEnvironment, runCommand, strongKey } from '../testing/command-line.ts';
import type { PasskeySigner } from '../testing/passkey-signer.ts';
import { newSigner, signInWithPasskey } from '../testing/passkeys.ts';
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

const importOf = (lines: readonly object[], ...args: string[]) =>
  runCommand(['import-users', '-', ...args], {
    env,
    input: lines.map((line) => JSON.stringify(line)).join('\n'),
  });
const user = (...passkeys: unknown[]) => ({
  email: 'ada@example.com',
  email_verified: true,
  passkeys,
});
const handle = Buffer.from('f81d4fae-7dec-41d0-a765-00a0c91e6bf6');
const tokens = { __typename: 'AuthTokens' };
const refused = { __typename: 'AuthError', code: 'INVALID_CREDENTIALS' };

/** As our own names have it, of an authenticator that this machine has built in. */
function passkeyOf({ credentialId, key }: PasskeySigner) {
  return {
    rpId: 'localhost',
    credentialId: credentialId.toString('base64url'),
    publicKey: key.cose.toString('base64url'),
    counter: 0,
    transports: ['internal'],
    backupEligible: false,
    userHandle: handle.toString('base64url'),
  };
}

const signIn = (signer: PasskeySigner, userHandle: Buffer = handle) =>
  signInWithPasskey(server, signer, { userHandle: userHandle.toString('base64url') });

describe('passkeys of an import', () => {
  const long = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64url');
  const weak = newSigner({ algorithm: 'ES384' }).key.cose.toString('base64url');

  it.each([
    ['another RP ID', { rpId: 'example.com' }, '[0].rpId is another than PASSKEY_RP_ID'],
    ['no RP ID', { rpId: undefined }, '[0].rpId is another than PASSKEY_RP_ID'],
    ['no credential id', { credentialId: null }, '[0].credentialId is not 1 to 1023 bytes'],
    ['a long credential id', { credentialId: long(1024) }, '[0].credentialId is not 1 to 1023'],
    ['a credential id of no base64', { credentialId: 'a*b' }, '[0].credentialId is not 1 to'],
    ['no key', { publicKey: undefined }, '[0].publicKey is no COSE or SPKI key'],
    ['a key that is none', { publicKey: long(77) }, '[0].publicKey is no COSE or SPKI key'],
    ['PK-11 a key of another algorithm', { publicKey: weak }, '[0].publicKey is no COSE or SPKI'],
    ['a counter below 0', { counter: -1 }, '[0].counter is not a whole number below'],
    ['a counter of five bytes', { counter: 2 ** 32 }, '[0].counter is not a whole number below'],
    ['PK-17 nothing on copies', { backupEligible: undefined }, '[0].backupEligible is neither'],
    ['a long user handle', { userHandle: long(65) }, '[0].userHandle is not 1 to 64 bytes'],
    ['a user handle of no base64', { userHandle: '???' }, '[0].userHandle is not 1 to 64 bytes'],
  ])('are refused with %s, by member and rule', async (_title, change, reason) => {
    const passkey = { ...passkeyOf(newSigner()), ...change };
    const run = await importOf([user(passkey)]);
    expect(run).toMatchObject({ status: 1, stdout: expect.stringContaining('0 imported') });
    expect(run.stderr).toContain(`line 1: passkeys ${reason}`);
    expect(run.stderr).not.toContain(passkey.credentialId ?? 'nothing');
    expect(await sql`select 1 from users`).toHaveLength(0);
    const dropped = await importOf([user(passkey)], '--drop-second-factors');
    expect(dropped).toMatchObject({ status: 0, stdout: expect.stringContaining('1 imported') });
    expect(await sql`select 1 from passkeys`).toHaveLength(0);
  });

  it.each([
    ['a text', { passkeys: 'yes' }, 'are no array of objects'],
    ['a list of texts', { passkeys: ['a'] }, 'are no array of objects'],
    ['too many', user(...Array.from({ length: 101 }, () => ({}))), 'are more than 100'],
  ])('are refused as %s', async (_title, line, reason) => {
    const run = await importOf([{ email: 'ada@example.com', ...line }]);
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining(reason) });
  });

  it.each(['ES256', 'EdDSA', 'RS256'] as const)(
    'PK-14 sign in with %s under the user handle that they have',
    async (algorithm) => {
      const signer = newSigner({ algorithm });
      expect((await importOf([user(passkeyOf(signer))])).status).toBe(0);
      expect(await signIn(signer, Buffer.from('another'))).toMatchObject(refused);
      expect(await signIn(signer)).toMatchObject(tokens);
    },
  );

  it.each(['ES256', 'EdDSA', 'RS256'] as const)('are taken with %s as SPKI', async (algorithm) => {
    const signer = newSigner({ algorithm });
    const publicKey = signer.key.spki.toString('base64');
    expect((await importOf([user({ ...passkeyOf(signer), publicKey })])).status).toBe(0);
    expect(await signIn(signer)).toMatchObject(tokens);
  });

  it('of Better Auth, whose user handles nobody has kept', async () => {
    const [first, second] = [newSigner(), newSigner({ be: true, bs: true, counts: false })];
    const row = ({ credentialId, key }: PasskeySigner, more: object) => ({
      id: 'kSGwTFDK4hUVGgpO',
      name: null,
      publicKey: key.cose.toString('base64'),
      userId: 'x',
      credentialID: credentialId.toString('base64url'),
      counter: 0,
      transports: 'internal,hybrid',
      createdAt: '2026-05-01T10:20:30.000Z',
      aaguid: '00000000-0000-0000-0000-000000000000',
      rpId: 'localhost',
      ...more,
    });
    const line = user(
      row(first, { deviceType: 'singleDevice', backedUp: false }),
      row(second, { deviceType: 'multiDevice', backedUp: true }),
    );
    expect((await importOf([line])).status).toBe(0);
    expect(await signIn(first, Buffer.from('one'))).toMatchObject(tokens);
    expect(await signIn(second, Buffer.from('two'))).toMatchObject(tokens);
    const [account] = await sql`select length(passkey_handle) as bytes from users`;
    expect(account).toEqual({ bytes: 32 });
  });

  it('of Supabase, as PostgreSQL writes bytes, with the id as user handle', async () => {
    const signer = newSigner({ be: true, counts: false });
    const passkey = {
      rp_id: 'localhost',
      id: '0f0c9d1c-4a5d-4a2e-9d1a-2c6f0f2b7a11',
      credential_id: `\\x${signer.credentialId.toString('hex')}`,
      public_key: `\\x${signer.key.cose.toString('hex')}`,
      sign_count: 0,
      transports: ['internal', 'unheard-of'],
      backup_eligible: true,
      backed_up: false,
      friendly_name: 'Blue key',
      user_handle: `\\x${handle.toString('hex')}`,
      created_at: '2026-05-01 10:20:30+00',
      last_used_at: null,
    };
    const { passkeys, ...rest } = user(passkey);
    const csv = `email,email_verified,passkeys\n${rest.email},true,"${JSON.stringify(
      passkeys,
    ).replaceAll('"', '""')}"\n`;
    expect(await runCommand(['import-users', '-'], { env, input: csv })).toMatchObject({
      status: 0,
    });
    expect(await signIn(signer)).toMatchObject(tokens);
    const [row] = await sql`select name, transports, created_at from passkeys`;
    expect(row).toEqual({
      name: 'Blue key',
      transports: ['internal'],
      created_at: new Date('2026-05-01T10:20:30Z'),
    });
  });

  it('of Hanko, whose id is that of the credential', async () => {
    const signer = newSigner();
    const { credentialId: id, publicKey: public_key, userHandle: user_handle } = passkeyOf(signer);
    const passkey = {
      id,
      public_key,
      user_handle,
      sign_count: 0,
      transports: ['internal'],
      backup_eligible: false,
      backup_state: false,
      mfa_only: false,
      rpId: 'localhost',
    };
    expect((await importOf([user(passkey)])).status).toBe(0);
    expect(await signIn(signer)).toMatchObject(tokens);
  });

  it('PK-3 sign no one in by themselves where a thief could set the PIN', async () => {
    const signer = newSigner();
    const key = { ...passkeyOf(signer), transports: ['usb', 'nfc'] };
    expect((await importOf([user(key)])).status).toBe(0);
    expect(await signIn(signer)).toMatchObject(refused);
    await sql`delete from users`;
    expect((await importOf([user({ ...key, userVerified: true })])).status).toBe(0);
    expect(await signIn(signer)).toMatchObject(tokens);
    await sql`delete from users`;
    const second = { ...passkeyOf(signer), mfaOnly: true };
    expect((await importOf([user(second)])).status).toBe(0);
    expect(await signIn(signer)).toMatchObject(refused);
  });

  it('PK-6 refuse a counter below that of the other system', async () => {
    const signer = newSigner();
    expect((await importOf([user({ ...passkeyOf(signer), counter: 41 })])).status).toBe(0);
    expect(await signIn(signer)).toMatchObject(refused);
  });

  it('PK-5 that another user has already stay that user’s, and the line is told', async () => {
    const signer = newSigner();
    const other = { ...user(passkeyOf(signer)), email: 'eve@example.com' };
    other.passkeys = [{ ...passkeyOf(signer), userHandle: null }];
    const run = await importOf([user(passkeyOf(signer)), other]);
    expect(run).toMatchObject({ status: 1, stdout: expect.stringContaining('2 imported') });
    expect(run.stderr).toContain('line 2: passkeys has one that is registered already');
    const rows = await sql`select email from passkeys join users on users.id = user_id`;
    expect([...rows]).toEqual([{ email: 'ada@example.com' }]);
    const twice = { ...user({ ...passkeyOf(newSigner()) }), email: 'mallory@example.com' };
    const taken = await importOf([twice]);
    expect(taken.stderr).toContain('line 1: id or the user handle of its passkeys belongs to');
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
    const signer = newSigner();
    const unproved = { ...user(passkeyOf(signer)), email_verified: false };
    expect((await importOf([unproved])).status).toBe(0);
    expect(await signIn(signer)).toMatchObject(refused);
    expect(await claim()).not.toHaveProperty('code');
    // Whoever registered there had the address, or only typed it.
    expect(await signIn(signer)).toMatchObject({ code: 'UNKNOWN_PASSKEY' });
  });

  it('change nothing when the import runs once more', async () => {
    const signer = newSigner();
    await importOf([user(passkeyOf(signer))]);
    expect(await signIn(signer)).toMatchObject(tokens);
    const again = await importOf([user(passkeyOf(signer))]);
    expect(again).toMatchObject({ status: 0, stdout: expect.stringContaining('1 had an account') });
    expect(await signIn(signer)).toMatchObject(tokens);
  });

  it('inside of another column are second factors as before', async () => {
    const line = { email: 'ada@example.com', profile: { passkeys: [{ id: 'x' }] } };
    const run = await importOf([line]);
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('secondFactor') });
  });
});

describe('the columns in docs/migrating.md', () => {
  const id = handle.toString();
  /** Its tables in a schema of their own, with one user and a passkey of theirs. */
  const systems: readonly {
    title: string;
    from: string;
    userHandle: Buffer;
    fill: (tx: postgres.TransactionSql, signer: PasskeySigner) => Promise<unknown>;
  }[] = [
    {
      title: 'Supabase',
      from: 'users',
      userHandle: handle,
      fill: async (tx, { credentialId, key }) => {
        await tx`create schema auth`;
        await tx`create table users (id uuid)`;
        await tx`insert into users values (${id})`;
        await tx`create table auth.webauthn_credentials (user_id uuid, credential_id bytea,
          public_key bytea, sign_count bigint, transports jsonb, backup_eligible boolean,
          backed_up boolean, aaguid uuid, friendly_name text, created_at timestamptz,
          last_used_at timestamptz)`;
        await tx`insert into auth.webauthn_credentials values (${id}, ${credentialId}, ${key.cose},
          0, '["internal"]', false, false, null, 'Phone', now(), null)`;
      },
    },
    {
      title: 'Better Auth',
      from: '"user" u',
      userHandle: Buffer.from('made up'),
      fill: async (tx, { credentialId, key }) => {
        await tx`create table "user" (id text)`;
        await tx`insert into "user" values (${id})`;
        await tx`create table passkey (id text, name text, "publicKey" text, "userId" text,
          "credentialID" text, counter integer, "deviceType" text, "backedUp" boolean,
          transports text, "createdAt" timestamp, aaguid text)`;
        await tx`insert into passkey values ('x', null, ${key.cose.toString('base64')}, ${id},
          ${credentialId.toString('base64url')}, 0, 'singleDevice', false, 'internal', now(), '')`;
      },
    },
    {
      title: 'Hanko',
      from: 'users u',
      userHandle: Buffer.from(id.replaceAll('-', ''), 'hex'),
      fill: async (tx, { credentialId, key }) => {
        await tx`create table users (id uuid)`;
        await tx`insert into users values (${id})`;
        await tx`create table webauthn_credentials (id text, user_id uuid, public_key text,
          sign_count integer, backup_eligible boolean, backup_state boolean, mfa_only boolean,
          aaguid uuid, name text, created_at timestamp, last_used_at timestamp,
          user_handle_id uuid)`;
        await tx`create table webauthn_credential_transports (name text,
          webauthn_credential_id text)`;
        const credential = credentialId.toString('base64url');
        await tx`insert into webauthn_credentials values (${credential}, ${id},
          ${key.cose.toString('base64url')}, 0, false, false, false, null, null, now(), null,
          null)`;
        await tx`insert into webauthn_credential_transports values ('internal', ${credential})`;
      },
    },
  ];

  it.each(systems)('bring passkeys of $title along', async ({ title, from, userHandle, fill }) => {
    const page = await readFile(new URL('../../docs/migrating.md', import.meta.url), 'utf8');
    const section = page.split(/^## /m).find((each) => each.startsWith('Passkeys')) ?? '';
    const [, after = ''] = section.split(new RegExp(`^${title}[\u2019']?s? `, 'm'));
    const [, column = ''] = /```sql\n([\s\S]*?)```/.exec(after || section) ?? [];
    const signer = newSigner();
    class Done extends Error {}
    const exported: object[] = [];
    await sql
      .begin(async (tx) => {
        await tx`create schema other`;
        await tx`set local search_path to other`;
        await fill(tx, signer);
        const own = column.replaceAll('app.example.com', 'localhost');
        const user = `'ada@example.com' as email, true as email_verified`;
        // biome-ignore lint/plugin: the column comes from the page.
        exported.push(...(await tx.unsafe(`select ${user}, ${own} from ${from}`)));
        throw new Done();
      })
      .catch((error: unknown) => {
        if (!(error instanceof Done)) throw error;
      });
    expect(await importOf(exported)).toMatchObject({ status: 0, stderr: '' });
    expect(await signIn(signer, userHandle)).toMatchObject(tokens);
  });
});
