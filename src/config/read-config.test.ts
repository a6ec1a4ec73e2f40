import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadDevelopmentSecrets } from '../development-secrets.ts';
import { mostSessions } from '../domain/sessions/rules.ts';
import { compiledSources } from '../testing/compiled.ts';
import { selfSigned } from '../testing/self-signed.ts';
import { configWarnings } from './config-warnings.ts';
import { allEntries, retired } from './entries.ts';
import {
  ConfigError,
  type Environment,
  environment,
  loadEnvironmentFile,
  readConfig,
} from './read-config.ts';

const random = (bytes = 32) => randomBytes(bytes).toString('base64');

const whole = {
  DATABASE_URL: 'postgres://auth:db-pass@db.example.net/auth',
  SECRET_KEY: random(),
  PUBLIC_URL: 'https://auth.example.com',
  MAIL_TRANSPORT: 'resend',
  RESEND_API_KEY: `re_${randomBytes(16).toString('hex')}`,
  MAIL_FROM: 'Latchkey <no-reply@example.com>',
} satisfies Environment;

const production = (changes: Environment = {}) =>
  readConfig({ ...whole, ...changes }, { mode: 'production' });
const development = (changes: Environment = {}) =>
  readConfig(changes, {
    mode: 'development',
    developmentSecrets: () => ({
      secretKey: whole.SECRET_KEY,
      gatewayToken: randomBytes(32).toString('hex'),
    }),
  });

function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

/**
 * The names that a configuration is refused for; also checks that no message quotes a given value.
 */
function refused(changes: Environment, read = production): readonly string[] {
  const problems = problemsOf(() => read(changes));
  for (const value of Object.values(changes)) {
    if (value && value.length > 16) expect(problems.join('\n')).not.toContain(value);
  }
  return problems.map((problem) => problem.slice(0, problem.indexOf(':')));
}

