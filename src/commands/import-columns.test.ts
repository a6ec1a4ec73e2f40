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

/** One record of JSON Lines for each name, which becomes the address. */
const linesOf = (records: Record<string, object>): string =>
  Object.entries(records)
    .map(([name, record]) => `${JSON.stringify({ email: `${name}@example.com`, ...record })}\n`)
    .join('');

describe('X-46 accounts and passwords that have expired', () => {
  it.each([
    ['FOSUser', 'enabled,locked,expired,credentials_expired', 't,f,', 'f'],
    ['Grails', 'enabled,account_locked,account_expired,password_expired', "b'1',b'0',", "b'0'"],
  ])('are flags in an export of %s', async (_, flags, as, no) => {
    const yes = no.replace('f', 't').replace('0', '1');
    const csv =
      `email,password,${flags}\n` +
      `a@example.com,${bcrypt},${as}${no},${no}\n` +
      `b@example.com,${bcrypt},${as},${no}\n` +
      `c@example.com,${bcrypt},${as}${yes},${no}\n` +
      `d@example.com,${bcrypt},${as}2024-05-01 10:20:30,${no}\n` +
      `e@example.com,${bcrypt},${as}0000-00-00 00:00:00,${yes}\n`;
    expect(await importOf(csv)).toMatchObject({ status: 0, stderr: '' });
    expect(await people()).toEqual({
      a: 'free',
      b: 'free',
      c: 'kept out',
      d: 'kept out',
      e: 'free',
    });
    const without = await sql`select email from users where password_hash is null`;
    expect(without.map(({ email }) => email)).toEqual(['e@example.com']);
  });
});

describe('X-46 second factors', () => {
  const meteor = (name: string, services: object): object => ({
    email: undefined,
    emails: [{ address: `${name}@example.com`, verified: true }],
    services: {
      password: { bcrypt },
      resume: { loginTokens: [{ hashedToken: 'x', twoFactorAuthorizedHash: 'x' }] },
      google: { accessToken: 'x', expiresAt: 1 },
      ...services,
    },
  });
  const password = {
    type: 'password',
    secretData: JSON.stringify({ value: 'eHh4eHh4eHh4eHh4eHh4eA==', salt: 'eHh4eHh4eHg=' }),
    credentialData: JSON.stringify({ hashIterations: 1000, algorithm: 'pbkdf2-sha256' }),
  };
  const keycloak = (...types: string[]): object => ({
    enabled: true,
    credentials: [password, ...types.map((type) => ({ ...password, type }))],
  });

  const had = {
    package: meteor('package', { twoFactorAuthentication: { type: 'otp', secret: 'x' } }),
    rocket: meteor('rocket', { totp: { enabled: true, secret: 'x' } }),
    mail: meteor('mail', { email2fa: { enabled: true, changedAt: '2024-05-01' } }),
    nested: { security: { totp_secret: 'x', mfa_enabled: true } },
    listed: { devices: [{ kind: 'phone' }, { webauthn: { credentialId: 'x' } }] },
    text: { settings: '{"two_factor":{"enabled":true}}' },
    otp: keycloak('password-history', 'otp'),
    directus: { tfa_secret: 'x' },
    google: { isEnrolledIn2Sv: true },
    supabase: { factors: [{ factor_type: 'totp', status: 'verified' }] },
  };
  const hadNone = {
    plain: meteor('plain', {}),
    off: meteor('off', {
      totp: { enabled: false, tempSecret: 'x' },
      email2fa: { enabled: false, changedAt: '2024-05-01' },
    }),
    empty: { security: { totp_secret: null, mfa_enabled: false, recovery_codes: [] } },
    old: keycloak('password-history', 'password-history'),
    never: { mfa_status: 'Disabled' },
  };

  it('leave their lines out, wherever they are in a record', async () => {
    const run = await importOf(linesOf({ ...had, ...hadNone }), '--assume-verified');
    expect(run).toMatchObject({ status: 1, stdout: expect.stringContaining('10 left out') });
    const told = run.stderr.match(/^line \d+: secondFactor cannot be taken along/gm);
    expect(told).toHaveLength(Object.keys(had).length);
    expect(await people()).toEqual({
      empty: 'free',
      never: 'free',
      off: 'free',
      old: 'free',
      plain: 'free',
    });
    const dropped = await importOf(linesOf(had), '--drop-second-factors');
    expect(dropped).toMatchObject({ status: 0, stdout: expect.stringContaining('10 imported') });
  });

  it('inside of the JSON in a CSV count as well', async () => {
    const csv = 'email,settings\na@example.com,"{""mfa"":{""secret"":""x""}}"\nb@example.com,{}\n';
    const run = await importOf(csv);
    expect(run.stderr).toMatch(/^line 2: secondFactor cannot be taken along/m);
    expect(await people()).toEqual({ b: 'free' });
  });
});

