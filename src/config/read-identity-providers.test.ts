import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { snippets } from '../testing/snippets.ts';
import { identityPresetNames } from './identity-presets.ts';
import { ConfigError, type Environment, readConfig } from './read-config.ts';
import { identityProvidersFile } from './read-identity-providers.ts';

const secret = 'the-secret-of-the-client';
const tenant = '2f1b9c4e-0000-4000-8000-1234567890ab';
const another = '3a2c8d5f-0000-4000-8000-1234567890ab';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-providers-'));
  write('client.secret', `${secret}\n`);
  write('empty.secret', ' \n');
  write('quoted.secret', `"${secret}"`);
  write('large.secret', 'x'.repeat(9000));
  write('apple.p8', pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey));
  write('rsa.p8', pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey));
});
afterAll(() => rmSync(folder, { recursive: true }));

function pemOf(key: ReturnType<typeof generateKeyPairSync>['privateKey']): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function read(providers: unknown) {
  const content = typeof providers === 'string' ? providers : JSON.stringify(providers);
  return identityProvidersFile.safeParse(write('providers.json', content));
}

function problemsOf(providers: unknown): string[] {
  const problems = read(providers).error?.issues.map(({ message }) => message) ?? [];
  for (const problem of problems) expect(problem).not.toContain(secret);
  return problems;
}

const any = {
  id: 'acme',
  name: 'Acme',
  issuer: 'https://id.acme.example',
  clientId: 'latchkey',
  clientSecretFile: 'client.secret',
};
const preset = (name: string, more: object = {}) => ({
  preset: name,
  clientId: 'latchkey',
  clientSecretFile: 'client.secret',
  ...more,
});
const apple = {
  preset: 'apple',
  clientId: 'com.example.app',
  clientSecretKeyFile: 'apple.p8',
  appleTeamId: 'ABCDE12345',
  appleKeyId: 'KEY1234567',
};
const plain = {
  id: 'plain',
  name: 'Plain',
  kind: 'oauth2',
  clientId: 'latchkey',
  clientSecretFile: 'client.secret',
  scopes: ['profile'],
  oauth2: {
    authorizationUrl: 'https://plain.example/authorize',
    tokenUrl: 'https://api.plain.example/token',
    userinfoUrl: 'https://api.plain.example/me',
    members: { subject: 'data.id' },
  },
};