describe('readConfig', () => {
  it.each([
    ['DATABASE_URL'],
    ['SECRET_KEY'],
    ['PUBLIC_URL'],
    ['MAIL_TRANSPORT'],
    ['RESEND_API_KEY'],
    ['MAIL_FROM'],
  ])('CF-1 refuses production without %s, and with an empty one', (name) => {
    expect(refused({ [name]: undefined })).toEqual([name]);
    expect(refused({ [name]: '  ' })).toEqual([name]);
  });

  it('CF-1 names everything that is wrong at once, one line each', () => {
    const problems = problemsOf(() =>
      readConfig({ PORT: 'http', BCRYPT_COST: '8' }, { mode: 'production' }),
    );
    expect(problems.map((problem) => problem.split(':')[0]).sort()).toEqual(
      [
        'BCRYPT_COST',
        'DATABASE_URL',
        'MAIL_FROM',
        'MAIL_TRANSPORT',
        'PORT',
        'PUBLIC_URL',
        'SECRET_KEY',
      ].sort(),
    );
    expect(new ConfigError(problems).message.split('\n')).toEqual(problems);
  });

  it.each([
    ['too short', randomBytes(31).toString('base64')],
    ['too short in hex', randomBytes(31).toString('hex')],
    ['no encoding', `${random()} ${random()}`],
    ['a placeholder', 'changeme'],
    ['a padded placeholder', 'changeme-changeme-changeme-changeme-changeme'],
    [
      'an encoded placeholder',
      Buffer.from('please-change-me-before-production').toString('base64'),
    ],
    ['one byte', Buffer.alloc(32, 'a').toString('base64')],
    ['one letter', 'a'.repeat(64)],
    ['a short text again and again', '0123456789abcdef'.repeat(4)],
    ['two equal halves', randomBytes(16).toString('hex').repeat(2)],
    [
      'a sequence',
      Buffer.from(Array.from({ length: 32 }, (_, index) => index + 7)).toString('base64'),
    ],
    [
      'few different bytes',
      Buffer.from(Array.from({ length: 40 }, (_, i) => (i * i) % 11)).toString('base64'),
    ],
  ])('CF-2 refuses a SECRET_KEY that is %s', (_, value) => {
    expect(refused({ SECRET_KEY: value })).toEqual(['SECRET_KEY']);
    expect(refused({ SECRET_KEY_PREVIOUS: value })).toEqual(['SECRET_KEY_PREVIOUS']);
  });

  it.each([
    ['short', randomBytes(15).toString('hex')],
    ['a placeholder', `your-gateway-token-${random()}`],
    ['one letter', 'x'.repeat(40)],
    ['a sequence', 'abcdefghijklmnopqrstuvwxyz0123456789'],
    ['split by a blank', `${random()} ${random()}`],
  ])('CF-2 refuses a GATEWAY_TOKEN that is %s', (_, value) => {
    expect(refused({ GATEWAY_TOKEN: value })).toEqual(['GATEWAY_TOKEN']);
  });

  it('X-8 opens to gateways the fields that GATEWAY_USER_FIELDS names, and none by itself', () => {
    expect(production().gatewayUserFields).toEqual([]);
    expect(development().gatewayUserFields).toEqual([]);
    const fields = (value: string) => production({ GATEWAY_USER_FIELDS: value }).gatewayUserFields;
    expect(fields('email')).toEqual(['email']);
    expect(fields(' roles , emailVerified,createdAt, email,roles')).toEqual([
      'email',
      'emailVerified',
      'roles',
      'createdAt',
    ]);
  });

  it.each([
    ['phone', 'phone'],
    ['email,lastLoginAt,roles,passwordHash', 'lastLoginAt, passwordHash'],
    ['Email', 'Email'],
    ['all', 'all'],
    ['*', 'entry 1'],
    ['email,,roles', 'entry 2'],
    ['email roles', 'entry 1'],
    ['publicProfile,organizations', 'publicProfile, organizations'],
    ['constructor', 'constructor'],
    ['__proto__', 'entry 1'],
    ['a-secret-that-was-pasted-into-the-wrong-variable', 'entry 1'],
  ])('X-8 refuses %j as GATEWAY_USER_FIELDS, and names what is unknown', (value, named) => {
    expect(refused({ GATEWAY_USER_FIELDS: value })).toEqual(['GATEWAY_USER_FIELDS']);
    const [problem] = problemsOf(() => production({ GATEWAY_USER_FIELDS: value }));
    expect(problem).toMatch(new RegExp(`and not ${named}$`));
  });

  it('CF-2 refuses one value for two purposes, in any spelling', () => {
    const bytes = randomBytes(32);
    const key = bytes.toString('base64');
    expect(refused({ SECRET_KEY: key, SECRET_KEY_PREVIOUS: key })).toEqual(['SECRET_KEY_PREVIOUS']);
    expect(refused({ SECRET_KEY: key, SECRET_KEY_PREVIOUS: bytes.toString('hex') })).toEqual([
      'SECRET_KEY_PREVIOUS',
    ]);
    expect(refused({ SECRET_KEY: key, GATEWAY_TOKEN: key })).toEqual(['GATEWAY_TOKEN']);
    expect(refused({ SECRET_KEY: key, GATEWAY_TOKEN: bytes.toString('hex') })).toEqual([
      'GATEWAY_TOKEN',
    ]);
    expect(refused({ SECRET_KEY: key, RESEND_API_KEY: key })).toEqual(['RESEND_API_KEY']);
    expect(refused({ GATEWAY_TOKEN: key, RESEND_API_KEY: key })).toEqual(['RESEND_API_KEY']);
    const url = `postgres://auth:${encodeURIComponent(key)}@db.example.net/auth`;
    expect(refused({ SECRET_KEY: key, DATABASE_URL: url })).toEqual(['DATABASE_URL']);
  });

  it('CF-2 accepts keys made as the documentation says', () => {
    for (let round = 0; round < 200; round += 1) {
      production({ SECRET_KEY: random(), GATEWAY_TOKEN: randomBytes(32).toString('hex') });
      production({
        SECRET_KEY: randomBytes(32).toString('hex'),
        GATEWAY_TOKEN: randomBytes(16).toString('hex'),
      });
      production({
        SECRET_KEY: randomBytes(32).toString('base64url'),
        SECRET_KEY_PREVIOUS: random(),
      });
    }
  });

  it('reads a key to the same bytes from base64, base64url and hex, the current one first', () => {
    const bytes = randomBytes(32);
    for (const encoding of ['base64', 'base64url', 'hex'] as const) {
      const previous = randomBytes(48);
      const config = production({
        SECRET_KEY: bytes.toString(encoding),
        SECRET_KEY_PREVIOUS: previous.toString(encoding),
      });
      expect(config.secretKeys.map((key) => Buffer.from(key))).toEqual([bytes, previous]);
    }
  });

  const senseless = [
    '-1',
    '-5m',
    'NaN',
    'Infinity',
    '1e3',
    '0x10',
    '15 minutes',
    '15',
    '1.5h',
    '999999d',
    'm',
  ];
  it.each(['ACCESS_TOKEN_TTL', 'SESSION_IDLE_TTL', 'SESSION_ABSOLUTE_TTL', 'REFRESH_GRACE'])(
    'CF-4 refuses a %s that is not a duration or out of bounds',
    (name) => {
      for (const value of [...senseless, '0'])
        expect([value, refused({ [name]: value })]).toEqual([value, [name]]);
    },
  );
  it('CF-4 refuses durations beyond their bounds, and accepts the bounds', () => {
    for (const value of ['0s', '0m', '59s', '61m']) {
      expect(refused({ ACCESS_TOKEN_TTL: value })).toEqual(['ACCESS_TOKEN_TTL']);
    }
    expect(refused({ SESSION_IDLE_TTL: '0d' })).toEqual(['SESSION_IDLE_TTL']);
    expect(refused({ REFRESH_GRACE: '61s' })).toEqual(['REFRESH_GRACE']);
    expect(production({ ACCESS_TOKEN_TTL: '60s', REFRESH_GRACE: '0s' })).toMatchObject({
      accessTokenTtl: 60,
      refreshGrace: 0,
    });
    expect(production({ ACCESS_TOKEN_TTL: '1h', SESSION_IDLE_TTL: '2d' })).toMatchObject({
      accessTokenTtl: 3600,
      sessionIdleTtl: 172_800,
    });
  });
  it.each([
    ['BCRYPT_COST', ['0', '9', '16', '12.5']],
    ['PASSWORD_MIN_LENGTH', ['0', '129']],
    ['RATE_LIMIT_MULTIPLIER', ['0', '0.0', '10001']],
    ['SESSION_LIMIT', ['0', String(mostSessions + 1)]],
    ['WORKERS', ['0', '257', 'all']],
    ['BCRYPT_CONCURRENCY', ['0', '257', 'max']],
    ['PORT', ['0', '65536', '80a']],
    ['METRICS_PORT', ['0', '65536', 'on', '4000']],
  ])('CF-4 refuses a %s that is no number or out of bounds', (name, values) => {
    for (const value of [...values, '-1', 'NaN', 'Infinity', '1e3', '0x10', '15m']) {
      expect([value, refused({ [name]: value })]).toEqual([value, [name]]);
    }
  });

  it('X-42 warns of a relay without TLS, and only where it is acknowledged', () => {
    const smtp = {
      MAIL_TRANSPORT: 'smtp',
      SMTP_URL: 'smtp://mail.example.net:587',
      MAIL_FROM: 'no-reply@example.com',
    };
    expect(refused({ ...smtp, SMTP_ALLOW_INSECURE: 'maybe' })).toEqual(['SMTP_ALLOW_INSECURE']);
    const warned = (value: string) =>
      configWarnings(production({ ...smtp, SMTP_ALLOW_INSECURE: value })).join();
    expect(warned('true')).toContain('SMTP_ALLOW_INSECURE');
    expect(warned('false')).not.toContain('SMTP_ALLOW_INSECURE');
    expect(production({ ...smtp, SMTP_ALLOW_INSECURE: 'true' }).mail).toMatchObject({
      allowInsecure: true,
    });
  });

  it('X-38 opens metrics on this machine alone unless told', () => {
    expect(production({ METRICS_PORT: '9464' })).toMatchObject({ metricsHost: '127.0.0.1' });
    expect(production({ METRICS_HOST: '0.0.0.0' }).metricsHost).toBe('0.0.0.0');
    expect(refused({ METRICS_HOST: 'http://x' })).toEqual(['METRICS_HOST']);
  });

  it('PW-1 does not boot with a minimum of 6', () => {
    expect(refused({ PASSWORD_MIN_LENGTH: '6' })).toEqual(['PASSWORD_MIN_LENGTH']);
    expect(refused({ PASSWORD_MIN_LENGTH: '6' }, development)).toEqual(['PASSWORD_MIN_LENGTH']);
    expect(production().passwordMinLength).toBe(8);
    expect(production({ PASSWORD_MIN_LENGTH: '15' }).passwordMinLength).toBe(15);
  });

  it('PW-18 refuses a check of breached passwords without TLS or without its file', () => {
    expect(refused({ BREACHED_PASSWORDS: 'on' })).toEqual(['BREACHED_PASSWORDS']);
    for (const BREACHED_PASSWORDS_URL of [
      'http://list.example.com',
      'https://user@list.example.com',
      'https://list.example.com?x',
      'list.example.com',
    ]) {
      const changes = { BREACHED_PASSWORDS: 'range', BREACHED_PASSWORDS_URL };
      expect(refused(changes)).toEqual(['BREACHED_PASSWORDS_URL']);
      expect(refused(changes, development)).toEqual(['BREACHED_PASSWORDS_URL']);
    }
    expect(refused({ BREACHED_PASSWORDS: 'file' })).toEqual(['BREACHED_PASSWORDS_FILE']);
  });

  it('PW-18 takes the check of breached passwords, which is off unless it is asked for', () => {
    const url = 'https://api.pwnedpasswords.com';
    expect(production().breachedPasswords).toEqual({ mode: 'off', url, file: null });
    expect(
      production({
        BREACHED_PASSWORDS: 'range',
        BREACHED_PASSWORDS_URL: 'http://127.0.0.1:8080/list/',
      }).breachedPasswords,
    ).toEqual({ mode: 'range', url: 'http://127.0.0.1:8080/list', file: null });
    const file = '/etc/latchkey/breached.filter';
    expect(
      production({ BREACHED_PASSWORDS: 'file', BREACHED_PASSWORDS_FILE: file }).breachedPasswords,
    ).toEqual({ mode: 'file', url, file });
  });

  it('PW-13 does not boot with a cost of 8, nor does development; 12 is the default', () => {
    expect(refused({ BCRYPT_COST: '8' })).toEqual(['BCRYPT_COST']);
    expect(refused({ BCRYPT_COST: '8' }, development)).toEqual(['BCRYPT_COST']);
    expect(production().bcryptCost).toBe(12);
  });

  it.each([
    ['the mailbox', { MAIL_TRANSPORT: 'mailbox' }],
    ['GraphiQL', { GRAPHIQL: 'on' }],
    ['a limiter that is off', { RATE_LIMIT_MULTIPLIER: '0' }],
    ['a data folder', { DATA_DIR: '/tmp/data' }],
    ['the embedded database', { DATABASE_URL: undefined }],
    ['unchecked certificates', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }],
  ])('CF-5 refuses %s in production, whatever NODE_ENV says', (_, changes) => {
    for (const NODE_ENV of [undefined, 'development', 'test', 'production']) {
      expect(refused({ ...changes, NODE_ENV })).toEqual(Object.keys(changes));
    }
  });
  it('CF-5 opens nothing in production, and refuses dev when NODE_ENV is production', () => {
    const open = { introspection: false, graphiql: false, mode: 'production' };
    expect(production()).toMatchObject(open);
    expect(production({ NODE_ENV: 'development' })).toMatchObject(open);
    expect(refused({ NODE_ENV: 'production' }, development)).toEqual(['NODE_ENV']);
    expect(development()).toMatchObject({
      introspection: true,
      graphiql: true,
      mail: { transport: 'mailbox' },
    });
  });

  it.each([
    ['postgres://u:p@db.example.net/auth?sslmode=disable', 'DATABASE_URL'],
    ['postgres://u:p@10.0.0.5/auth?sslmode=disable', 'DATABASE_URL'],
    ['postgres://u:p@db.example.net/auth?sslmode=no-verify', 'DATABASE_URL'],
    ['postgres://u:p@db.example.net/auth?sslmode=prefer', 'DATABASE_URL'],
    ['postgres://u:p@db.example.net/auth?sslmode=allow', 'DATABASE_URL'],
    ['postgres://u:p@db.example.net/auth?rejectUnauthorized=false', 'DATABASE_URL'],
    ['postgres://u:p@db.example.net/auth?ssl=require', 'DATABASE_URL'],
    ['postgres://u:p@db.example.net/auth?sslrootcert=x', 'DATABASE_URL'],
    ['mysql://u:p@db.example.net/auth', 'DATABASE_URL'],
    ['postgres://u:p@db.example.net', 'DATABASE_URL'],
  ])('TR-2 refuses %s', (url) => {
    expect(refused({ DATABASE_URL: url })).toEqual(['DATABASE_URL']);
    expect(refused({ DATABASE_REPLICA_URLS: `${whole.DATABASE_URL},${url}` })).toEqual([
      'DATABASE_REPLICA_URLS',
    ]);
  });
  it('TR-2 checks another machine’s certificate, whatever the driver does at `require`', () => {
    const modeOf = (url: string, changes: Environment = {}) =>
      new URL(production({ ...changes, DATABASE_URL: url }).databaseUrl ?? '').searchParams.get(
        'sslmode',
      );
    expect(modeOf('postgres://u:p@db.example.net/auth')).toBe('verify-full');
    expect(
      modeOf('postgres://u:p@db.example.net/auth?sslmode=require&channel_binding=require'),
    ).toBe('verify-full');
    expect(modeOf('postgres://u:p@localhost/auth?sslmode=require')).toBe('verify-full');
    // Explicit in each case: the driver would read PGSSL when the URL has no sslmode.
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      expect(modeOf(`postgres://u:p@${host}/auth`)).toBe('disable');
    }
    const plain = 'postgres://u:p@db/auth?sslmode=disable';
    expect(modeOf(plain, { ALLOW_INSECURE_DATABASE: 'true' })).toBe('disable');
    expect(refused({ DATABASE_URL: plain, ALLOW_INSECURE_DATABASE: 'false' })).toEqual([
      'DATABASE_URL',
    ]);
  });
  it.each([
    'pool_size=1',
    'pool_size=101',
    'pool_size=ten',
    'pool_size=',
    'prepare=maybe',
    'max=20',
    'no_prepare=true',
  ])('refuses %s in an address', (parameter) => {
    const url = `${whole.DATABASE_URL}?${parameter}`;
    expect(refused({ DATABASE_URL: url })).toEqual(['DATABASE_URL']);
  });
  it.each([
    ['pgbouncer=true', 'pgbouncer: use prepare=false'],
    ['connection_limit=5', 'connection_limit: use pool_size'],
    ['max=20', 'max: use pool_size'],
    ['sslrootcert=/etc/ca.pem', 'sslrootcert: use sslmode=verify-full, and NODE_EXTRA_CA_CERTS'],
    ['sslmode=require&ssl=true', 'ssl: use sslmode=verify-full'],
    ['connect_timeout=10', 'connect_timeout: leave it out'],
    ['schema=auth', 'schema: use search_path'],
    ['password=hunter2', 'password: write it in its place'],
    ['supa=base-pooler', 'supa: leave it out'],
    ['Foo=hunter2', 'Foo: leave it out (taken are sslmode, search_path, pool_size, prepare)'],
  ])('X-28 names the parameter of %s, and what to do in its place', (parameter, words) => {
    const read = () => production({ DATABASE_URL: `${whole.DATABASE_URL}?${parameter}` });
    const [problem = ''] = problemsOf(read);
    expect(problem).toContain(`DATABASE_URL: may not have the parameter ${words}`);
    expect(problem).not.toMatch(/hunter2|ca\.pem/);
  });
  it('X-28 names the parameters of a replica’s URL too', () => {
    const replica = (parameter: string) =>
      problemsOf(() =>
        production({ DATABASE_REPLICA_URLS: `${whole.DATABASE_URL}?${parameter}` }),
      ).join();
    expect(replica('max=3')).toContain('may not have the parameter max: use pool_size');
    expect(replica('pool_size=3')).toContain('that of DATABASE_URL applies here too');
  });
  it('X-28 repeats no part of a password with a raw question mark', () => {
    for (const url of [
      'postgres://u:12/x?s3cret&pass@db.example.net/auth',
      'postgres://u:12/x?S3cr=et@db.example.net/auth',
      'postgres://db.example.net/auth?=hunter2',
    ]) {
      const [problem = ''] = problemsOf(() => production({ DATABASE_URL: url }));
      expect(problem).toMatch(/^DATABASE_URL: /);
      expect(problem).not.toMatch(/s3cr|hunter2|db\.example/i);
    }
  });
  it('reads the pool settings from the URL, for replicas too, and removes them', () => {
    const url = `${whole.DATABASE_URL}?pool_size=25&sslmode=require&prepare=false`;
    expect(production({ DATABASE_URL: url })).toMatchObject({
      databaseUrl: `${whole.DATABASE_URL}?sslmode=verify-full`,
      databaseMaxConnections: 25,
      databasePreparedStatements: false,
    });
    expect(production()).toMatchObject({
      databaseMaxConnections: 10,
      databasePreparedStatements: true,
    });
    expect(refused({ DATABASE_REPLICA_URLS: url })).toEqual(['DATABASE_REPLICA_URLS']);
  });

  it('TR-2 requires TLS to mail providers', () => {
    const smtp = { MAIL_TRANSPORT: 'smtp', SMTP_URL: 'smtp://u:p@mail.example.net:587' };
    expect(production(smtp).mail).toMatchObject({ transport: 'smtp', url: smtp.SMTP_URL });
    expect(refused({ ...smtp, SMTP_URL: `${smtp.SMTP_URL}?tls.rejectUnauthorized=false` })).toEqual(
      ['SMTP_URL'],
    );
    expect(refused({ ...smtp, SMTP_URL: 'http://mail.example.net' })).toEqual(['SMTP_URL']);
    expect(refused({ ...smtp, SMTP_URL: undefined })).toEqual(['SMTP_URL']);
    expect(refused({ RESEND_BASE_URL: 'http://relay.example.net' })).toEqual(['RESEND_BASE_URL']);
    expect(refused({ RESEND_BASE_URL: 'https://u:p@relay.example.net' })).toEqual([
      'RESEND_BASE_URL',
    ]);
    expect(production({ RESEND_BASE_URL: 'http://127.0.0.1:9999' }).mail).toMatchObject({
      baseUrl: 'http://127.0.0.1:9999',
    });
  });

  it.each([
    'true',
    '*',
    '0.0.0.0/0',
    '::/0',
    '0.0.0.0/1',
    '10.0.0.0/33',
    'loopback',
    '10.0.0.1/',
    '10.0.0.1/8/8',
    ',',
  ])('RL-5 refuses to trust %s as a proxy', (value) => {
    expect(refused({ TRUSTED_PROXIES: value })).toEqual(['TRUSTED_PROXIES']);
    expect(refused({ TRUSTED_PROXIES: `10.0.0.1,${value}` })).toEqual(['TRUSTED_PROXIES']);
  });
  it('RL-5 accepts addresses and ranges of both families', () => {
    const value = '10.0.0.0/8, 192.0.2.1,2001:db8::/32,::1';
    expect(production({ TRUSTED_PROXIES: value }).trustedProxies).toEqual(value.split(/, ?/));
    expect(production().trustedProxies).toEqual([]);
  });

  it.each([
    'http://auth.example.com',
    'https://auth.example.com/auth',
    'https://auth.example.com/?x=1',
    'https://auth.example.com/#x',
    'https://u:p@auth.example.com',
    'auth.example.com',
    'javascript:alert(1)',
  ])('ADV-2 refuses %s as PUBLIC_URL', (value) => {
    expect(refused({ PUBLIC_URL: value })).toEqual(['PUBLIC_URL']);
  });
  it('ADV-2 ADV-17 reads the public URL from the environment alone, without a default', () => {
    expect(refused({ PUBLIC_URL: undefined })).toEqual(['PUBLIC_URL']);
    const config = production({ PUBLIC_URL: 'https://auth.example.com/', HOST: '0.0.0.0' });
    expect(config).toMatchObject({
      publicUrl: 'https://auth.example.com',
      appUrl: 'https://auth.example.com/account',
      jwt: { audience: 'https://auth.example.com' },
    });
    expect(production({ PUBLIC_URL: 'http://localhost:4000' }).publicUrl).toBe(
      'http://localhost:4000',
    );
    expect(development({ PORT: '4321' }).publicUrl).toBe('http://localhost:4321');
    expect(production({ APP_URL: 'https://example.com/app/' }).appUrl).toBe(
      'https://example.com/app',
    );
    expect(refused({ APP_URL: 'http://example.com' })).toEqual(['APP_URL']);
  });

  it('refuses PAGES=off without APP_URL, where links in mails would lead nowhere', () => {
    for (const read of [production, development]) {
      const problem = 'APP_URL: is required with PAGES=off: links in mails would lead nowhere';
      expect(problemsOf(() => read({ PAGES: 'off' }))).toEqual([problem]);
      const APP_URL = 'https://app.example.com';
      expect(read({ PAGES: 'off', APP_URL })).toMatchObject({ pages: false, appUrl: APP_URL });
      expect(read({ APP_URL })).toMatchObject({ pages: true, appUrl: APP_URL });
      expect(read()).toMatchObject({ pages: true });
    }
    expect(development().appUrl).toBe('http://localhost:4000/account');
  });

  it('names each problem of a theme on a line of its own', () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-theme-'));
    const PAGES_THEME_FILE = join(folder, 'theme.json');
    try {
      writeFileSync(PAGES_THEME_FILE, '{ "light": { "text": "red" }, "radius": 100 }');
      expect(problemsOf(() => production({ PAGES_THEME_FILE }))).toEqual([
        'PAGES_THEME_FILE: light.text must be a colour such as #7a5000',
        'PAGES_THEME_FILE: radius must be a number of pixels from 0 to 24',
      ]);
      writeFileSync(PAGES_THEME_FILE, '{ "radius": 2 }');
      expect(production({ PAGES_THEME_FILE }).pagesTheme.radius).toBe(2);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    '*',
    'null',
    'https://*.example.com',
    'https://app.example.com/',
    'https://app.example.com/x',
    'app.example.com',
    'http://app.example.com',
  ])('refuses %s among CORS_ORIGINS', (value) => {
    expect(refused({ CORS_ORIGINS: value })).toEqual(['CORS_ORIGINS']);
    expect(refused({ CORS_ORIGINS: `https://app.example.com,${value}` })).toEqual(['CORS_ORIGINS']);
  });
  it('accepts exact origins', () => {
    const value = 'https://app.example.com,http://localhost:3000';
    expect(production({ CORS_ORIGINS: value }).corsOrigins).toEqual(value.split(','));
  });

  it.each([
    'nobody',
    'a@example.com, b@example.com',
    'X <a@example.com>, <b@example.com>',
    'a@example.com\r\nBcc: b@example.com',
    '<a@example.com>, b@example.com',
    'friends: a@example.com;',
    'Acme <a@example.com> <b@example.com>',
    '"Acme, Inc. <a@example.com>',
    '"Acme <a@example.com>"',
    'Acme <a b@example.com>',
    'Acme "The <a@example.com>',
    'b@example.com <a@example.com>',
    '"a"@example.com',
    'Acme <ä@example.com>',
    'Acme <a@exa mple.com>',
    `${'x'.repeat(101)} <a@example.com>`,
  ])('X-52 refuses %j as MAIL_FROM', (value) => {
    expect(refused({ MAIL_FROM: value })).toEqual(['MAIL_FROM']);
  });

  const senderOf = (value: string, changes: Environment = {}) => {
    const { mail } = production({ MAIL_FROM: value, ...changes });
    return mail.transport === 'mailbox' ? null : mail.from;
  };

  it.each([
    ['no-reply@example.com', 'no-reply@example.com'],
    ['Acme <no-reply@example.com>', 'Acme <no-reply@example.com>'],
    ['<no-reply@example.com>', 'no-reply@example.com'],
    ['"Acme" <no-reply@example.com>', 'Acme <no-reply@example.com>'],
    ['"Acme, Inc." <no-reply@example.com>', '"Acme, Inc." <no-reply@example.com>'],
    ['Acme, Inc. <no-reply@example.com>', '"Acme, Inc." <no-reply@example.com>'],
    ['"Acme \\"The\\" Co." <a@example.com>', '"Acme \\"The\\" Co." <a@example.com>'],
    ['"Acme <Support>" <a@example.com>', '"Acme <Support>" <a@example.com>'],
    ['"Acme: Auth; (EU)" <a@example.com>', '"Acme: Auth; (EU)" <a@example.com>'],
    ["O'Neil & Söhne <a@example.com>", "O'Neil & Söhne <a@example.com>"],
    ['株式会社例 <a@example.com>', '株式会社例 <a@example.com>'],
    ['no-reply@bücher.example', 'no-reply@xn--bcher-kva.example'],
    ['"Bücher, GmbH" <a@Bücher.example>', '"Bücher, GmbH" <a@xn--bcher-kva.example>'],
    ['a@例え.テスト', 'a@xn--r8jz45g.xn--zckzah'],
    ['a@xn--bcher-kva.example', 'a@xn--bcher-kva.example'],
  ])('X-52 reads %j as a sender', (value, header) => {
    expect(senderOf(value)).toBe(header);
    expect(senderOf(header)).toBe(header);
  });

  it('X-51 is called Latchkey by itself, and gives its name to a sender without one', () => {
    expect(production().productName).toBe('Latchkey');
    expect(senderOf('a@example.com', { PRODUCT_NAME: 'Acme, Inc.' })).toBe(
      '"Acme, Inc." <a@example.com>',
    );
    expect(senderOf('Support <a@example.com>', { PRODUCT_NAME: 'Acme' })).toBe(
      'Support <a@example.com>',
    );
  });

  it.each([
    'x'.repeat(51),
    'Acme\u0007',
    'Acme\nInc',
    'Acme\u202etset',
    'Acme\u2066',
    'Acme\u200b',
    'Acme\u2028Inc',
    '\ud800Acme',
    '...',
    '"Acme, Inc."',
    "'Acme'",
  ])('X-51 refuses %j as PRODUCT_NAME', (value) => {
    expect(refused({ PRODUCT_NAME: value })).toEqual(['PRODUCT_NAME']);
  });

  it.each([
    'Acme, Inc.',
    "O'Neil & Söhne: Konto",
    'Example.com',
    '株式会社例',
    'علی\u200cرضا',
    '"Acme" Auth',
    '🦦 Otter',
    '名'.repeat(50),
  ])('X-51 takes %j as PRODUCT_NAME', (value) => {
    expect(production({ PRODUCT_NAME: value }).productName).toBe(value.normalize('NFC'));
  });

  it('refuses several processes on the embedded database', () => {
    expect(refused({ WORKERS: '2' }, development)).toEqual(['WORKERS']);
    expect(production({ WORKERS: 'max' }).workers).toBeGreaterThan(0);
  });

  it('AV-1 reads no thread pool size from a file: the pool already exists', () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-env-'));
    try {
      writeFileSync(join(folder, '.env'), 'UV_THREADPOOL_SIZE=16\nLATCHKEY_TEST_OF_FILES=read\n');
      loadEnvironmentFile(join(folder, '.env'));
      expect(environment()).toMatchObject({ LATCHKEY_TEST_OF_FILES: 'read' });
      expect(environment()['UV_THREADPOOL_SIZE']).toBeUndefined();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('AV-1 counts the pool’s threads as libuv does', () => {
    for (const [size, threads] of [
      [undefined, 4],
      ['16', 16],
      ['2000', 1024],
      ['none', 1],
      ['0', 1],
      ['-3', 1],
    ] as const) {
      const { threadPoolSize } = production({ UV_THREADPOOL_SIZE: size });
      expect([size, threadPoolSize]).toEqual([size, threads]);
    }
  });

  it('AV-1 refuses more concurrent hashes than the pool’s threads less one', () => {
    expect(refused({ BCRYPT_CONCURRENCY: '4' })).toEqual(['BCRYPT_CONCURRENCY']);
    expect(refused({ BCRYPT_CONCURRENCY: '8', UV_THREADPOOL_SIZE: '8' })).toEqual([
      'BCRYPT_CONCURRENCY',
    ]);
    expect(production({ BCRYPT_CONCURRENCY: '3' })).toMatchObject({
      bcryptConcurrency: 3,
      threadPoolSize: 4,
    });
    expect(production({ BCRYPT_CONCURRENCY: '7', UV_THREADPOOL_SIZE: '8' })).toMatchObject({
      bcryptConcurrency: 7,
    });
    expect(production({ BCRYPT_CONCURRENCY: 'auto' }).bcryptConcurrency).toBeNull();
  });

  it('warns of settings that are allowed but unwise', () => {
    expect(configWarnings(production())).toEqual([
      expect.stringContaining('every request is taken for plain http'),
    ]);
    const TRUSTED_PROXIES = '10.0.0.0/8';
    expect(configWarnings(production({ TRUSTED_PROXIES }))).toEqual([]);
    expect(configWarnings(production({ TRUSTED_PROXIES, RATE_LIMIT_MULTIPLIER: '10' }))).toEqual(
      [],
    );
    expect(
      configWarnings(production({ TRUSTED_PROXIES, RATE_LIMIT_MULTIPLIER: '11' })),
    ).toHaveLength(1);
    const all = {
      TRUSTED_PROXIES,
      RATE_LIMIT_MULTIPLIER: '1000',
      INTROSPECTION: 'on',
      DATABASE_URL: 'postgres://u:p@db/auth?sslmode=disable',
      ALLOW_INSECURE_DATABASE: 'true',
    };
    expect(configWarnings(production(all))).toHaveLength(3);
  });
});