describe('X-46 inside of a record', () => {
  let deep: object = { banned: true };
  for (let depth = 0; depth < 40; depth += 1) deep = { more: deep };
  it.each<[string, object, string]>([
    ['a list of flags', { flags: [{ vip: true }, { banned: true }] }, 'flags.banned'],
    ['a list of words', { flags: ['vip', 'banned'] }, 'flags'],
    ['names and values', { fields: [{ name: 'banned', value: true }] }, 'fields.banned'],
    ['five levels', { a: { b: [{ c: { d: { e: { is_locked: 1 } } } }] } }, 'a.b.c.d.e.is_locked'],
    ['forty levels', { deep }, 'deep'],
    ['JSON in a text', { customAttributes: '{"banned":true}' }, 'customAttributes.banned'],
    ['traits', { state: 'active', traits: { suspended: true } }, 'traits.suspended'],
    ['a service', { services: { forum: { banned: true } } }, 'services.forum.banned'],
    ['a password to be changed', { login: { force_reset: true } }, 'login.force_reset'],
  ])('%s: stops the run until it is settled', async (_, record, column) => {
    const input = linesOf({ a: {}, b: { ...record, email_address: 'b@example.com' } });
    const stopped = await importOf(input);
    expect(stopped).toMatchObject({ status: 1, stdout: '' });
    expect(stopped.stderr).toContain(`kept people out: \`${column}\`. `);
    expect(await people()).toEqual({});
    const waived = await importOf(input, '--ignore', column);
    expect(waived).toMatchObject({ status: 0, stdout: expect.stringContaining('2 imported') });
  });

  it('keeps people out by each value of a list, once it is mapped', async () => {
    const records = {
      a: { flags: [{ banned: false }, { banned: true }] },
      b: { flags: [{ banned: false }] },
      c: { words: ['banned'] },
      d: { words: [] },
      e: { attributes: { locked: ['true'] } },
      f: { active_in: [] },
      g: { customAttributes: '{"roles":["editor"],"locked":true}' },
    };
    const maps = [
      'flags.banned=suspended',
      'words=suspended',
      'attributes.locked=suspended',
    ].concat('customAttributes.roles=roles', 'customAttributes.locked=suspended');
    const run = await importOf(
      linesOf(records),
      ...[...maps, 'active_in=active'].flatMap((map) => ['--map', map]),
    );
    expect(run.stderr).toMatch(/^line 6: active is empty/m);
    expect(await people()).toEqual({
      a: 'kept out',
      b: 'free',
      c: 'kept out',
      d: 'free',
      e: 'kept out',
      g: 'kept out',
    });
    const [g] = await sql`select roles from users where email = 'g@example.com'`;
    expect(g).toEqual({ roles: ['editor'] });
  });

  it('leaves lines of a CSV out by number where JSON in a value shows it', async () => {
    const csv =
      'email,meta,role\na@example.com,"{""banned"":true,""roles"":[""editor""]}",x\n' +
      'b@example.com,"{""plan"":1}",\n';
    const run = await importOf(csv);
    expect(run).toMatchObject({ status: 1, stdout: expect.stringContaining('1 imported') });
    expect(run.stderr).toMatch(/^line 2: has `meta\.banned`.*--ignore meta\.banned/m);
    await sql`delete from users`;
    const mapped = await importOf(
      csv,
      ...['--map', 'meta.banned=suspended', '--map', 'meta.roles=roles'],
    );
    expect(mapped).toMatchObject({ status: 0 });
    expect(await people()).toEqual({ a: 'kept out', b: 'free' });
    const [a] = await sql`select roles from users where email = 'a@example.com'`;
    expect(a).toEqual({ roles: ['editor'] });
  });

  it('takes the exports of the usual systems as they come', async () => {
    const verification = { status: 'verified', expire_at: 1714558830000, attempts: 1 };
    const records = {
      auth0: {
        blocked: false,
        identities: [{ provider: 'google-oauth2', access_token: 'x', expires_in: 3599 }],
        multifactor_last_modified: '2024-05-01T00:00:00Z',
      },
      clerk: {
        email: undefined,
        email_addresses: [{ id: '1', email_address: 'clerk@example.com', verification }],
        phone_numbers: [{ reserved_for_second_factor: false, backup_codes: null, verification }],
        external_accounts: [{ approved_scopes: 'email', verification }],
        backup_code_enabled: false,
        mfa_disabled_at: null,
      },
      firebase: {
        metadata: { creationTime: 'Wed, 01 May 2024 10:20:30 GMT', lastRefreshTime: null },
        tokensValidAfterTime: 'Wed, 01 May 2024 10:20:30 GMT',
        multiFactor: { enrolledFactors: [] },
      },
      // The reason comes before the first record that has the column it is of.
      better: { banReason: null },
      auth: { banned: false, banReason: null },
    };
    const run = await importOf(linesOf(records));
    expect(run).toMatchObject({ status: 0, stdout: expect.stringContaining('5 imported') });
  });
});

