import { describe, expect, it } from 'vitest';
import { type ImportRules, type Line, readUser } from './read-user.ts';

const now = new Date('2026-11-30T12:00:00Z');
const rules: ImportRules = {
  now,
  assumeVerified: true,
  allowAdmins: false,
  dropUnknownHashes: false,
  dropSecondFactors: false,
  firebase: null,
  passkeys: null,
  identities: { targets: new Map() },
};
const bcrypt = '$2b$12$abcdefghijklmnopqrstuuGUpyrBxkKxQ2lzNDq0IwhK1lRAEFzJu';

/** In a word: what becomes of a user with this line. */
function fate(line: Line, changes: Partial<ImportRules> = {}): string {
  const read = readUser(
    { email: 'ada@example.com', passwordHash: bcrypt, ...line },
    { ...rules, ...changes },
  );
  if (read.kind === 'refused') return 'refused';
  if (read.user.isSuspended) return 'suspended';
  if (read.user.emailVerifiedAt === null) return 'unproved';
  return read.user.hashText === null ? 'without a password' : 'active';
}

describe('until when a user is kept out', () => {
  const ends = (line: Line): string | null => {
    const read = readUser({ email: 'ada@example.com', ...line }, rules);
    if (read.kind === 'refused') return 'refused';
    const { isSuspended, suspendedUntil } = read.user;
    return isSuspended ? (suspendedUntil?.toISOString() ?? 'for good') : null;
  };
  it.each<[string, Line, string | null]>([
    ['a time to come', { suspendedUntil: '2027-01-31' }, '2027-01-31T00:00:00.000Z'],
    ['a time that has passed', { suspendedUntil: '2026-01-31' }, null],
    ['an end of years ahead', { suspendedUntil: '2032-01-31' }, 'for good'],
    ['no end', { suspendedUntil: 'infinity' }, 'for good'],
    ['a flag', { suspendedUntil: 'true' }, 'for good'],
    [
      'the later of two',
      { suspendedUntil: '2027-01-31', also: [['suspendedUntil', '2028-01-31']] },
      '2028-01-31T00:00:00.000Z',
    ],
    [
      'a ban without an end beside a lock',
      { suspendedUntil: '2027-01-31', suspended: true },
      'for good',
    ],
    [
      'a lock beside a ban without an end',
      { suspended: true, also: [['suspendedUntil', '2027-01-31']] },
      'for good',
    ],
    [
      'a lock beside what keeps nobody out',
      { suspendedUntil: '2027-01-31', suspended: false },
      '2027-01-31T00:00:00.000Z',
    ],
    ['a locked password', { suspendedUntil: '2027-01-31', status: 'banned' }, 'for good'],
  ])('X-46 %s', (_what, line, end) => {
    expect(ends(line)).toBe(end);
  });
});