describe('tracing', () => {
  const endpoint = 'http://collector:4318';
  it('is on when the exporter has an endpoint', () => {
    expect(production().tracing).toBe(false);
    expect(production({ OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }).tracing).toBe(false);
    expect(production({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }).tracing).toBe(true);
    expect(production({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint }).tracing).toBe(true);
  });
  it.each([{ OTEL_SDK_DISABLED: 'true' }, { OTEL_TRACES_EXPORTER: 'none' }])(
    'is off with %j although there is an endpoint',
    (changes) => {
      const { tracing } = production({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...changes });
      expect(tracing).toBe(false);
    },
  );
});

describe('a variable of an earlier version', () => {
  const names = Object.keys(retired);

  it('is no longer read, nor is its file variant', () => {
    const current = allEntries.flatMap(({ name, secret }) => [name, secret ? `${name}_FILE` : '']);
    expect(names.filter((name) => current.includes(name))).toEqual([]);
  });
  it.each(names)('%s is refused by name, with what to do instead', (name) => {
    for (const read of [production, development]) {
      expect(problemsOf(() => read({ [name]: 'a-value-that-is-not-quoted' }))).toEqual([
        `${name}: ${retired[name]}`,
      ]);
      expect(problemsOf(() => read({ [name]: '' }))).toEqual([]);
    }
  });
  it('is one that this version has removed', () => {
    expect(names.sort()).toEqual([
      'DATABASE_MAX_CONNECTIONS',
      'DATABASE_PREPARED_STATEMENTS',
      'DATA_DIR',
      'OTEL_EXPORTER_OTLP_HEADERS_FILE',
    ]);
  });
});

