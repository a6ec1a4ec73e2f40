import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { type IdentityPreset, identityPresetNames, identityPresets } from './identity-presets.ts';
import type { ClientSecret, IdentityProvider } from './identity-providers.ts';
import type { Reader } from './readers.ts';

/** Bytes of the file, and of a file with a secret. */
const fileLimit = 200_000;
const secretLimit = 8_192;
const mostProviders = 50;

/** Microsoft's tenant of personal accounts, under the name that its addresses have for it. */
const consumersTenant = '9188040d-6c67-4c5b-b112-36a304b66dad';
const microsoftOrigin = 'https://login.microsoftonline.com';
const tenantPlaceholder = '{tenantid}';

type RawIssue = { readonly code?: string; readonly input?: unknown };

/** Every message stands behind the member's name. */
function says(rule: string) {
  return { error: ({ input }: RawIssue) => (input === undefined ? 'is required' : rule) };
}

function text(pattern: RegExp, rule: string) {
  return z.string(says(rule)).regex(pattern, says(rule));
}

const flag = z.boolean(says('must be true or false'));
const fileName = text(/^[^\p{Cc}]{1,500}$/u, 'must be the name of a file');
const appleId = text(/^[A-Z0-9]{10}$/, 'must be ten capital letters and digits');
const member = text(
  /^\w{1,60}(?:\.\w{1,60}){0,3}$/,
  'must be the name of a member, or names with dots between',
);
const clientId = text(/^[\x21-\x7e]{1,255}$/, 'must have 1 to 255 visible ASCII characters');

const address = z.string(says('must be a URL')).refine((value) => {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (!url || !['https:', 'http:'].includes(url.protocol)) return false;
  return url.username === '' && url.password === '' && !value.includes('#');
}, says('must be a URL that begins with https://, with no credentials and no fragment'));

const issuer = address.refine(
  (value) => !/[?*\s]/.test(value) && value.length <= 255,
  says('must be an issuer such as https://id.example.com, with no query'),
);

function several<T>(item: z.ZodType<T>, least: number, most: number) {
  const rule = says(`must be a list of ${least} to ${most}`);
  return z.array(item, rule).min(least, rule).max(most, rule);
}

const endpoints = z.strictObject(
  {
    authorizationUrl: address,
    tokenUrl: address,
    userinfoUrl: address,
    emailsUrl: address.optional(),
    members: z.strictObject(
      {
        subject: member,
        email: member.default('email'),
        emailVerified: member.default('email_verified'),
        name: member.default('name'),
        label: member.default('email'),
      },
      { error: objectRule('must be an object that names members of userinfo') },
    ),
  },
  { error: objectRule('must be an object of addresses') },
);

const entry = z.strictObject(
  {
    preset: z
      .enum(identityPresetNames, says(`must be one of ${identityPresetNames.join(', ')}`))
      .optional(),
    id: text(/^[a-z0-9-]{1,32}$/, 'must have 1 to 32 small letters, digits or -').optional(),
    name: text(
      /^(?=.*[\p{L}\p{N}])[^\p{C}\p{Zl}\p{Zp}]{1,50}$/u,
      'must have 1 to 50 characters, with a letter or a digit among them',
    ).optional(),
    kind: z.enum(['oidc', 'oauth2'], says('must be oidc or oauth2')).optional(),
    issuer: issuer.optional(),
    clientId,
    clientSecretFile: fileName.optional(),
    clientSecretKeyFile: fileName.optional(),
    appleTeamId: appleId.optional(),
    appleKeyId: appleId.optional(),
    scopes: several(
      text(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/, 'must be a scope of visible ASCII characters'),
      1,
      20,
    ).optional(),
    trustEmail: flag.default(false),
    linking: z
      .enum(['confirm', 'verified'], says('must be confirm or verified'))
      .default('confirm'),
    trustsMfa: flag.default(false),
    enabled: flag.default(true),
    tenants: several(
      text(
        /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|consumers|\*)$/i,
        'must be a tenant’s id',
      ),
      1,
      200,
    ).optional(),
    nativeClientIds: several(clientId, 1, 20).optional(),
    responseMode: z.enum(['query', 'form_post'], says('must be query or form_post')).optional(),
    tokenHosts: several(
      text(/^[a-z0-9.-]{1,253}(?::\d{1,5})?$/, 'must be a host such as oauth2.example.com'),
      1,
      10,
    ).optional(),
    oauth2: endpoints.optional(),
  },
  { error: objectRule('must be an object') },
);

type Written = z.output<typeof entry>;

/** For an object's own issues alone; those of unknown members are put in words below. */
function objectRule(rule: string) {
  return ({ code, input }: RawIssue): string | undefined => {
    if (code !== 'invalid_type') return undefined;
    return input === undefined ? 'is required' : rule;
  };
}

/**
 * The providers in a JSON file, with the secrets from the files that it names. A start needs no
 * provider, so none is asked. Every problem is an issue of its own, by entry, member and rule.
 * SECURITY: none repeats what stands in a file.
 */
