import { scryptSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../observability/log.ts';
import { systemRandom } from '../../random.ts';
import { createSecretKeys } from '../../secret-keys.ts';
import { testConfig } from '../../testing/app.ts';
import { fitsAnother, foreignHashes } from '../../testing/foreign-hashes.ts';
import { firebaseHashText, readForeignHash } from './foreign-hash.ts';
import { createHashSemaphore } from './hash-semaphore.ts';
import { type Bcrypt, createPasswordHasher } from './hasher.ts';
import { openImportedHash, sealImportedHash } from './stored-hash.ts';
import { provesPassword } from './verify-foreign-hash.ts';

const salt = 'c2FsdHNhbHRzYWx0c2FsdA';
const digest = 'ZGlnZXN0ZGlnZXN0ZGlnZXN0ZGlnZXN0ZGlnZXN0ZGk';

/** As Better Auth makes one. */
const betterAuth = (password: string): string => {
  const salted = '0123456789abcdef'.repeat(2);
  const options = { N: 16_384, r: 16, p: 1, maxmem: 64 * 1024 * 1024 };
  const key = scryptSync(password.normalize('NFKC'), salted, 64, options);
  return `${salted}:${key.toString('hex')}`;
};

const reasonFor = (text: string): string => {
  const read = readForeignHash(text);
  return read.kind === 'refused' ? read.reason : `taken as ${read.hash.scheme}`;
};

describe('parsing a hash of another system', () => {
  it.each([
    ['$2b$15$', /cost of bcrypt is over 14/, `$2b$15$${'a'.repeat(53)}`],
    ['$2b$03$', /below 4/, `$2b$03$${'a'.repeat(53)}`],
    ['$2b$31$', /over 14/, `$2b$31$${'a'.repeat(53)}`],
    ['argon2 of 1 GiB', /256 MiB/, `$argon2id$v=19$m=1048576,t=1,p=1$${salt}$${digest}`],
    ['argon2 of 50 passes', /more work/, `$argon2id$v=19$m=65536,t=50,p=1$${salt}$${digest}`],
    [
      'argon2 of 256 MiB five times',
      /more work/,
      `$argon2id$v=19$m=262144,t=5,p=1$${salt}$${digest}`,
    ],
    ['argon2 of 999 lanes', /more work/, `$argon2id$v=19$m=65536,t=1,p=999$${salt}$${digest}`],
    ['argon2 without memory', /not valid/, `$argon2id$v=19$m=1,t=1,p=1$${salt}$${digest}`],
    ['scrypt of 1 GiB', /256 MiB/, `$scrypt$ln=20,r=8,p=1$${salt}$${digest}`],
    ['scrypt of 99 bits', /not valid|256 MiB/, `$scrypt$ln=99,r=8,p=1$${salt}$${digest}`],
    ['scrypt with many lanes', /more work/, `$scrypt$ln=16,r=8,p=999$${salt}$${digest}`],
    ['scrypt whose N is no power of two', /not valid/, `scrypt$10000$${salt}$8$1$${digest}`],
    [
      'Firebase with 2^31',
      /256 MiB/,
      `$fbscrypt$v=1,n=31,r=8,p=1,ss=Bw==,sk=${digest}$${salt}$${digest}`,
    ],
    ['PBKDF2 of ten million', /more than 2000000/, `pbkdf2_sha256$10000000$${salt}$${digest}`],
    ['PBKDF2 of one', /fewer than 1000/, `pbkdf2_sha256$1$${salt}$${digest}`],
    ['a salt of one byte', /salt is shorter/, `pbkdf2_sha256$20000$a$${digest}`],
    ['a hash of four bytes', /hash is shorter/, `$pbkdf2-sha256$20000$${salt}$ZGln`],
    ['MD5', /bare digest/, '5f4dcc3b5aa765d61d8327deb882cf99'],
    ['SHA-512 of crypt', /too weak/, `$6$${salt}$abc`],
    ['argon2i', /only Argon2id/, `$argon2i$v=19$m=65536,t=3,p=1$${salt}$${digest}`],
    ['nothing', /no form that is known/, ''],
    ['a password', /no form that is known/, 'hunter2 is my password'],
    ['two lines', /no form that is known/, `$2b$12$${'a'.repeat(53)}\n`],
    // Only by its length: no pattern is tried on it.
    ['1025 characters', /longer than any/, `$2b$12$${'a'.repeat(53)}`.padEnd(1025)],
    ['two megabytes', /longer than any/, '$2b$12$'.padEnd(2_000_000, 'a')],
  ])('AV-1 refuses %s, and echoes nothing of it', (_name, reason, text) => {
    expect(reasonFor(text)).toMatch(reason);
    if (text.length > 4) expect(reasonFor(text)).not.toContain(text.slice(0, 20));
  });

  it('combines what Firebase exports separately', () => {
    const project = { signerKey: digest, saltSeparator: 'Bw==', rounds: 8, memoryCost: 14 };
    const text = firebaseHashText({ hash: `${digest}_-`, salt: 'abcDEF_-abcDEF==', project });
    expect(reasonFor(text)).toBe('taken as firebase-scrypt');
  });
});

const keysOf = (byte: number) => createSecretKeys([Buffer.alloc(32, byte)]);

function hasherWith(
  options: {
    keys?: ReturnType<typeof keysOf>;
    cost?: number;
    bcrypt?: Bcrypt;
    now?: () => number;
  } = {},
) {
  const logLines: string[] = [];
  const log = createLog(testConfig, { write: (line) => void logLines.push(line) });
  const keys = options.keys ?? keysOf(1);
  const semaphore = createHashSemaphore({ width: 1, queue: 100 });
  const hasher = createPasswordHasher({
    cost: options.cost ?? 4,
    keys,
    semaphore,
    random: systemRandom,
    log,
    ...(options.bcrypt ? { bcrypt: options.bcrypt } : {}),
    ...(options.now ? { now: options.now } : {}),
  });
  return { hasher, keys, logLines };
}

describe('an imported hash', () => {
  it.each(foreignHashes)('accepts the right password: $from', async ({ from, password, hash }) => {
    const { hasher, keys } = hasherWith();
    expect(reasonFor(hash)).toMatch(/^taken/);
    const stored = sealImportedHash(keys, hash);
    const outdated = !fitsAnother({ from });
    expect(await hasher.verify(password, stored)).toEqual({ matches: true, outdated });
    expect(await hasher.verify(`${password.slice(1)}x`, stored)).toEqual({
      matches: false,
      outdated: false,
    });
    expect(await hasher.verify('', stored)).toEqual({ matches: false, outdated: false });
  });

  it('PW-7 accepts a password typed in another normal form', async () => {
    const { hasher, keys } = hasherWith();
    const found = foreignHashes.find(({ from }) => from === 'python bcrypt $2b$');
    const stored = sealImportedHash(keys, found?.hash ?? '');
    expect(await hasher.verify(found?.password.normalize('NFD') ?? '', stored)).toMatchObject({
      matches: true,
    });
  });

  it('PW-4 is sealed: the table shows neither hash nor scheme, and another key fails', async () => {
    const { keys } = hasherWith();
    const [first] = foreignHashes;
    const stored = sealImportedHash(keys, first?.hash ?? '');
    expect(stored).toMatch(/^imported\.[\w-]+$/);
    for (const part of ['$2b$', first?.hash ?? '']) {
      expect(stored).not.toContain(part);
      expect(Buffer.from(stored.slice(9), 'base64url').includes(part)).toBe(false);
    }
    expect(sealImportedHash(keys, first?.hash ?? '')).not.toBe(stored);
    expect(openImportedHash(keysOf(2), stored)).toBeNull();
  });

  it('PW-15 PW-17 raises an alarm where it cannot be decrypted or parsed, and fails', async () => {
    const { hasher, keys, logLines } = hasherWith();
    const [first] = foreignHashes;
    const broken = [
      sealImportedHash(keysOf(2), first?.hash ?? ''),
      sealImportedHash(keys, 'md5:something'),
      'imported.',
      `${sealImportedHash(keys, first?.hash ?? '').slice(0, -2)}AA`,
    ];
    for (const stored of broken) {
      expect(await hasher.verify(first?.password ?? '', stored)).toEqual({
        matches: false,
        outdated: false,
      });
    }
    expect(logLines.filter((line) => line.includes('password_hash.'))).toHaveLength(broken.length);
    expect(logLines.join('')).not.toContain('something');
  });

  describe('PW-16 refusing a cheaper imported hash takes as much work as one of ours', () => {
    const cost = 10;
    /** Each verification of bcrypt takes as many milliseconds as it has rounds. */
    function countingHasher(options: { foreignTakes: number }) {
      let time = 0;
      const costs: number[] = [];
      const bcrypt: Bcrypt = {
        hash: async () => '',
        verify: async (_input, stored) => {
          const exponent = Number(stored.slice(4, 6));
          costs.push(exponent);
          time += 2 ** exponent;
          return false;
        },
      };
      // The hasher reads the clock before and after: a computation other than bcrypt takes this
      // long.
      let elapsing = 0;
      const now = (): number => {
        time += elapsing;
        return time;
      };
      const { hasher, keys } = hasherWith({ cost, bcrypt, now });
      return {
        keys,
        refuseOurs: () => hasher.verify('not the password', null),
        refuseImported: async (stored: string): Promise<number[]> => {
          costs.length = 0;
          elapsing = options.foreignTakes;
          await hasher.verify('not the password', stored);
          elapsing = 0;
          return [...costs];
        },
      };
    }
    const schemes = ['passlib bcrypt $2b$', 'passlib pbkdf2-sha256', 'passlib scrypt'];
    const sealed = (keys: ReturnType<typeof keysOf>, scheme: string): string =>
      sealImportedHash(keys, foreignHashes.find(({ from }) => from === scheme)?.hash ?? '');

    it.each(schemes)('%s, before any of our own hashes was timed', async (scheme) => {
      const { keys, refuseImported } = countingHasher({ foreignTakes: 0 });
      expect(await refuseImported(sealed(keys, scheme))).toEqual([cost]);
    });

    it.each([
      ['no time', 0, [9, 8, 7, 6, 5]],
      ['half the time', 2 ** cost / 2, [9]],
      ['three quarters', (2 ** cost * 3) / 4, [8]],
      ['as long', 2 ** cost, []],
      ['longer', 2 ** cost * 4, []],
    ])('where the cheaper one takes %s, the rest is bcrypt', async (_name, foreignTakes, costs) => {
      const { keys, refuseOurs, refuseImported } = countingHasher({ foreignTakes });
      await refuseOurs();
      for (const scheme of schemes)
        expect(await refuseImported(sealed(keys, scheme))).toEqual(costs);
    });
  });
});

describe('X-47 an imported hash that more than one password fits', () => {
  const long = 'eighty characters '.repeat(5).slice(0, 80);
  const found = foreignHashes.find(({ from }) => from.includes('more than 72'));

  it.each([
    ['the whole password', long],
    ['another ending', `${long.slice(0, 72)}and something else`],
    ['the 72 bytes alone', long.slice(0, 72)],
  ])('is kept when it was signed in by %s', async (_name, typed) => {
    const { hasher, keys } = hasherWith();
    const stored = sealImportedHash(keys, found?.hash ?? '');
    expect(await hasher.verify(typed, stored)).toEqual({ matches: true, outdated: false });
    expect(await hasher.verify(long.slice(0, 71), stored)).toMatchObject({ matches: false });
  });

  it.each([
    ['plain', 'fine full password'],
    ['full width', 'ｆｉｎｅ full password'],
    ['a ligature', '\ufb01ne full password'],
  ])('stays where another spelling fits, whichever it was: %s', async (_name, set) => {
    const { hasher, keys } = hasherWith();
    const stored = sealImportedHash(keys, betterAuth(set));
    for (const typed of ['ｆｉｎｅ full password', '\ufb01ne full password'])
      expect(await hasher.verify(typed, stored)).toEqual({ matches: true, outdated: false });
    expect(await hasher.verify('fine full password', stored)).toEqual({
      matches: true,
      outdated: true,
    });
    expect(await hasher.verify('fine fu11 password', stored)).toMatchObject({ matches: false });
  });

  it('is sealed anew where the key has changed, and still fits', async () => {
    const before = sealImportedHash(keysOf(1), found?.hash ?? '');
    const keys = createSecretKeys([Buffer.alloc(32, 2), Buffer.alloc(32, 1)]);
    const { hasher } = hasherWith({ keys });
    const { resealed = '', outdated } = await hasher.verify(long, before);
    expect(outdated).toBe(false);
    expect(openImportedHash(keysOf(2), resealed)).toBe(found?.hash);
    const again = await hasherWith({ keys: keysOf(2) }).hasher.verify(long, resealed);
    expect(again).toEqual({ matches: true, outdated: false });
  });

  it.each([
    ['bcrypt, ASCII', 'x'.repeat(71), true],
    ['bcrypt, ASCII', 'x'.repeat(72), false],
    ['bcrypt, two bytes a letter', 'ü'.repeat(35), true],
    ['bcrypt, two bytes a letter', 'ü'.repeat(36), false],
    ['bcrypt, decomposed', 'u\u0308'.repeat(30), false],
  ])('%s: %s is proved: %s', (_name, password, proved) => {
    const read = readForeignHash(`$2b$04$${'a'.repeat(53)}`);
    expect(read.kind === 'hash' && provesPassword(read.hash, password)).toBe(proved);
  });

  it.each([
    [`bcrypt_sha256$$2b$04$${'a'.repeat(53)}`, 'x'.repeat(200), true],
    [`$wp$2y$04$${'a'.repeat(53)}`, 'x'.repeat(200), true],
    [`$wp$2y$04$${'a'.repeat(53)}`, 'a password with a blank ', false],
    [`{bcrypt}$2a$04$${'a'.repeat(53)}`, 'x'.repeat(72), false],
    [`bcrypt$$2b$04$${'a'.repeat(53)}`, 'x'.repeat(72), false],
    [`$pbkdf2-sha256$2000$${salt}$${digest}`, 'x'.repeat(200), true],
    [betterAuth('a'), 'ｆｕｌｌ width', false],
    [betterAuth('a'), 'a \ufb01ne ligature', false],
    [betterAuth('a'), 'x²', false],
    [betterAuth('a'), 'pass\u00a0word', false],
    [betterAuth('a'), 'cafe\u0301', true],
    [betterAuth('a'), 'naïve Straße パスワード', true],
    [`$scrypt$ln=14,r=8,p=1$${salt}$${digest}`, 'ｆｕｌｌ width', true],
  ])('%s', (text, password, proved) => {
    const read = readForeignHash(text);
    expect(read.kind === 'hash' && provesPassword(read.hash, password)).toBe(proved);
  });
});

describe('X-48 kinds of hashes', () => {
  it.each([
    [`{bcrypt}$2a$10$${'a'.repeat(53)}`, 'bcrypt'],
    [`{BLF-CRYPT}$2y$05$${'a'.repeat(53)}`, 'bcrypt'],
    [`{CRYPT}$2y$05$${'a'.repeat(53)}`, 'bcrypt'],
    [`$wp$2y$10$${'a'.repeat(53)}`, 'bcrypt'],
    [`{argon2}$argon2id$v=19$m=1024,t=2,p=2$${salt}$${digest}`, 'argon2id'],
    [`{ARGON2ID}$argon2id$v=19$m=1024,t=2,p=2$${salt}$${digest}`, 'argon2id'],
    [`{argon2@SpringSecurity_v5_8}$argon2id$v=19$m=1024,t=2,p=2$${salt}$${digest}`, 'argon2id'],
    [`{scrypt}$e0801$${salt}$${digest}`, 'scrypt'],
    [`{scrypt@SpringSecurity_v5_8}$100801$${salt}$${digest}`, 'scrypt'],
    [`$s0$e0801$${salt}$${digest}`, 'scrypt'],
    [`{pbkdf2}${'0'.repeat(80)}`, 'pbkdf2'],
    [`{pbkdf2@SpringSecurity_v5_8}${'0'.repeat(96)}`, 'pbkdf2'],
    [`$pbkdf2-sha512$i=210000,l=32$${salt}$${digest}`, 'pbkdf2'],
  ])('takes %s', (text, scheme) => {
    expect(reasonFor(text)).toBe(`taken as ${scheme}`);
  });

  it.each([
    ['{noop}secret-text', /plain text/],
    ['{SSHA}c2VjcmV0LXRleHQ=', /LDAP/],
    ['{MD5}secret-text', /LDAP|Spring/],
    ['{ldap}secret-text', /directory/],
    ['{sekrit}secret-text', /named in braces/],
    [`{CRYPT}$6$${salt}$abc`, /SHA-512 crypt is too weak/],
    ['$P$BABCDEFGHsecret-text', /phpass/],
    ['$S$DABCDEFGHsecret-text', /Drupal/],
    [`$y$j9T$${salt}$abc`, /yescrypt/],
    [`$5$${salt}$abc`, /SHA-256 crypt/],
    ['$apr1$abcdefgh$secret-text', /MD5 crypt/],
    [`$bcrypt-sha256$v=2,t=2b,r=12$${salt}$abc`, /bcrypt_sha256/],
    ['md5$salt$5f4dcc3b5aa765d61d8327deb882cf99', /MD5 is too weak/],
    ['sha1$salt$0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33', /salted SHA-1/],
    ['rl0uE0wV/Pc7c', /DES crypt/],
    ['*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19', /MySQL/],
    ['SCRAM-SHA-256$4096:secret', /SCRAM/],
    ['5f4dcc3b5aa765d61d8327deb882cf99:abcdefghABCDEFGH', /Joomla/],
    ['{pbkdf2}abc', /PBKDF2/],
    [Buffer.from([1, 0, 0, 0, 9, ...Array(60).fill(1)]).toString('base64'), /no form/],
  ])('names %s', (text, reason) => {
    expect(reasonFor(text)).toMatch(reason);
    expect(reasonFor(text)).not.toMatch(/secret|sekrit/);
  });
});