describe('the server’s own certificate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-tls-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const fileWith = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const mine = selfSigned();
  const files = {
    TLS_CERT_FILE: fileWith('cert.pem', mine.cert),
    TLS_KEY_FILE: fileWith('key.pem', mine.key),
  };

  it('TR-1 is refused without its key, unreadable, or with a key that does not match', () => {
    expect(refused({ TLS_CERT_FILE: files.TLS_CERT_FILE })).toEqual(['TLS_KEY_FILE']);
    expect(refused({ TLS_KEY_FILE: files.TLS_KEY_FILE })).toEqual(['TLS_CERT_FILE']);
    expect(refused({ ...files, TLS_KEY_FILE: join(folder, 'nothing.pem') })).toEqual([
      'TLS_KEY_FILE',
    ]);
    expect(refused({ ...files, TLS_CERT_FILE: files.TLS_KEY_FILE })).toEqual(['TLS_CERT_FILE']);
    expect(refused({ ...files, TLS_KEY_FILE: fileWith('other.pem', selfSigned().key) })).toEqual([
      'TLS_CERT_FILE',
    ]);
  });

  it('is accepted with its key', () => {
    expect(production(files).tls).toEqual({
      certFile: files.TLS_CERT_FILE,
      keyFile: files.TLS_KEY_FILE,
    });
    expect(configWarnings(production(files))).toEqual([]);
    expect(production().tls).toBeNull();
  });
});