describe('a file of providers', () => {
  it('has any OpenID provider in a few lines, distrusted', () => {
    expect(read([any]).data).toEqual([
      {
        id: 'acme',
        name: 'Acme',
        preset: null,
        kind: 'oidc',
        issuer: 'https://id.acme.example',
        clientId: 'latchkey',
        clientSecret: { kind: 'text', value: secret },
        scopes: ['openid', 'email', 'profile'],
        trustEmail: false,
        linking: 'confirm',
        trustsMfa: false,
        enabled: true,
        tenants: null,
        nativeClientIds: [],
        responseMode: 'query',
        tokenHosts: [],
        oauth2: null,
      },
    ]);
  });

  it('ID-7 trusts no preset for addresses', () => {
    const entries = identityPresetNames.map((name) =>
      name === 'apple'
        ? apple
        : preset(name, name === 'microsoft' ? { tenants: [tenant, another] } : {}),
    );
    const { data = [] } = read(entries);
    expect(data.map(({ id }) => id)).toEqual(identityPresetNames);
    for (const { trustEmail, linking, trustsMfa, preset: from, name } of data) {
      expect({ trustEmail, linking, trustsMfa }).toEqual({
        trustEmail: false,
        linking: 'confirm',
        trustsMfa: false,
      });
      expect(name.toLowerCase()).toBe(from);
    }
  });

  it('has a key of Apple’s, and its answers by form', () => {
    const [provider] = read([apple]).data ?? [];
    expect(provider).toMatchObject({
      responseMode: 'form_post',
      clientSecret: { kind: 'apple', teamId: 'ABCDE12345', keyId: 'KEY1234567' },
    });
  });

  it('ID-4 has Microsoft’s tenants, and the issuer of one that is alone', () => {
    const tenantsOf = (tenants: string[]) =>
      read([preset('microsoft', { tenants })]).data?.map(({ issuer, tenants: read }) => ({
        issuer,
        tenants: read,
      }))[0];
    expect(tenantsOf([tenant.toUpperCase()])).toEqual({
      issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
      tenants: null,
    });
    const issuer = 'https://login.microsoftonline.com/{tenantid}/v2.0';
    const personal = '9188040d-6c67-4c5b-b112-36a304b66dad';
    expect(tenantsOf([tenant, 'consumers'])).toEqual({ issuer, tenants: [tenant, personal] });
    expect(tenantsOf(['*'])).toEqual({ issuer, tenants: ['*'] });
  });

  it('has plain OAuth 2, whose issuer is its origin', () => {
    expect(read([plain]).data).toMatchObject([
      {
        issuer: 'https://plain.example',
        oauth2: {
          emailsUrl: null,
          usesPkce: true,
          members: { subject: 'data.id', email: 'email', emailVerified: 'email_verified' },
        },
      },
    ]);
  });

  it('has GitLab of one’s own, and a client without a secret', () => {
    const own = preset('gitlab', { issuer: 'https://git.example.com', name: 'Our GitLab' });
    expect(read([own]).data).toMatchObject([{ id: 'gitlab', issuer: 'https://git.example.com' }]);
    const { clientSecretFile: _, ...open } = any;
    expect(read([open]).data).toMatchObject([{ clientSecret: null }]);
  });

  it.each<[string, unknown, string[]]>([
    ['no JSON', '[{ "id": "acme"', ['names a file that is not JSON']],
    ['no list', { acme: any }, ['must hold a list of 50 providers at most']],
    ['51 entries', Array(51).fill(any), ['must hold a list of 50 providers at most']],
    ['a file too large', ' '.repeat(200_001), ['names a file that is too large for providers']],
    ['no object', ['acme'], ['entry 1 must be an object']],
    ['an id twice', [any, preset('google'), any], ['entry 3 id is that of entry 1 too']],
    ['an unknown member', [{ ...any, trust: true }], ['entry 1 trust is no member of a provider']],
    [
      'a secret as a member’s name',
      [{ ...any, [secret]: 1 }],
      ['entry 1 a member is no member of a provider'],
    ],
    [
      'a secret in it',
      [{ ...any, clientSecret: secret }],
      [
        'entry 1 clientSecret is no member: write the secret into a file that clientSecretFile ' +
          'names',
      ],
    ],
    ['nothing that is needed', [{}], ['entry 1 clientId is required']],
    [
      'a client alone',
      [{ clientId: 'latchkey' }],
      ['entry 1 id is required', 'entry 1 name is required', 'entry 1 issuer is required'],
    ],
    [
      'an id with capitals',
      [{ ...any, id: 'Acme' }],
      ['entry 1 id must have 1 to 32 small letters, digits or -'],
    ],
    [
      'a name with a line break',
      [{ ...any, name: 'A\nB' }],
      ['entry 1 name must have 1 to 50 characters, with a letter or a digit among them'],
    ],
    [
      'a text for a flag',
      [{ ...any, trustEmail: 'true' }],
      ['entry 1 trustEmail must be true or false'],
    ],
    [
      'an unknown preset',
      [preset('myspace')],
      [`entry 1 preset must be one of ${identityPresetNames.join(', ')}`],
    ],
    [
      'an issuer with a query',
      [{ ...any, issuer: 'https://id.acme.example/?a' }],
      ['entry 1 issuer must be an issuer such as https://id.example.com, with no query'],
    ],
    [
      'an issuer with credentials',
      [{ ...any, issuer: 'https://a:b@id.acme.example' }],
      [
        'entry 1 issuer must be a URL that begins with https://, with no credentials and no ' +
          'fragment',
      ],
    ],
    [
      'tenants elsewhere',
      [{ ...any, issuer: 'https://id.acme.example/{tenantid}', tenants: [tenant] }],
      ['entry 1 issuer may have {tenantid} at https://login.microsoftonline.com only'],
    ],
    [
      'no tenants at Microsoft',
      [preset('microsoft')],
      ['entry 1 tenants is required: the ids of the tenants whose users may sign in, or *'],
    ],
    [
      'a tenant’s name',
      [preset('microsoft', { tenants: ['contoso.onmicrosoft.com'] })],
      ['entry 1 tenants.0 must be a tenant’s id'],
    ],
    [
      'trust in every tenant',
      [preset('microsoft', { tenants: ['*'], trustEmail: true })],
      ['entry 1 trustEmail may not be true for every tenant: any of them could claim any address'],
    ],
    [
      'tenants where there are none',
      [{ ...any, tenants: [tenant] }],
      ['entry 1 tenants is for an issuer with {tenantid}: leave it out'],
    ],
    [
      'links without trust',
      [{ ...any, linking: 'verified' }],
      ['entry 1 linking may be verified with trustEmail only'],
    ],
    [
      'no openid among the scopes',
      [{ ...any, scopes: ['email'] }],
      ['entry 1 scopes must have openid among them'],
    ],
    [
      'a preset’s own members',
      [preset('google', { issuer: any.issuer, kind: 'oidc', responseMode: 'form_post' })],
      [
        'entry 1 kind comes with the preset: leave it out',
        'entry 1 responseMode comes with the preset: leave it out',
        'entry 1 issuer comes with the preset: leave it out',
      ],
    ],
    [
      'no secret for a preset',
      [{ preset: 'github', clientId: 'latchkey' }],
      ['entry 1 clientSecretFile is required'],
    ],
    [
      'a secret’s file that is not there',
      [{ ...any, clientSecretFile: 'nowhere' }],
      ['entry 1 clientSecretFile names a file that cannot be read'],
    ],
    [
      'an empty secret',
      [{ ...any, clientSecretFile: 'empty.secret' }],
      ['entry 1 clientSecretFile names an empty file'],
    ],
    [
      'a large secret',
      [{ ...any, clientSecretFile: 'large.secret' }],
      ['entry 1 clientSecretFile names a file that is too large for a secret'],
    ],
    [
      'quotes around a secret',
      [{ ...any, clientSecretFile: 'quoted.secret' }],
      ['entry 1 clientSecretFile must hold visible ASCII characters, with no quotes around them'],
    ],
    [
      'a secret for Apple',
      [{ ...preset('apple') }],
      [
        'entry 1 clientSecretFile has no place beside clientSecretKeyFile: leave it out',
        'entry 1 clientSecretKeyFile is required',
        'entry 1 appleTeamId is required',
        'entry 1 appleKeyId is required',
      ],
    ],
    [
      'a key of another kind for Apple',
      [{ ...apple, clientSecretKeyFile: 'rsa.p8' }],
      [
        'entry 1 clientSecretKeyFile must hold a private key on P-256 as PEM: the .p8 file as ' +
          'it came',
      ],
    ],
    [
      'plain OAuth 2 without addresses',
      [{ ...plain, oauth2: undefined, scopes: undefined }],
      ['entry 1 oauth2 is required for kind oauth2', 'entry 1 scopes is required for kind oauth2'],
    ],
    [
      'plain OAuth 2 without a subject',
      [{ ...plain, oauth2: { ...plain.oauth2, members: {} } }],
      ['entry 1 oauth2.members.subject is required'],
    ],
    [
      'what plain OAuth 2 has not',
      [{ ...plain, trustsMfa: true, nativeClientIds: ['ios'], responseMode: 'form_post' }],
      [
        'entry 1 trustsMfa takes OpenID Connect',
        'entry 1 nativeClientIds takes OpenID Connect',
        'entry 1 responseMode form_post takes OpenID Connect',
      ],
    ],
  ])('is refused with %s', (_what, providers, problems) => {
    expect(problemsOf(providers)).toEqual(problems);
  });

  it('is as docs/integrations/providers.md has it', () => {
    const page = snippets('providers.md', 'json');
    expect(page.length).toBeGreaterThan(9);
    const key = pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
    write('AuthKey_KEY1234567.p8', key);
    const ids = page.map((example) => {
      const [, file = ''] = /"clientSecretFile": "([^"]+)"/.exec(example) ?? [];
      if (file !== '') write(file, secret);
      expect(problemsOf(example)).toEqual([]);
      return read(example).data?.[0]?.id;
    });
    expect(ids).toEqual(['acme', ...identityPresetNames, 'forge']);
    const [lines = ''] = page;
    expect(lines.trim().split('\n').slice(1, -1)).toHaveLength(5);
  });

  it('has the members of docs/integrations/providers.md', () => {
    const text = readFileSync('docs/integrations/providers.md', 'utf8');
    const [table = ''] = /^\| Member .*?\n\n/ms.exec(text) ?? [];
    const members = [...table.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
    );
    expect(members).toHaveLength(19);
    const unknown = problemsOf([Object.fromEntries(members.map((name) => [name, null]))]);
    expect(unknown.filter((problem) => problem.includes('is no member'))).toEqual([]);
  });

  it('is refused where it is not there', () => {
    const { error } = identityProvidersFile.safeParse(join(folder, 'nowhere.json'));
    expect(error?.issues).toMatchObject([{ message: 'names a file that cannot be read' }]);
  });
});

