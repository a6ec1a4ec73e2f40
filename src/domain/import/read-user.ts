import { validate as isUuid } from 'uuid';
import { type EmailAddress, parseEmailAddress } from '../addresses/email-address.ts';
import { localeOf } from '../emails/locales.ts';
import { displayName } from '../input.ts';
import {
  type FirebaseProject,
  firebaseHashText,
  readForeignHash,
} from '../passwords/foreign-hash.ts';
import { adminRole, distinctRoles, maxRoles, rolePattern } from '../roles/rules.ts';
import type { Field } from './columns.ts';
import { type IdentityRules, type ReadIdentities, readIdentities } from './read-identities.ts';
import { type ImportedMetadata, readMetadata } from './read-metadata.ts';
import { type ImportedPasskey, type PasskeyRules, readPasskeys } from './read-passkeys.ts';
import { flagOrTime, Refusal, sinceOf, textOf, timeOf } from './read-values.ts';
import { readStanding, type Standing } from './standing.ts';

/** What a line of an import says about a user. */
export type ImportedUser = {
  /** Kept where it is a UUID, so that other tables may go on referring to it. */
  readonly id: string | null;
  readonly email: EmailAddress;
  /** Null: the address still has to be proved. */
  readonly emailVerifiedAt: Date | null;
  readonly name: string | null;
  readonly roles: readonly string[];
  readonly locale: string | null;
  /** In a form that readForeignHash supports; null: no password. */
  readonly hashText: string | null;
  readonly isSuspended: boolean;
  /** Null where nothing says an end. */
  readonly suspendedUntil: Date | null;
  readonly createdAt: Date | null;
  readonly lastLoginAt: Date | null;
  readonly passkeys: readonly ImportedPasskey[];
  readonly linked: ReadIdentities;
  readonly metadata: ImportedMetadata | null;
};

type ReadUser =
  | { readonly kind: 'user'; readonly user: ImportedUser }
  /** Why the line is skipped. SECURITY: contains none of the line's values. */
  | { readonly kind: 'refused'; readonly field: Field; readonly reason: string };

export type ImportRules = {
  readonly now: Date;
  /** Whether addresses count as verified where the line says nothing about it. */
  readonly assumeVerified: boolean;
  /** Whether a line may create an administrator. */
  readonly allowAdmins: boolean;
  /** Whether a user whose hash is not supported is imported without a password, or not at all. */
  readonly dropUnknownHashes: boolean;
  /** Whether a user who had a second factor is imported without it, or not at all. */
  readonly dropSecondFactors: boolean;
  readonly firebase: FirebaseProject | null;
  /** Null until a line has passkeys. */
  readonly passkeys: Omit<PasskeyRules, 'now'> | null;
  readonly identities: IdentityRules;
};

/** A line, by our names of its fields. */
export type Line = { readonly [Name in Field]?: unknown } & {
  /** Further columns that say something about the same. */
  readonly also?: readonly (readonly [Field, unknown])[];
};

/** A pure decision: what a line is imported as. */
export function readUser(line: Line, rules: ImportRules): ReadUser {
  try {
    return { kind: 'user', user: read(line, rules) };
  } catch (error) {
    if (error instanceof Refusal)
      return { kind: 'refused', field: error.field, reason: error.message };
    throw error;
  }
}

function read(line: Line, rules: ImportRules): ImportedUser {
  const address = textOf('email', line.email);
  const email = address === null ? null : parseEmailAddress(address);
  if (!email)
    throw new Refusal('email', address === null ? 'is missing' : 'is not one valid e-mail address');
  const standing = readStanding(entriesOf(line), rules.now);
  if (standing.hasSecondFactor && !rules.dropSecondFactors) {
    const reason = 'cannot be taken along: --drop-second-factors brings these users in without it';
    throw new Refusal('secondFactor', reason);
  }
  const id = textOf('id', line.id);
  const createdAt = timeOf('createdAt', line.createdAt, rules.now);
  const password = passwordOf(line, rules);
  return {
    id: id !== null && isUuid(id) ? id.toLowerCase() : null,
    email,
    emailVerifiedAt: verifiedAt(line, { rules, createdAt, email, standing }),
    name: nameOf(line),
    roles: rolesOf(line.roles, rules),
    // An unsupported language is no reason to skip a user.
    locale: localeOf(textOf('locale', line.locale) ?? '') ?? null,
    hashText: standing.needsReset ? null : password.hashText,
    isSuspended: standing.isKeptOut || password.isLocked,
    suspendedUntil: password.isLocked ? null : standing.keptOutUntil,
    createdAt,
    lastLoginAt: timeOf('lastLoginAt', line.lastLoginAt, rules.now),
    passkeys: passkeysOf(line, rules),
    linked: readIdentities(line.identities, rules.identities),
    metadata: readMetadata(line.metadata),
  };
}