describe('secrets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-config-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const fileWith = (content: string): string => {
    const file = join(folder, randomBytes(6).toString('hex'));
    writeFileSync(file, content);
    return file;
  };

  it('CF-6 are read from files too, without the trailing newline', () => {
    for (const [name, value] of Object.entries({
      ...whole,
      GATEWAY_TOKEN: randomBytes(32).toString('hex'),
    })) {
      if (!allEntries.some((entry) => entry.name === name && entry.secret)) continue;
      const fromFile = production({ [name]: undefined, [`${name}_FILE`]: fileWith(`${value}\n`) });
      expect(fromFile).toEqual(production({ [name]: value }));
    }
  });
  it('CF-6 are refused from two places, and from an empty or unreadable file', () => {
    const file = fileWith(whole.SECRET_KEY);
    expect(refused({ SECRET_KEY_FILE: file })).toEqual(['SECRET_KEY']);
    expect(refused({ SECRET_KEY: undefined, SECRET_KEY_FILE: join(folder, 'absent') })).toEqual([
      'SECRET_KEY_FILE',
    ]);
    expect(refused({ SECRET_KEY: undefined, SECRET_KEY_FILE: folder })).toEqual([
      'SECRET_KEY_FILE',
    ]);
    expect(refused({ SECRET_KEY: undefined, SECRET_KEY_FILE: fileWith('\n') })).toEqual([
      'SECRET_KEY_FILE',
    ]);
    // Only secrets: PORT_FILE has no meaning.
    expect(production({ PORT_FILE: fileWith('1') }).port).toBe(4000);
  });

  it('CF-6 are in no file of the repository', () => {
    const patterns = [
      '-----BEGIN [A-Z ]*PRIVATE KEY-----',
      're_[A-Za-z0-9]{8,}_[A-Za-z0-9]{16,}',
      '(AKIA|ASIA)[A-Z0-9]{16}\\b',
      'gh[pousr]_[A-Za-z0-9]{30,}',
      'npm_[A-Za-z0-9]{30,}',
      'sk_live_[A-Za-z0-9]{16,}',
      'xox[abprs]-[A-Za-z0-9-]{10,}',
      'eyJ[A-Za-z0-9_-]{16,}\\.eyJ[A-Za-z0-9_-]{16,}\\.[A-Za-z0-9_-]{16,}',
      '"d": ?"[A-Za-z0-9_-]{40,}"',
      '^(SECRET_KEY|SECRET_KEY_PREVIOUS|GATEWAY_TOKEN|RESEND_API_KEY|SMTP_URL|DATABASE_URL)=[^$]',
    ];
    expect(matchingLines(patterns)).toEqual([]);
    const tracked = execFileSync('git', ['ls-files'], { encoding: 'utf8' }).split('\n');
    expect(
      tracked.filter((file) => /(^|\/)(\.env|\.data|id_rsa|.*\.(pem|key|p12))$/.test(file)),
    ).toEqual([]);
    // Checks that the scan finds such secrets.
    fileWith(
      ['-----BEGIN RSA ', 'PRIVATE KEY-----\n', 're_12345678_', 'a1'.repeat(9), '\n'].join(''),
    );
    expect(
      grep(['--no-index', ...patterns.flatMap((pattern) => ['-e', pattern])], folder),
    ).toHaveLength(2);
  });

  /** The tracked files only. */
  function matchingLines(patterns: readonly string[]): string[] {
    return grep([
      ...patterns.flatMap((pattern) => ['-e', pattern]),
      '--',
      '.',
      ':!package-lock.json',
    ]).filter(
      (line) =>
        !line.startsWith('src/config/read-config.test.ts:') &&
        // Nothing secret: a mail server of the same machine, which a rehearsal names.
        !line.endsWith(':SMTP_URL=smtp://localhost:1025'),
    );
  }
  function grep(args: readonly string[], cwd = process.cwd()): string[] {
    try {
      return execFileSync('git', ['grep', '-nIE', ...args], { cwd, encoding: 'utf8' })
        .trimEnd()
        .split('\n');
    } catch (error) {
      if (error instanceof Error && 'status' in error && error.status === 1) return [];
      throw error;
    }
  }

  it('of development are created once, owner-only, and valid for readConfig', () => {
    const data = join(folder, 'data');
    const made = loadDevelopmentSecrets(data);
    expect(loadDevelopmentSecrets(data)).toEqual(made);
    expect(statSync(join(data, 'secrets.json')).mode & 0o777).toBe(0o600);
    expect(loadDevelopmentSecrets(join(folder, 'other'))).not.toEqual(made);
    const config = readConfig(
      {},
      { mode: 'development', developmentSecrets: () => loadDevelopmentSecrets(data) },
    );
    expect(config).toMatchObject({
      gatewayToken: made.gatewayToken,
      databaseUrl: null,
      dataDirectory: '.data',
    });
    expect(Buffer.from(config.secretKeys[0] ?? [])).toEqual(
      Buffer.from(made.secretKey, 'base64url'),
    );
  });
  it('of development are the same for all servers that start at once', async () => {
    const data = join(folder, 'race');
    const module = join(compiledSources(), 'development-secrets.js');
    const script =
      `const { loadDevelopmentSecrets } = await import(${JSON.stringify(module)}); ` +
      `console.log(loadDevelopmentSecrets(${JSON.stringify(data)}).secretKey)`;
    const { spawn } = await import('node:child_process');
    const { text } = await import('node:stream/consumers');
    const keys = await Promise.all(
      Array.from({ length: 4 }, () =>
        text(
          spawn(process.execPath, ['--input-type=module', '-e', script], {
            stdio: ['ignore', 'pipe', 'inherit'],
          }).stdout,
        ),
      ),
    );
    expect(new Set(keys.map((key) => key.trim()))).toEqual(
      new Set([loadDevelopmentSecrets(data).secretKey]),
    );
  });
  it('of development that cannot be read stop the start', () => {
    const data = join(folder, 'broken');
    loadDevelopmentSecrets(data);
    writeFileSync(join(data, 'secrets.json'), '{');
    const read = () =>
      readConfig(
        {},
        { mode: 'development', developmentSecrets: () => loadDevelopmentSecrets(data) },
      );
    expect(problemsOf(read)).toEqual([
      '.data: must be a folder where the development secrets can be kept and read',
    ]);
  });
});