export const identityProvidersFile: Reader<readonly IdentityProvider[]> = z
  .string()
  .transform((path, context) => {
    const problems: string[] = [];
    const providers = readProviders(path, (problem) => problems.push(problem));
    for (const message of problems) context.addIssue({ code: 'custom', message });
    return problems.length > 0 ? [] : providers;
  });

type Refuse = (problem: string) => void;

function readProviders(path: string, refuse: Refuse): readonly IdentityProvider[] {
  const json = readJson(path, refuse);
  if (json === null) return [];
  if (!Array.isArray(json) || json.length > mostProviders) {
    refuse(`must hold a list of ${mostProviders} providers at most`);
    return [];
  }
  const seen = new Map<string, number>();
  return json.flatMap((each: unknown, index) => {
    const place = `entry ${index + 1}`;
    const parsed = entry.safeParse(each);
    if (!parsed.success) {
      for (const problem of parsed.error.issues.flatMap(inWords)) refuse(`${place} ${problem}`);
      return [];
    }
    const provider = toProvider(parsed.data, {
      folder: dirname(path),
      refuse: (problem) => refuse(`${place} ${problem}`),
    });
    if (provider === null) return [];
    const first = seen.get(provider.id);
    if (first !== undefined) refuse(`${place} id is that of entry ${first} too`);
    seen.set(provider.id, index + 1);
    return [provider];
  });
}

function readJson(path: string, refuse: Refuse): unknown {
  const bytes = readBytes(path);
  if (bytes === null) refuse('names a file that cannot be read');
  else if (bytes.length > fileLimit) refuse('names a file that is too large for providers');
  else {
    try {
      return JSON.parse(bytes.toString());
    } catch {
      refuse('names a file that is not JSON');
    }
  }
  return null;
}

