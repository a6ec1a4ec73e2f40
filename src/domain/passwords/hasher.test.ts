import { createHash } from 'node:crypto';
import { hash as bcrypt, verify as bcryptVerify } from '@node-rs/bcrypt';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../observability/log.ts';
import { systemRandom } from '../../random.ts';
import { createSecretKeys } from '../../secret-keys.ts';
import { testConfig } from '../../testing/app.ts';
import { dummyBcrypt } from './comparisons.ts';
import { createHashSemaphore } from './hash-semaphore.ts';
import { type Bcrypt, createPasswordHasher } from './hasher.ts';
import { bcryptInput, parseStoredHash } from './stored-hash.ts';

const first = Buffer.alloc(32, 1);
const second = Buffer.alloc(32, 2);
const password = 'velvet otter gravel copper';

function hasherWith(options: { secrets?: Buffer[]; cost?: number } = {}) {
  const logLines: string[] = [];
  /** The hashes that bcrypt was asked to verify against. */
  const verified: string[] = [];
  const counting: Bcrypt = {
    hash: bcrypt,
    verify: (input, stored) => {
      verified.push(stored);
      return bcryptVerify(input, stored);
    },
  };
  const keys = createSecretKeys(options.secrets ?? [first]);
  const log = createLog(testConfig, { write: (line) => void logLines.push(line) });
  const hasher = createPasswordHasher({
    cost: options.cost ?? 4,
    keys,
    semaphore: createHashSemaphore({ width: 1, queue: 100 }),
    random: systemRandom,
    log,
    bcrypt: counting,
  });
  return { hasher, keys, logLines, verified };
}

describe('a stored password hash', () => {
  it('PW-13 contains its scheme, pepper and cost, and has a salt of its own', async () => {
    const { hasher } = hasherWith({ cost: 5 });
    const [one, other] = [await hasher.hash(password), await hasher.hash(password)];
    expect(one).toMatch(/^bcrypt-hmac-sha256\.[0-9a-f]{8}\$2b\$05\$[./A-Za-z0-9]{53}$/);
    expect(one).not.toBe(other);
    expect(parseStoredHash(one)?.bcrypt.slice(0, 29)).not.toBe(
      parseStoredHash(other)?.bcrypt.slice(0, 29),
    );
  });

  it('PW-4 verifies neither the plain password nor an unkeyed digest of it', async () => {
    const { hasher, keys } = hasherWith();
    const { input } = bcryptInput(keys, password);
    expect(input).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(bcryptInput(createSecretKeys([second]), password).input).not.toBe(input);

    const stored = parseStoredHash(await hasher.hash(password))?.bcrypt ?? '';
    expect(await bcryptVerify(input, stored)).toBe(true);
    for (const algorithm of ['sha1', 'sha256', 'sha512', 'md5']) {
      const digest = createHash(algorithm).update(password).digest();
      for (const guess of [
        digest.toString('base64'),
        digest.toString('hex'),
        digest.toString('latin1'),
      ]) {
        expect(await bcryptVerify(guess, stored)).toBe(false);
      }
    }
    expect(await bcryptVerify(password, stored)).toBe(false);
  });

  it('PW-15 a retired pepper verifies and asks for renewal, a removed one fails', async () => {
    const old = await hasherWith({ secrets: [first] }).hasher.hash(password);

    const rotating = hasherWith({ secrets: [second, first] });
    expect(await rotating.hasher.verify(password, old)).toEqual({ matches: true, outdated: true });
    expect(await rotating.hasher.verify('velvet otter gravel silver', old)).toEqual({
      matches: false,
      outdated: false,
    });
    const renewed = await rotating.hasher.hash(password);
    expect(parseStoredHash(renewed)?.pepperId).not.toBe(parseStoredHash(old)?.pepperId);
    expect(await rotating.hasher.verify(password, renewed)).toEqual({
      matches: true,
      outdated: false,
    });

    const removed = hasherWith({ secrets: [second] });
    expect(await removed.hasher.verify(password, old)).toEqual({ matches: false, outdated: false });
    expect(await removed.hasher.verify(password, renewed)).toEqual({
      matches: true,
      outdated: false,
    });
    expect(removed.logLines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ level: 'error', event: 'password_hash.pepper_unknown' }),
    ]);
  });

  it('PW-14 is outdated below the current cost, and not above it', async () => {
    const [weak, strong] = [
      await hasherWith({ cost: 4 }).hasher.hash(password),
      await hasherWith({ cost: 6 }).hasher.hash(password),
    ];
    const { hasher } = hasherWith({ cost: 5 });
    expect(await hasher.verify(password, weak)).toEqual({ matches: true, outdated: true });
    expect(await hasher.verify(password, strong)).toEqual({ matches: true, outdated: false });
    // Only the right password reveals whether the hash is outdated.
    expect(await hasher.verify(`${password}!`, weak)).toEqual({ matches: false, outdated: false });
  });
});