describe('passkeys', () => {
  const settings = (changes: Environment = {}) => production(changes).passkeys;

  it.each<[string, Environment]>([
    ['PASSKEYS', { PASSKEYS: 'yes' }],
    ['PASSKEY_RP_ID', { PASSKEY_RP_ID: 'https://auth.example.com' }],
    ['PASSKEY_RP_ID', { PASSKEY_RP_ID: 'auth.example.com:443' }],
    ['PASSKEY_RP_ID', { PASSKEY_RP_ID: 'Auth.example.com' }],
    ['PASSKEY_RP_ID', { PASSKEY_RP_ID: '.example.com' }],
    ['PASSKEY_RP_ID', { PASSKEY_RP_ID: '203.0.113.5' }],
    ['PASSKEY_RP_ID', { PASSKEY_RP_ID: 'example.org' }],
    ['PASSKEY_RP_ID', { PASSKEY_RP_ID: 'com' }],
    ['PASSKEY_RP_ID', { PASSKEY_ORIGINS: 'https://app.example.org' }],
    ['PASSKEY_ORIGINS', { PASSKEY_ORIGINS: 'https://*.example.com' }],
    ['PASSKEY_ORIGINS', { PASSKEY_ORIGINS: 'https://auth.example.com/' }],
    ['PASSKEY_ORIGINS', { PASSKEY_ORIGINS: 'https://auth.example.com,http://auth.example.com' }],
    ['PASSKEY_ORIGINS', { PASSKEY_ORIGINS: 'android:apk-key-hash:short' }],
    [
      'PASSKEY_ORIGINS',
      {
        PASSKEY_ORIGINS: Array.from({ length: 21 }, (_, n) => `https://a${n}.example.com`).join(),
      },
    ],
    ['PASSKEY_LIMIT', { PASSKEY_LIMIT: '0' }],
    ['PASSKEY_LIMIT', { PASSKEY_LIMIT: '101' }],
  ])('PK-2 refuses a %s such as in %j', (name, changes) => {
    expect(refused(changes)).toEqual([name]);
  });

  it('PK-2 belong to the host of APP_URL, or of PUBLIC_URL where there is no app', () => {
    const origins = ['https://auth.example.com'];
    expect(settings()).toEqual({ enabled: true, rpId: 'auth.example.com', origins, limit: 20 });
    expect(settings({ APP_URL: 'https://app.example.com/sign' })).toMatchObject({
      rpId: 'app.example.com',
      origins: ['https://app.example.com'],
    });
    expect(development().passkeys).toMatchObject({
      rpId: 'localhost',
      origins: ['http://localhost:4000'],
    });
  });

  it('may belong to a domain above, to other sites and to apps', () => {
    const android = `android:apk-key-hash:${'A'.repeat(43)}`;
    const origins = ['https://auth.example.com', 'https://example.co.uk', android];
    const set = { PASSKEY_RP_ID: 'example.com', PASSKEY_ORIGINS: origins.join(', ') };
    expect(settings(set)).toMatchObject({ rpId: 'example.com', origins });
    expect(settings({ PASSKEY_ORIGINS: android }).origins).toEqual([android]);
  });

  it('are off where told, and where browsers accept none', () => {
    expect(settings({ PASSKEYS: 'off' }).enabled).toBe(false);
    expect(settings({ PUBLIC_URL: 'https://203.0.113.5' }).enabled).toBe(false);
    expect(settings({ PUBLIC_URL: 'https://[2001:db8::5]' }).enabled).toBe(false);
  });
});

