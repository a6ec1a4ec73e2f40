import { describe, expect, it } from 'vitest';
import { fieldOf } from './columns.ts';
import { type ImportRules, type Line, readUser } from './read-user.ts';

const now = new Date('2026-11-23T12:00:00Z');
const rules: ImportRules = {
  now,
  assumeVerified: false,
  allowAdmins: false,
  dropUnknownHashes: false,
  dropSecondFactors: false,
  firebase: null,
  passkeys: null,
  identities: { targets: new Map() },
};
const bcrypt = '$2b$12$abcdefghijklmnopqrstuuGUpyrBxkKxQ2lzNDq0IwhK1lRAEFzJu';

const userOf = (line: Line, changes: Partial<ImportRules> = {}) => {
  const read = readUser({ email: 'ada@example.com', ...line }, { ...rules, ...changes });
  if (read.kind === 'refused') throw new Error(`${read.field} ${read.reason}`);
  return read.user;
};
const reasonOf = (line: Line, changes: Partial<ImportRules> = {}): string => {
  const read = readUser({ email: 'ada@example.com', ...line }, { ...rules, ...changes });
  return read.kind === 'refused' ? `${read.field} ${read.reason}` : 'taken';
};

describe('a line of an import', () => {
  it.each<[Line, RegExp]>([
    [{ email: '' }, /^email is missing/],
    [{ email: null }, /^email is missing/],
    [{ email: 'ada@example.com, eve@example.com' }, /^email is not one valid/],
    [{ email: { toString: () => 'ada@example.com' } }, /^email is not a text/],
    [{ email: 'ada\u0000@example.com' }, /^email holds a character/],
    [{ name: 'x'.repeat(101) }, /^name has more than 100/],
    [{ passwordHash: 'hunter2' }, /^passwordHash the hash is of no form/],
    [{ passwordHash: bcrypt.replace('$12$', '$20$') }, /^passwordHash the cost of bcrypt/],
    [{ roles: 'editor Boss' }, /^roles have other characters/],
    [{ roles: ['admin'] }, /^roles name an administrator/],
    [{ roles: Array.from({ length: 21 }, (_, index) => `r${index}`) }, /^roles are more than 20/],
    [{ emailVerified: 'perhaps' }, /^emailVerified is neither/],
    [{ suspended: 'maybe' }, /^suspended is neither/],
    [{ createdAt: 'yesterday' }, /^createdAt is not a time/],
    [{ createdAt: '2031-01-01' }, /^createdAt is before 1970 or in the future/],
    [{ createdAt: '2024-13-45' }, /^createdAt is not a time/],
  ])('%#: leaves out what it cannot trust', (line, reason) => {
    expect(reasonOf(line)).toMatch(reason);
    for (const value of Object.values(line)) {
      if (typeof value === 'string' && value.length > 5)
        expect(reasonOf(line)).not.toContain(value);
    }
  });

  it('X-50 keeps the joiners of a name where they join', () => {
    expect(userOf({ name: 'x\u200dعلی\u200cرضا' }).name).toBe('xعلی\u200cرضا');
  });

  it('reads the field names of other systems', () => {
    expect(
      [
        'Email',
        'hashed_password',
        'encrypted_password',
        'passwordHash',
        'is_verified',
        'isActive',
      ].map(fieldOf),
    ).toEqual(['email', 'passwordHash', 'passwordHash', 'passwordHash', 'emailVerified', 'active']);
    expect(['__proto__', 'constructor', 'toString', 'phone', ''].map(fieldOf)).toEqual([
      null,
      null,
      null,
      null,
      null,
    ]);
  });

  it('keeps a UUID, and makes a new id for anything else', () => {
    const id = '7B1FBBBC-17FF-4AC8-8B80-5DD4C2B2A2B2';
    expect(userOf({ id }).id).toBe(id.toLowerCase());
    for (const other of ['17', 42, 'uLuis', '']) expect(userOf({ id: other }).id).toBeNull();
  });

  it('reads times in seconds, milliseconds, ISO 8601 and as PostgreSQL prints them', () => {
    const moment = new Date('2024-05-01T10:20:30.000Z');
    for (const createdAt of [
      1714558830,
      '1714558830000',
      '2024-05-01T10:20:30Z',
      '2024-05-01 12:20:30+02',
      '2024-05-01 10:20:30',
      '2024-05-01T15:50:30+05:30',
    ]) {
      expect(userOf({ createdAt }).createdAt).toEqual(moment);
    }
    expect(userOf({ createdAt: '2024-05-01' }).createdAt).toEqual(new Date('2024-05-01T00:00:00Z'));
  });

  it('treats an address as verified where the file or the operator says so', () => {
    const createdAt = '2024-05-01T00:00:00Z';
    expect(userOf({}).emailVerifiedAt).toBeNull();
    expect(userOf({}, { assumeVerified: true }).emailVerifiedAt).toEqual(now);
    expect(userOf({ createdAt }, { assumeVerified: true }).emailVerifiedAt).toEqual(
      new Date(createdAt),
    );
    expect(userOf({ emailVerified: true, createdAt }).emailVerifiedAt).toEqual(new Date(createdAt));
    expect(userOf({ emailVerified: '2024-06-01 00:00:00+00' }).emailVerifiedAt).toEqual(
      new Date('2024-06-01T00:00:00Z'),
    );
    expect(userOf({ emailVerified: 1714558830 }).emailVerifiedAt).toEqual(new Date(1714558830000));
    for (const emailVerified of [false, 0, 'f', '', null]) {
      expect(userOf({ emailVerified }, { assumeVerified: true }).emailVerifiedAt).toBeNull();
    }
  });

  it('reads all notations of roles, and administrators only if allowed', () => {
    for (const roles of [
      'editor viewer',
      'editor,viewer',
      '{editor,viewer}',
      '["editor", "viewer"]',
      ['editor', 'viewer'],
    ]) {
      expect(userOf({ roles }).roles).toEqual(['editor', 'viewer']);
    }
    expect(userOf({ roles: 'admin' }, { allowAdmins: true }).roles).toEqual(['admin']);
  });

  it('recognises users who may not sign in', () => {
    expect(userOf({}).isSuspended).toBe(false);
    expect(userOf({ suspended: 'true' }).isSuspended).toBe(true);
    expect(userOf({ active: false }).isSuspended).toBe(true);
    expect(userOf({ active: '1', suspended: 0 }).isSuspended).toBe(false);
  });

  it('imports users without a password where the operator chose that', () => {
    expect(userOf({ passwordHash: bcrypt }).hashText).toBe(bcrypt);
    expect(userOf({ passwordHash: 'md5' }, { dropUnknownHashes: true }).hashText).toBeNull();
    expect(userOf({}).hashText).toBeNull();
  });
});
