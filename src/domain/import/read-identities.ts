import type { IdentityProvider } from '../../config/identity-providers.ts';
import { Refusal } from './read-values.ts';

/** An account at a provider, which signs its user in here, too. */
export type ImportedIdentity = {
  readonly providerId: string;
  readonly issuer: string;
  readonly subject: string;
};

/** One of our providers, as far as an identity needs it. */
type Target = Pick<IdentityProvider, 'id' | 'issuer' | 'tenants'>;

/** By the other system's name of a provider. */
export type IdentityRules = { readonly targets: ReadonlyMap<string, Target> };

export type ReadIdentities = {
  readonly identities: readonly ImportedIdentity[];
  /** The other system's names of the providers that nobody has mapped, one for each identity. */
  readonly unmapped: readonly string[];
};

/** Of one user. */
const most = 100;
/** Characters (ID-6; OIDC Core 2). */
const longestSubject = 255;

/**
 * The identities of a line: an array, or one in JSON, as Supabase, Better Auth, Auth0, Firebase,
 * NextAuth and Keycloak name its members. Throws a Refusal that names the member and the rule, and
 * none of the values.
 */
export function readIdentities(value: unknown, { targets }: IdentityRules): ReadIdentities {
  const list = listOf(value);
  if (list === null) throw refusal('', 'are no array of objects');
  if (list.length > most) throw refusal('', `are more than ${most}`);
  const identities = new Map<string, ImportedIdentity>();
  const unmapped: string[] = [];
  for (const [index, each] of list.entries()) {
    const members = membersOf(each);
    const at = `[${index}]`;
    const names = namesOf(members);
    const [name] = names;
    if (name === undefined) throw refusal(`${at}.provider`, 'is missing');
    const target = names.map((one) => targets.get(one)).find((found) => found !== undefined);
    if (target !== undefined) {
      const subject = subjectOf(members, at);
      const issuer = issuerOf(target, members, at);
      const read = { providerId: target.id, issuer, subject };
      identities.set(JSON.stringify(read), read);
    } else if (!isNoProvider(name, members)) unmapped.push(name);
  }
  return { identities: [...identities.values()], unmapped };
}

type Members = ReadonlyMap<string, unknown>;

function refusal(path: string, reason: string): Refusal {
  return new Refusal('identities', path === '' ? reason : `${path} ${reason}`);
}

function listOf(value: unknown): readonly unknown[] | null {
  const list = typeof value === 'string' ? parsed(value) : value;
  if (list === null || list === undefined || list === '') return [];
  const isObject = (each: unknown): boolean =>
    typeof each === 'object' && each !== null && !Array.isArray(each);
  return Array.isArray(list) && list.every(isObject) ? list : null;
}

function parsed(text: string): unknown {
  if (/^\s*(?:null|\\N)?\s*$/i.test(text)) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text; // SECURITY: the error quotes the text.
  }
}

/** By their names in lower case, without separators between the words. */
function membersOf(value: unknown): Members {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return new Map(
    Object.entries(isObject ? value : {}).map(([name, each]) => [
      name.toLowerCase().replace(/[^a-z]/g, ''),
      each,
    ]),
  );
}

/**
 * What the other system calls the provider. Auth0 has the connection's name, too, by which two of
 * one kind are told apart.
 */
function namesOf(members: Members): string[] {
  const provider = ['provider', 'identityprovider', 'providerid']
    .map((name) => members.get(name))
    .find((name) => typeof name === 'string' && name !== '');
  return [members.get('connection'), provider].filter(
    (name): name is string => typeof name === 'string' && name !== '',
  );
}

/** Ways of the other system's own to sign in, which it lists beside the providers. */
const ownWays = new Set(
  'email phone sms password credential credentials auth0 anonymous'.split(' '),
);

function isNoProvider(name: string, members: Members): boolean {
  return ownWays.has(name) || ownWays.has(String(members.get('provider')));
}

/**
 * What the provider calls the user. SECURITY: Supabase, Better Auth and NextAuth have the user of
 * their own in `user_id`, which Auth0 and Keycloak have for the provider's.
 */
function subjectOf(members: Members, at: string): string {
  const always = ['subject', 'sub', 'provideraccountid', 'accountid', 'rawid'];
  const known = always.find((name) => members.has(name)) ?? otherSubject(members);
  const value = members.get(known);
  // Some providers number their users, and a number that was rounded is another user's.
  const text = Number.isSafeInteger(value) ? String(value) : value;
  const isSubject =
    typeof text === 'string' &&
    text.length > 0 &&
    text.length <= longestSubject &&
    text.isWellFormed() &&
    !/[\p{Cc}\uFFFD]/u.test(text);
  if (isSubject) return text;
  throw refusal(`${at}.subject`, `is not 1 to ${longestSubject} characters or a whole number`);
}

function otherSubject(members: Members): string {
  if (members.has('connection') || members.has('identityprovider')) return 'userid';
  // Firebase's SDK has its name of the provider in `providerId`, Supabase the subject.
  return members.has('provider') ? 'providerid' : 'uid';
}

/** The one of our provider's settings; of several tenants' the line has to say whose it is. */
function issuerOf({ issuer, tenants }: Target, members: Members, at: string): string {
  if (tenants === null) return issuer;
  const inside = membersOf(members.get('identitydata'));
  const said = ['issuer', 'iss', 'tid', 'tenantid'].flatMap((name) => [
    members.get(name),
    inside.get(name),
  ]);
  const tenant = tenants.find(
    (one) => said.includes(one) || said.includes(issuer.replace('{tenantid}', one)),
  );
  if (tenant !== undefined) return issuer.replace('{tenantid}', tenant);
  throw refusal(`${at}.issuer`, 'names no tenant that the provider is set up for');
}