describe('verification', () => {
  it('PW-17 fails without a hash or password, and raises an alarm for a damaged hash', async () => {
    const { hasher, logLines } = hasherWith();
    const good = await hasher.hash(password);
    const emptyBcrypt = await bcrypt('', 4);
    const nulBcrypt = await bcrypt('\u0000', 4);
    const refused = { matches: false, outdated: false };
    for (const text of ['', '\u0000', password, `${password}\u0000${password}`, '\ud800']) {
      expect(await hasher.verify(text, null)).toEqual(refused);
    }
    for (const text of [
      '',
      '\u0000',
      `${password}\u0000`,
      `${password}\u0000${password}`,
      '\ud800',
    ]) {
      expect(await hasher.verify(text, good)).toEqual(refused);
    }
    expect(logLines).toEqual([]);

    const head = good.slice(0, good.indexOf('$'));
    const damaged = [
      '',
      ' ',
      'x',
      emptyBcrypt,
      nulBcrypt,
      `${good}x`,
      good.slice(0, -1),
      good.replace('$2b$', '$2x$'),
      good.replace('$04$', '$99$'),
      good.replace('$04$', '$4$'),
      `${head}${'$'.repeat(60)}`,
      `plain.${good}`,
      `\n${good}`,
      `${good}\n`,
    ];
    for (const stored of damaged) {
      for (const text of ['', '\u0000', password]) {
        expect
          .soft(await hasher.verify(text, stored), JSON.stringify([text, stored]))
          .toEqual(refused);
      }
    }
    const alarms = logLines.map((line) => JSON.parse(line));
    expect(
      alarms.every((alarm) => alarm.level === 'error' && alarm.event.startsWith('password_hash.')),
    ).toBe(true);
    expect(alarms.length).toBe(damaged.length);
    expect(logLines.join('')).not.toMatch(/\$2b\$|velvet/);
  });

  it('PW-17 an empty password fails even against a hash of the empty text', async () => {
    const { hasher, keys } = hasherWith();
    const { pepperId, input } = bcryptInput(keys, '');
    const stored = `bcrypt-hmac-sha256.${pepperId}${await bcrypt(input, 4)}`;
    expect(parseStoredHash(stored)).not.toBeNull();
    expect(await hasher.verify('', stored)).toEqual({ matches: false, outdated: false });
  });

  it('PW-16 ADV-51 every failure costs one bcrypt at the configured cost', async () => {
    const { hasher, verified } = hasherWith({ cost: 5 });
    const good = await hasher.hash(password);
    const ways: [string, string | null][] = [
      [`${password}!`, good],
      [password, null],
      ['', null],
      ['', good],
      [password, 'damaged'],
      [password, good.replace(/\.[0-9a-f]{8}\$/, '.00000000$')],
    ];
    for (const [index, [text, stored]] of ways.entries()) {
      verified.length = 0;
      await hasher.verify(text, stored);
      // bcrypt's work depends only on the cost of a well-formed hash; a malformed one is refused at
      // once.
      expect(verified, `way ${index}`).toEqual([
        expect.stringMatching(/^\$2b\$05\$[./A-Za-z0-9]{53}$/),
      ]);
    }
  });
});

it.each([4, 10, 12, 14])(
  'PW-16 ADV-51 the dummy hash for an unknown account has the configured cost %i',
  (cost) => {
    const dummy = dummyBcrypt(cost, systemRandom);
    expect(dummy).toMatch(
      new RegExp(`^\\$2b\\$${String(cost).padStart(2, '0')}\\$[./A-Za-z0-9]{53}$`),
    );
    expect(parseStoredHash(`bcrypt-hmac-sha256.00000000${dummy}`)?.cost).toBe(cost);
    expect(dummyBcrypt(cost, systemRandom)).not.toBe(dummy);
  },
);

describe('the hash semaphore', () => {
  it('AV-1 limits how many run and how many wait, and refuses the rest at once', async () => {
    const semaphore = createHashSemaphore({ width: 2, queue: 3 });
    let running = 0;
    let most = 0;
    const finish: (() => void)[] = [];
    const work = async (): Promise<string> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => finish.push(resolve));
      running -= 1;
      return 'done';
    };
    const tries = Array.from({ length: 9 }, () =>
      semaphore.run(work).catch((error: unknown) => error),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(semaphore.load()).toEqual({ running: 2, waiting: 3 });
    const refused = await Promise.all(tries.slice(5));
    for (const error of refused) expect(error).toMatchObject({ code: 'OVERLOADED', retryAfter: 1 });
    while (semaphore.load().running > 0) {
      finish.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await Promise.all(tries.slice(0, 5))).toEqual(Array(5).fill('done'));
    expect(most).toBe(2);
  });

  it('AV-1 a failure releases its place', async () => {
    const semaphore = createHashSemaphore({ width: 1, queue: 1 });
    await expect(semaphore.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(semaphore.load()).toEqual({ running: 0, waiting: 0 });
    expect(await semaphore.run(async () => 1)).toBe(1);
  });
});