describe('X-43 what a shell or a file of variables should have taken away', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-quotes-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const fileWith = (text: string): string => {
    const file = join(folder, randomBytes(4).toString('hex'));
    writeFileSync(file, text);
    return file;
  };
  const problems = (changes: Environment) => problemsOf(() => production(changes));
  /** Names of people and of products may have quotes. */
  const names = allEntries
    .map(({ name }) => name)
    .filter((name) => name !== 'MAIL_FROM' && name !== 'PRODUCT_NAME');

  it('quotes around a value are refused by name, whatever the variable', () => {
    for (const name of names) {
      for (const value of ['"x"', "'x'", '"x', "x'", '`x`', ' "x" ', '“x”', '‘x’', '"x"\r', '"']) {
        const found = problems({ [name]: value });
        expect([name, value, found.filter((text) => text.startsWith(`${name}:`))]).toEqual([
          name,
          value,
          [expect.stringContaining('has quotes around it')],
        ]);
      }
    }
  });
  it('MAIL_FROM and PRODUCT_NAME may begin with one', () => {
    expect(production({ PRODUCT_NAME: '"Acme" Bank' }).productName).toBe('"Acme" Bank');
    expect(production({ MAIL_FROM: whole.MAIL_FROM }).mail).toMatchObject({
      from: whole.MAIL_FROM,
    });
    expect(problems({ MAIL_FROM: '"Acme' }).join()).not.toContain('quotes');
  });
  it('quotes in a file of a secret, and around its path, are refused by name', () => {
    const file = fileWith(`"${whole.SECRET_KEY}"\n`);
    const without = { SECRET_KEY: undefined };
    expect(refused({ ...without, SECRET_KEY_FILE: file })).toEqual(['SECRET_KEY_FILE']);
    const path = `"${fileWith(whole.SECRET_KEY)}"`;
    expect(problems({ ...without, SECRET_KEY_FILE: path })).toEqual([
      expect.stringContaining('SECRET_KEY_FILE: has quotes around it'),
    ]);
  });
  it.each(['\ufeff', '\u200b', ' ', '\u00a0', 'export '])(
    'a name with hidden characters is refused by its visible part: %j',
    (hidden) => {
      for (const name of ['DATABASE_URL', 'SECRET_KEY_FILE', 'PORT']) {
        expect(problems({ [`${hidden}${name}`]: 'x' })).toEqual([
          expect.stringMatching(`^${name}: is set under a name with hidden characters`),
        ]);
      }
      expect(problems({ [`${hidden}OTHER`]: 'x' })).toEqual([]);
    },
  );
  it('a byte order mark before the first line of a file of variables is named', () => {
    const file = fileWith('\ufeffPORT=4001\r\nWORKERS="2"\r\n');
    const script =
      `process.loadEnvFile(${JSON.stringify(file)});` +
      'console.log(JSON.stringify([Object.entries(process.env)]))';
    const [entries] = JSON.parse(
      execFileSync(process.execPath, ['-e', script], { env: {}, encoding: 'utf8' }),
    );
    // CRLF and the quotes of the file are its own.
    expect(Object.fromEntries(entries)).toMatchObject({ WORKERS: '2' });
    expect(refused(Object.fromEntries(entries))).toEqual(['PORT']);
  });
  it.each([
    ['DATABASE_URL', 'postgres://latchkey:RAW@localhost:5432/latchkey'],
    ['DATABASE_REPLICA_URLS', 'postgres://latchkey:RAW@localhost/latchkey'],
    ['SMTP_URL', 'smtps://user:RAW@mail.example.com:465'],
    ['APP_URL', 'https://app.example.com/RAW'],
  ])('a raw %% in %s is refused, and how to write it is said', (name, url) => {
    for (const raw of ['50%', '%', 'a%b', '100%sure', '%zz', '%2', '%ff', '%c3%28']) {
      const [problem = '', ...others] = problems({ [name]: url.replace('RAW', raw) });
      expect(others).toEqual([]);
      expect(problem).toMatch(new RegExp(`^${name}: .*write %25`));
      expect(problem).not.toContain(url.replace('RAW', raw));
    }
    expect(problems({ [name]: url.replace('RAW', '50%25%C3%BC') })).toEqual([]);
  });
  it('white space around a value is no part of it', () => {
    expect(
      production({ PORT: ' 4001\r', PUBLIC_URL: '\thttps://auth.example.com \r' }),
    ).toMatchObject({ port: 4001, publicUrl: 'https://auth.example.com' });
  });
});