describe('the configuration', () => {
  const development = (changes: Environment) =>
    readConfig(changes, {
      mode: 'development',
      developmentSecrets: () => ({
        secretKey: randomBytes(32).toString('base64'),
        gatewayToken: randomBytes(32).toString('hex'),
      }),
    });
  const problems = (changes: Environment): readonly string[] => {
    try {
      development(changes);
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
    return [];
  };

  it('takes a provider on this machine with IDENTITY_ALLOW_PRIVATE only', () => {
    const local = (issuer: string) =>
      write('local.json', JSON.stringify([any, { ...any, id: 'local', issuer }]));
    const file = local('http://localhost:4444');
    const rule = 'must be https, or of this machine with IDENTITY_ALLOW_PRIVATE in development';
    expect(problems({ IDENTITY_PROVIDERS_FILE: file })).toEqual([
      `IDENTITY_PROVIDERS_FILE: entry 2 issuer ${rule}`,
    ]);
    const allowed = { IDENTITY_PROVIDERS_FILE: file, IDENTITY_ALLOW_PRIVATE: 'true' };
    expect(problems(allowed)).toEqual([]);
    local('http://10.0.0.1');
    expect(problems(allowed)).toEqual([`IDENTITY_PROVIDERS_FILE: entry 2 issuer ${rule}`]);
  });

  it('has no secret of a provider’s that is another party’s too', () => {
    const shared = randomBytes(32).toString('hex');
    write('shared.secret', shared);
    const entry = { ...any, clientSecretFile: 'shared.secret' };
    const file = write('shared.json', JSON.stringify([entry, { ...entry, id: 'again' }]));
    expect(problems({ IDENTITY_PROVIDERS_FILE: file })).toEqual([]);
    expect(problems({ IDENTITY_PROVIDERS_FILE: file, GATEWAY_TOKEN: shared })).toEqual([
      'IDENTITY_PROVIDERS_FILE: must not be the same as GATEWAY_TOKEN',
      'IDENTITY_PROVIDERS_FILE: must not be the same as GATEWAY_TOKEN',
    ]);
  });

  it('ID-11 leads back to exact addresses, and to the app’s own by default', () => {
    expect(development({}).identityReturnUrls).toEqual([]);
    expect(development({ APP_URL: 'https://app.example.com/x' }).identityReturnUrls).toEqual([
      'https://app.example.com/signed-in',
    ]);
    const given = 'https://app.example.com/in?x=1,com.example.app:/signed-in';
    expect(development({ IDENTITY_RETURN_URLS: given }).identityReturnUrls).toEqual(
      given.split(','),
    );
  });

  it.each([
    'javascript:alert(1)',
    'data:text/html,x',
    '//app.example.com/in',
    'app.example.com',
    'myapp:/in',
    'com.example.app:in',
    'https://app.example.com/in#x',
    'https://*.example.com/in',
    'https://user@app.example.com/in',
    'https://app.example.com/a/../in',
    'https://app.example.com/a/%2e%2e/in',
    'https://app.example.com\\@evil.example',
    'https://app.example.com/\u202ein',
    'https://app.example.com/a b',
  ])('ID-11 leads nowhere such as %j', (url) => {
    expect(problems({ IDENTITY_RETURN_URLS: `https://a.example/in,${url}` })).toHaveLength(1);
  });
});