describe('X-46 what columns say', () => {
  it.each<[string, unknown[], string]>([
    ['suspended', [true, 1, '1', 't', 'TRUE', 'yes', 2, "b'1'", '\u0001', 'locked'], 'suspended'],
    [
      'suspended',
      ['2024-05-01', 1714558830, '2099-01-01', 'Wed, 01 May 2024 10:20:30 GMT'],
      'suspended',
    ],
    ['suspended', [false, 0, '0', '', null, 'NULL', '\\N', "b'0'", '\u0000', 'none'], 'active'],
    ['suspended', ['0000-00-00 00:00:00', '0001-01-01T00:00:00Z', '1970-01-01 00:00:00'], 'active'],
    ['suspended', ['9223372036854775807', -1, '99999999999', '-infinity'], 'suspended'],
    ['suspended', ['never', 'None', 'OK', 'unlocked'], 'active'],
    ['suspended', ['active', 'enabled', 'open', 'unverified'], 'refused'],
    ['suspended', ['perhaps', ['x'], {}], 'refused'],
    ['active', [true, 1, 't', 'Y', '1.0', 'active', '2024-05-01 00:00:00', '\u0001'], 'active'],
    [
      'active',
      [false, 0, 'f', 'N', '0.0', '\\0', 'inactive', 'disabled', '0000-00-00', '\u0000'],
      'suspended',
    ],
    ['active', ['', null, 'NULL', 'perhaps', 2, '11', '2.0', 'never'], 'refused'],
    ['suspendedUntil', ['2099-01-01', 'infinity', '9999-12-31 23:59:59', true], 'suspended'],
    ['suspendedUntil', [-1, '-1', '9223372036854775807', 2 ** 63], 'suspended'],
    [
      'suspendedUntil',
      [253402300799, '253402300799', '253402300799000', '253402300799.999'],
      'suspended',
    ],
    [
      'suspendedUntil',
      ['8640000000000000', '999999999999', 'permanent', 'Y', '\u0001'],
      'suspended',
    ],
    // Ticks of .NET and of Windows, the year 9999 in microseconds, a count, a word of two meanings.
    [
      'suspendedUntil',
      ['638500000000000000', '133500000000000000', '253402300799000000', 2, 'never'],
      'refused',
    ],
    ['suspendedUntil', [0, '0', '0000-00-00', '1970-01-01 00:00:00', 1714558830, 'N'], 'active'],
    [
      'suspendedUntil',
      ['2024-01-01', '', null, '-infinity', '0001-01-01 00:00:00', false],
      'active',
    ],
    ['activeUntil', ['2024-01-01', '2026-11-30T11:59:59Z', '-infinity'], 'suspended'],
    ['activeUntil', ['2099-01-01', '', 0, -1, '9223372036854775807', 'infinity'], 'active'],
    ['activeUntil', [253402300799, '253402300799000', '999999999999'], 'active'],
    ['activeUntil', ['20240501', '20240501102030', '20240501102030Z'], 'suspended'],
    ['activeUntil', ['133500000000000000', 1], 'refused'],
    ['status', ['active', 'ACTIVE', 'Confirmed', 'enabled', 'EXTERNAL_PROVIDER'], 'active'],
    ['status', ['banned', 'Locked-Out', 'DEPROVISIONED', 'archived', 'COMPROMISED'], 'suspended'],
    ['status', ['UNCONFIRMED', 'unverified'], 'unproved'],
    ['status', ['RESET_REQUIRED', 'FORCE_CHANGE_PASSWORD'], 'without a password'],
    ['status', ['pending', 'invited', '0', 1, '', null, 'x', 'never'], 'refused'],
    ['resetRequired', [true, '1'], 'without a password'],
    ['secondFactor', [true, '1', 'JBSWY3DPEHPK3PXP', ['totp'], { id: 1 }], 'refused'],
    ['secondFactor', [{ enabled: true, changedAt: '2024-05-01' }, 'enforced'], 'refused'],
    ['secondFactor', [{ enabled: false, secret: 'x' }, 'Disabled', 'not enrolled'], 'active'],
    ['secondFactor', [false, '0', '', null, [], {}, '[]', '{}', { enrolled: [] }], 'active'],
    ['emailVerified', [false, '', null, 'NULL', '0000-00-00 00:00:00', '\u0000'], 'unproved'],
    ['passwordHash', ['!', '!7XqQvbAzXvV0', '*', '*0', '!!', 'NULL', '\\N'], 'without a password'],
    ['passwordHash', [`!${bcrypt}`, `*${bcrypt}`], 'suspended'],
  ])('%s %j: %s', (field, values, outcome) => {
    for (const value of values) expect([value, fate({ [field]: value })]).toEqual([value, outcome]);
  });

  it('counts every column, not the first', () => {
    expect(fate({ suspended: false, also: [['suspended', '2024-05-01']] })).toBe('suspended');
    expect(fate({ active: true, also: [['active', false]] })).toBe('suspended');
    expect(fate({ emailVerified: true, also: [['emailVerified', '']] })).toBe('unproved');
    expect(fate({ emailVerified: true, also: [['emailVerified', true]] })).toBe('active');
  });

  it('lets second factors go where the operator chose that', () => {
    expect(fate({ secondFactor: true }, { dropSecondFactors: true })).toBe('active');
  });

  it.each([
    '1714558830',
    '1714558830.75',
    '20240501102030',
    '20240501102030.5Z',
    '1714558830000',
    '1714558830123456',
    '2024-05-01T10:20:30.123456789Z',
    '2024-05-01 10:20:30,5',
    '2024-05-01 10:20:30.1234567 +00:00',
    '2024-05-01 12:20:30 +0200',
    '2024-05-01 10:20:30 UTC',
    '2024-05-01 10:20:30.123 +0000 UTC',
    '2024-05-01T12:20:30+02:00[Europe/Berlin]',
    'Wed, 01 May 2024 10:20:30 GMT',
    'Wed, 1 May 2024 12:20:30 +0200',
    'Wed May 01 2024 10:20:30 GMT+0000 (Coordinated Universal Time)',
    'Wed May  1 10:20:30 2024',
  ])('X-48 reads the time %s', (createdAt) => {
    const read = readUser({ email: 'ada@example.com', createdAt }, rules);
    const time = read.kind === 'user' ? (read.user.createdAt?.getTime() ?? 0) : 0;
    expect(Math.floor(time / 1000)).toBe(1714558830);
  });

  it.each(['NULL', '\\N', '0000-00-00', '0000-00-00 00:00:00', '0001-01-01T00:00:00Z', ''])(
    'X-48 reads the empty time %j',
    (empty) => {
      const line = { email: 'ada@example.com', createdAt: empty, lastLoginAt: empty, name: empty };
      const read = readUser({ ...line, name: '\\N' }, rules);
      expect(read).toMatchObject({ user: { createdAt: null, lastLoginAt: null, name: null } });
    },
  );

  it('keeps people whose name is Null', () => {
    const read = readUser({ email: 'ada@example.com', name: 'Null' }, rules);
    expect(read).toMatchObject({ user: { name: 'Null' } });
  });
});
