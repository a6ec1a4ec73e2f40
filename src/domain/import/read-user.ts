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
  readonly createdAt: Date | null;
  readonly lastLoginAt: Date | null;
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
  readonly firebase: FirebaseProject | null;
};

export type Field = keyof typeof names;

/**
 * The names of each field in other systems, in lower case and without separators between the words.
 */
const names = {
  id: ['id', 'uid', 'userid'],
  email: ['email', 'emailaddress'],
  passwordHash: ['passwordhash', 'hashedpassword', 'encryptedpassword', 'password'],
  salt: ['salt'],
  emailVerified: ['emailverified', 'isverified', 'verified', 'emailverifiedat', 'emailconfirmedat'],
  name: ['name', 'displayname', 'fullname'],
  roles: ['roles', 'role'],
  locale: ['locale', 'language'],
  suspended: ['suspended', 'disabled', 'banned'],
  active: ['active', 'isactive'],
  createdAt: ['createdat', 'datejoined'],
  lastLoginAt: ['lastloginat', 'lastlogin', 'lastsigninat', 'lastsignedinat'],
} as const;

const fieldOfName = new Map<string, Field>(
  fields().flatMap((field) => names[field].map((name): [string, Field] => [name, field])),
);

function fields(): Field[] {
  return [
    'id',
    'email',
    'passwordHash',
    'salt',
    'emailVerified',
    'name',
    'roles',
    'locale',
    'suspended',
    'active',
    'createdAt',
    'lastLoginAt',
  ];
}

/** The field that a column stands for; null where we do not know it. */
export function fieldOf(column: string): Field | null {
  return fieldOfName.get(column.toLowerCase().replace(/[^a-z0-9]/g, '')) ?? null;
}

/** A line, by our names of its fields. */
export type Line = { readonly [Name in Field]?: unknown };

class Refusal extends Error {
  constructor(
    readonly field: Field,
    reason: string,
  ) {
    super(reason);
  }
}

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
  const id = textOf('id', line.id);
  const createdAt = timeOf('createdAt', line.createdAt, rules.now);
  return {
    id: id !== null && isUuid(id) ? id.toLowerCase() : null,
    email,
    emailVerifiedAt: verifiedAt(line, { rules, createdAt }),
    name: nameOf(line.name),
    roles: rolesOf(line.roles, rules),
    // An unsupported language is no reason to skip a user.
    locale: localeOf(textOf('locale', line.locale) ?? '') ?? null,
    hashText: hashOf(line, rules),
    isSuspended:
      flagOf('suspended', line.suspended) === true || flagOf('active', line.active) === false,
    createdAt,
    lastLoginAt: timeOf('lastLoginAt', line.lastLoginAt, rules.now),
  };
}

function textOf(field: Field, value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    throw new Refusal(field, 'is not a text');
  }
  const text = String(value).trim();
  if (text.includes('\u0000') || !text.isWellFormed()) {
    throw new Refusal(field, 'holds a character that is not allowed');
  }
  // Replacement characters stand for invalid bytes: importing them would damage a name for good.
  if (text.includes('\uFFFD')) throw new Refusal(field, 'is not valid UTF-8');
  return text === '' ? null : text;
}

function nameOf(value: unknown): string | null {
  const read = displayName.safeParse(textOf('name', value));
  if (read.success) return read.data;
  throw new Refusal('name', 'has more than 100 characters');
}

function flagOf(field: Field, value: unknown): boolean | null {
  const text = textOf(field, value)?.toLowerCase() ?? null;
  if (text === null) return null;
  if (['true', 't', '1', 'yes', 'y', 'on'].includes(text)) return true;
  if (['false', 'f', '0', 'no', 'n', 'off'].includes(text)) return false;
  throw new Refusal(field, 'is neither true nor false');
}

/**
 * Seconds or milliseconds since 1970, or ISO 8601 as PostgreSQL and JSON write it; UTC where no
 * zone is given.
 */
function timeOf(field: Field, value: unknown, now: Date): Date | null {
  const text = textOf(field, value);
  if (text === null) return null;
  const time = /^\d{1,14}$/.test(text) ? epochOf(Number(text)) : isoOf(text);
  const tomorrow = now.getTime() + 24 * 3600 * 1000;
  if (Number.isNaN(time)) throw new Refusal(field, 'is not a time');
  if (time < 0 || time > tomorrow) throw new Refusal(field, 'is before 1970 or in the future');
  return new Date(time);
}

function epochOf(value: number): number {
  // As milliseconds, a hundred thousand million lies in 1973; as seconds, in 5138.
  return value < 100_000_000_000 ? value * 1000 : value;
}

const isoPattern =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?))? ?(Z|[+-]\d\d(?::?\d\d)?)?$/i;

function isoOf(text: string): number {
  const match = isoPattern.exec(text);
  if (!match) return Number.NaN;
  const [, day = '', hour = '00:00', zone = 'Z'] = match;
  const offset =
    zone.toUpperCase() === 'Z'
      ? 'Z'
      : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`;
  return Date.parse(`${day}T${hour}${offset}`);
}

function verifiedAt(
  line: Line,
  context: { rules: ImportRules; createdAt: Date | null },
): Date | null {
  const { rules, createdAt } = context;
  const text = textOf('emailVerified', line.emailVerified);
  const since = createdAt ?? rules.now;
  if (text === null) return line.emailVerified === undefined && rules.assumeVerified ? since : null;
  // The date of verification, as most systems store it, or a flag; "0" and "1" are flags.
  if (/^\d{4}-|^\d{5,}$/.test(text)) return timeOf('emailVerified', text, rules.now);
  return flagOf('emailVerified', text) === true ? since : null;
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

function hashOf(line: Line, rules: ImportRules): string | null {
  const hash = textOf('passwordHash', line.passwordHash);
  if (hash === null) return null;
  const salt = textOf('salt', line.salt);
  const text =
    rules.firebase && salt !== null
      ? firebaseHashText({ hash, salt, project: rules.firebase })
      : hash;
  const verdict = readForeignHash(text);
  if (verdict.kind === 'hash') return text;
  if (rules.dropUnknownHashes) return null;
  throw new Refusal('passwordHash', verdict.reason);
}