describe('the documentation', () => {
  it('has every variable in .env.example, with its line and its default, and no secret', () => {
    const lines = allEntries.flatMap(({ name, doc, shown, fallback, secret }) => [
      '',
      `# ${doc}`,
      `# Default: ${shown}.${secret ? ` Or ${name}_FILE.` : ''}`,
      `${name}=${typeof fallback === 'string' ? fallback : ''}`,
    ]);
    const example = readFileSync('.env.example', 'utf8').trimEnd().split('\n');
    expect(example.slice(example.indexOf(''))).toEqual(lines);
  });

  it('says in the changelog which variables are gone', () => {
    const changelog = readFileSync('CHANGELOG.md', 'utf8');
    const missing = Object.keys(retired).filter((name) => !changelog.includes(`\`${name}\``));
    expect(missing).toEqual([]);
  });

  it('has every variable in docs/operations.md', () => {
    const rows = allEntries.map(
      ({ name, doc, shown, secret }) =>
        `| \`${name}\`${secret ? ' (or `_FILE`)' : ''} | ${shown} | ${doc} |`,
    );
    const documented = readFileSync('docs/operations.md', 'utf8').split('\n');
    expect(documented.filter((line) => /^\| `[A-Z_]+`/.test(line))).toEqual(rows);
  });
});