describe('X-46 what the operator says of columns', () => {
  it.each([
    ['mapped twice', ['--map', 'state=name', '--map', 'state=suspended'], 'named twice'],
    ['mapped and waived', ['--ignore', 'state', '--map', 'state=suspended'], 'named twice'],
    ['two of one field', ['--map', 'a=email', '--map', 'b=email'], 'that field already'],
  ])('is refused where it is two things: %s', async (_, args, message) => {
    const run = await importOf('email,state,a,b\na@example.com,x,,\n', ...args);
    expect(run).toMatchObject({ status: 2, stdout: '' });
    expect(run.stderr).toContain(message);
  });

  it.each([
    ['CSV', 'email,Sperrvermerk_\na@example.com,1\n'],
    ['JSON', linesOf({ a: { Sperrvermerk_: 1 } })],
  ])('stops the run where a mapped column is not in the %s', async (_, input) => {
    const args = ['--ignore', 'Sperrvermerk_', '--map', 'sperrvermerk=suspended'];
    const run = await importOf(input, ...args);
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toContain('--map names `sperrvermerk`, which is not in the file');
    expect(await people()).toEqual({});
  });

  it('comes before what a name tells, and of two columns that decide each counts', async () => {
    const csv =
      'email,name,nick,is_active,is_active,x,y\n' +
      'a@example.com,A,Ada,t,f,0,0\nb@example.com,B,Bob,t,t,0,1\nc@example.com,C,Cid,t,t,0,0\n';
    const maps = ['nick=name', 'x=suspended', 'y=suspended'].flatMap((map) => ['--map', map]);
    expect(await importOf(csv, ...maps)).toMatchObject({ status: 0, stderr: 'ignored: name\n' });
    expect(await people()).toEqual({ a: 'kept out', b: 'kept out', c: 'free' });
    const names = await sql`select name from users order by name`;
    expect(names.map(({ name }) => name)).toEqual(['Ada', 'Bob', 'Cid']);
  });
});