function readBytes(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

type Place = { readonly folder: string; readonly refuse: Refuse };

/** Null where something that the rest follows from is missing. */
function toProvider(written: Written, place: Place): IdentityProvider | null {
  const preset = written.preset === undefined ? null : identityPresets[written.preset];
  const id = written.id ?? written.preset;
  const name = written.name ?? preset?.name;
  if (id === undefined) place.refuse('id is required');
  if (name === undefined) place.refuse('name is required');
  const basis = preset === null ? basisOf(written, place) : ofPreset(preset, written, place);
  const clientSecret = readSecret(written, place);
  if (basis === null || id === undefined || name === undefined) return null;
  for (const problem of contradictions(written, basis)) place.refuse(problem);
  const { trustEmail, linking, trustsMfa, enabled, nativeClientIds = [] } = written;
  return {
    ...basis,
    id,
    name,
    preset: written.preset ?? null,
    clientId: written.clientId,
    clientSecret,
    ...{ trustEmail, linking, trustsMfa, enabled, nativeClientIds },
    ...tenantsOf(basis.issuer, written.tenants),
  };
}

type Basis = Omit<IdentityPreset, 'name'>;

function ofPreset(preset: IdentityPreset, written: Written, { refuse }: Place): Basis {
  for (const name of ['kind', 'oauth2', 'responseMode'] as const)
    if (written[name] !== undefined) refuse(`${name} comes with the preset: leave it out`);
  // GitLab alone is run by others too.
  if (written.issuer !== undefined && written.preset !== 'gitlab')
    refuse('issuer comes with the preset: leave it out');
  const { name: _, ...basis } = preset;
  return {
    ...basis,
    issuer: written.issuer ?? preset.issuer,
    scopes: written.scopes ?? preset.scopes,
    tokenHosts: [...preset.tokenHosts, ...(written.tokenHosts ?? [])],
  };
}

function basisOf(written: Written, { refuse }: Place): Basis | null {
  const { kind = 'oidc', oauth2, scopes, responseMode = 'query', tokenHosts = [] } = written;
  if (kind === 'oidc') {
    if (oauth2 !== undefined) refuse('oauth2 is for kind oauth2: leave it out');
    if (written.issuer === undefined) refuse('issuer is required');
    return written.issuer === undefined
      ? null
      : {
          ...{ kind, responseMode, tokenHosts, oauth2: null },
          issuer: written.issuer,
          scopes: scopes ?? ['openid', 'email', 'profile'],
        };
  }
  if (oauth2 === undefined) refuse('oauth2 is required for kind oauth2');
  if (scopes === undefined) refuse('scopes is required for kind oauth2');
  if (oauth2 === undefined || scopes === undefined) return null;
  return {
    ...{ kind, responseMode, tokenHosts, scopes },
    issuer: written.issuer ?? new URL(oauth2.authorizationUrl).origin,
    oauth2: { ...oauth2, emailsUrl: oauth2.emailsUrl ?? null, usesPkce: true },
  };
}

/** Settings that cannot both be meant. */
function* contradictions(written: Written, basis: Basis): Generator<string> {
  const { kind, scopes, issuer: from } = basis;
  const hasTenants = from.includes(tenantPlaceholder);
  if (from.includes('{') && !(hasTenants && from.startsWith(`${microsoftOrigin}/`)))
    yield `issuer may have ${tenantPlaceholder} at ${microsoftOrigin} only`;
  if (hasTenants && written.tenants === undefined)
    yield 'tenants is required: the ids of the tenants whose users may sign in, or *';
  if (!hasTenants && written.tenants !== undefined)
    yield `tenants is for an issuer with ${tenantPlaceholder}: leave it out`;
  // Whoever has a tenant can write any address into it.
  if (written.trustEmail && written.tenants?.includes('*'))
    yield 'trustEmail may not be true for every tenant: any of them could claim any address';
  if (written.linking === 'verified' && !written.trustEmail)
    yield 'linking may be verified with trustEmail only';
  if (kind === 'oidc' && !scopes.includes('openid')) yield 'scopes must have openid among them';
  if (kind === 'oidc') return;
  for (const name of ['trustsMfa', 'nativeClientIds', 'tokenHosts'] as const)
    if (written[name]) yield `${name} takes OpenID Connect`;
  if (basis.responseMode === 'form_post') yield 'responseMode form_post takes OpenID Connect';
}

/** One tenant has an issuer of its own, where its users need not choose. */
function tenantsOf(
  from: string,
  written: readonly string[] | undefined,
): Pick<IdentityProvider, 'issuer' | 'tenants'> {
  if (!from.includes(tenantPlaceholder) || written === undefined)
    return { issuer: from, tenants: null };
  const tenants = written.map((each) =>
    each === 'consumers' ? consumersTenant : each.toLowerCase(),
  );
  const [only = ''] = tenants;
  return tenants.length === 1 && only !== '*'
    ? { issuer: from.replace(tenantPlaceholder, only), tenants: null }
    : { issuer: from, tenants };
}

function readSecret(written: Written, place: Place): ClientSecret | null {
  const { preset, clientSecretFile, clientSecretKeyFile, appleTeamId, appleKeyId } = written;
  const ofApple = { clientSecretKeyFile, appleTeamId, appleKeyId };
  const isApple = preset === 'apple' || Object.values(ofApple).some((value) => value !== undefined);
  if (!isApple) {
    if (clientSecretFile !== undefined) return secretIn(clientSecretFile, place);
    if (preset !== undefined) place.refuse('clientSecretFile is required');
    return null;
  }
  if (clientSecretFile !== undefined)
    place.refuse('clientSecretFile has no place beside clientSecretKeyFile: leave it out');
  for (const [name, value] of Object.entries(ofApple))
    if (value === undefined) place.refuse(`${name} is required`);
  if (!clientSecretKeyFile || !appleTeamId || !appleKeyId) return null;
  const privateKey = keyIn(clientSecretKeyFile, place);
  return privateKey && { kind: 'apple', teamId: appleTeamId, keyId: appleKeyId, privateKey };
}

function secretIn(file: string, { folder, refuse }: Place): ClientSecret | null {
  const secret = textIn(file, { folder, refuse: (rule) => refuse(`clientSecretFile ${rule}`) });
  if (secret === null) return null;
  if (!/^[\x20-\x7e]+$/.test(secret) || /^["'].*["']$/.test(secret)) {
    refuse('clientSecretFile must hold visible ASCII characters, with no quotes around them');
    return null;
  }
  return { kind: 'text', value: secret };
}

function keyIn(file: string, { folder, refuse }: Place): KeyObject | null {
  const pem = textIn(file, { folder, refuse: (rule) => refuse(`clientSecretKeyFile ${rule}`) });
  if (pem === null) return null;
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  } catch {
    // SECURITY: what the parser says is left out, as everything that is read here.
  }
  refuse('clientSecretKeyFile must hold a private key on P-256 as PEM: the .p8 file as it came');
  return null;
}

function textIn(file: string, { folder, refuse }: Place): string | null {
  const bytes = readBytes(resolve(folder, file));
  if (bytes === null) refuse('names a file that cannot be read');
  else if (bytes.length > secretLimit) refuse('names a file that is too large for a secret');
  else if (bytes.toString().trim() === '') refuse('names an empty file');
  else return bytes.toString().trim();
  return null;
}

const written = 'is no member: write the secret into a file that clientSecretFile names';

function inWords(issue: z.core.$ZodIssue): string[] {
  const place = issue.path.join('.');
  if (issue.code !== 'unrecognized_keys') return [`${place} ${issue.message}`.trim()];
  return issue.keys.map((key) => {
    // SECURITY: a key could be a secret that was pasted in its place.
    const name = /^[A-Za-z]\w{0,23}$/.test(key) ? key : 'a member';
    const path = place === '' ? name : `${place}.${name}`;
    return /^client_?secret$/i.test(key)
      ? `${path} ${written}`
      : `${path} is no member of a provider`;
  });
}
