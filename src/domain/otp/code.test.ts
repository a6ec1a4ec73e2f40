import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../random.ts';
import { createSecretKeys, sha256 } from '../../secret-keys.ts';
import { codeLength, findCodeHash, hashCode, readCode } from './code.ts';

const sourceFolder = fileURLToPath(new URL('../..', import.meta.url));
const sources = readdirSync(sourceFolder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.includes('testing'))
  .map((name) => ({ name, text: readFileSync(join(sourceFolder, name), 'utf8') }));

describe('codes', () => {
  it('OT-1 are six digits with leading zeros, uniformly distributed in every position', () => {
    const draws = 100_000;
    const counts = Array.from({ length: codeLength }, () => new Array<number>(10).fill(0));
    let leadingZeros = 0;
    for (let index = 0; index < draws; index += 1) {
      const code = systemRandom.digits(codeLength);
      if (!/^\d{6}$/.test(code)) throw new Error('A code has another shape.');
      if (code.startsWith('0')) leadingZeros += 1;
      for (let place = 0; place < codeLength; place += 1) {
        const row = counts[place] ?? [];
        const digit = Number(code[place]);
        row[digit] = (row[digit] ?? 0) + 1;
      }
    }
    expect(leadingZeros).toBeGreaterThan(draws / 20);
    for (const row of counts) {
      const expected = draws / 10;
      const chiSquare = row.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      // Nine degrees of freedom: one run in ten million exceeds 50.
      expect(chiSquare).toBeLessThan(50);
    }
  });

  it('OT-1 never come from Math.random, and digits come from randomInt', () => {
    expect(sources.length).toBeGreaterThan(50);
    for (const { name, text } of sources) {
      expect.soft(text.includes('Math.random('), name).toBe(false);
    }
    expect(sources.find(({ name }) => name === 'random.ts')?.text).toMatch(
      /randomInt\(10 \*\* length\)/,
    );
  });

  it('OT-8 are stored as an HMAC bound to their challenge, compared in constant time', () => {
    const keys = createSecretKeys([Buffer.alloc(32, 1)]);
    const stored = hashCode(keys, 'challenge', '012345');
    expect(stored).toHaveLength(32);
    for (const guess of ['012345', 'challenge\n012345', 'challenge012345'])
      expect(stored.equals(sha256(guess))).toBe(false);
    const matches = (by: typeof keys, id: string, code: string, codeHash = stored) => {
      const challenge = { id, codeHash, previousCodeHash: null, previousCodeExpiresAt: null };
      return findCodeHash(by, challenge, { code, now: new Date(0) }) !== null;
    };
    expect(matches(keys, 'challenge', '012345')).toBe(true);
    expect(matches(keys, 'challenge', '012346')).toBe(false);
    expect(matches(keys, 'another', '012345')).toBe(false);
    const [other, own] = [Buffer.alloc(32, 2), Buffer.alloc(32, 1)];
    expect(matches(createSecretKeys([other]), 'challenge', '012345')).toBe(false);
    expect(matches(createSecretKeys([other, own]), 'challenge', '012345')).toBe(true);
    expect(matches(keys, 'challenge', '012345', stored.subarray(0, 31))).toBe(false);
    expect(sources.find(({ name }) => name === 'secret-keys.ts')?.text).toMatch(
      /timingSafeEqual\(a, b\)/,
    );
  });

  it.each([
    '123456',
    '123 456',
    ' 12-34-56 ',
    '1 2 3 4 5 6',
    '\t123456\n',
    '123\u00a0456',
    '１２３４５６',
    '١٢٣٤٥٦',
    '۱۲۳۴۵۶',
    '१२३४५६',
    '１２３ー４５６',
    '\u2066123\u2011456\u2069',
    '\ufeff123\u200b456',
  ])('OT-10 X-49 reads %j as 123456', (typed) => {
    expect(readCode(typed)).toBe('123456');
  });

  it('OT-10 X-49 reads each decimal digit of Unicode as its value', () => {
    const values = new Map<string, number>();
    for (let codePoint = 0; codePoint <= 0x10ffff; codePoint += 1) {
      const character = String.fromCodePoint(codePoint);
      if (!/\p{Nd}/u.test(character)) continue;
      const read = readCode(character.repeat(6));
      expect(read).toMatch(/^(\d)\1{5}$/);
      values.set(read ?? '', (values.get(read ?? '') ?? 0) + 1);
    }
    // Every script has all ten.
    expect(values.size).toBe(10);
    expect(new Set(values.values()).size).toBe(1);
  });

  it.each([
    '',
    ' ',
    '12345',
    '1234567',
    'abcdef',
    '12345a',
    '①②③④⑤⑥',
    '一二三四五六',
    '-12345',
    '+12345',
    '1e5',
    '0x1234',
    '12.345',
    '123\u0000456',
    '123456\u0000',
    '\ud800123456',
    '½23456',
    '²²²²²²',
    '1'.repeat(10_000),
    ' '.repeat(10_000),
    `123456${' '.repeat(100)}`,
  ])('OT-10 reads %j as none', (typed) => {
    expect(readCode(typed)).toBeNull();
  });
});