function entriesOf({ also = [], ...line }: Line): (readonly [string, unknown])[] {
  return [...Object.entries(line).filter(([, value]) => value !== undefined), ...also];
}

function nameOf(line: Line): string | null {
  const parts = [textOf('givenName', line.givenName), textOf('familyName', line.familyName)];
  const name =
    textOf('name', line.name) ?? (parts.filter((part) => part !== null).join(' ') || null);
  const read = displayName.safeParse(name);
  if (read.success) return read.data;
  throw new Refusal('name', 'has more than 100 characters');
}

/** Where several columns say it, all of them have to. */
function verifiedAt(
  line: Line,
  context: {
    readonly rules: ImportRules;
    readonly createdAt: Date | null;
    readonly email: EmailAddress;
    readonly standing: Standing;
  },
): Date | null {
  const { rules, createdAt, email, standing } = context;
  if (standing.isUnproved) return null;
  const since = createdAt ?? rules.now;
  if (line.verifiedAddresses !== undefined) return isListed(line, email) ? since : null;
  const said = [['emailVerified', line.emailVerified] as const, ...(line.also ?? [])].flatMap(
    ([field, value]) => (field === 'emailVerified' && value !== undefined ? [value] : []),
  );
  if (said.length === 0) return rules.assumeVerified ? since : null;
  if (!said.every((value) => flagOrTime('emailVerified', value) === true)) return null;
  return said.map((value) => sinceOf('emailVerified', value, rules.now)).find(Boolean) ?? since;
}

/** Whether the address is among those that are said to be verified. */
function isListed(line: Line, email: EmailAddress): boolean {
  const list = line.verifiedAddresses;
  const listed = Array.isArray(list)
    ? list.map(String)
    : (textOf('verifiedAddresses', list) ?? '').split(/[\s,;|"[\]{}]+/);
  return listed.some((each) => parseEmailAddress(each)?.canonical === email.canonical);
}

function rolesOf(value: unknown, rules: ImportRules): string[] {
  const roles = distinctRoles(Array.isArray(value) ? value.map(String) : roleWords(value));
  if (roles.length > maxRoles) throw new Refusal('roles', `are more than ${maxRoles}`);
  if (!roles.every((role) => rolePattern.test(role))) {
    throw new Refusal(
      'roles',
      'have other characters than a-z, 0-9, colon, hyphen and underscore, or more than 40',
    );
  }
  if (roles.includes(adminRole) && !rules.allowAdmins) {
    throw new Refusal('roles', 'name an administrator, which only --allow-admins lets in');
  }
  return roles;
}

/** `a b`, `a,b`, PostgreSQL's `{a,b}` and JSON's `["a","b"]`. */
function roleWords(value: unknown): string[] {
  const text = textOf('roles', value) ?? '';
  return text
    .replace(/^[{[]|[}\]]$/g, '')
    .split(/[\s,;]+/)
    .map((word) => word.replace(/^"(.*)"$/, '$1'))
    .filter((word) => word !== '');
}

/** Those that cannot be taken along are second factors, too. */
function passkeysOf(line: Line, rules: ImportRules): readonly ImportedPasskey[] {
  if (line.passkeys === undefined || rules.passkeys === null) return [];
  try {
    return readPasskeys(line.passkeys, { ...rules.passkeys, now: rules.now });
  } catch (error) {
    if (error instanceof Refusal && rules.dropSecondFactors) return [];
    throw error;
  }
}

type Password = {
  readonly hashText: string | null;
  /** Some systems lock an account by a character in front of its hash. */
  readonly isLocked: boolean;
};

function passwordOf(line: Line, rules: ImportRules): Password {
  const hash = textOf('passwordHash', line.passwordHash);
  if (hash === null) return { hashText: null, isLocked: false };
  // Django's `!` with random letters, crypt's `*`, `!!` and `*0`: nobody can have that password.
  if (/^(?:!|\*(?![0-9A-F]{40}$))/.test(hash))
    return { hashText: null, isLocked: /^[!*]+[${]/.test(hash) };
  const salt = textOf('salt', line.salt);
  const text =
    rules.firebase && salt !== null
      ? firebaseHashText({ hash, salt, project: rules.firebase })
      : hash;
  const verdict = readForeignHash(text);
  if (verdict.kind === 'hash') return { hashText: text, isLocked: false };
  if (rules.dropUnknownHashes) return { hashText: null, isLocked: false };
  throw new Refusal('passwordHash', verdict.reason);
}
