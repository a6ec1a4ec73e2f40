import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../random.ts';
import { createSecretKeys } from '../../secret-keys.ts';
import {
  hashRecoveryCode,
  makeRecoveryCode,
  readRecoveryCode,
  recoveryCodeHashes,
  showRecoveryCode,
} from './recovery-code.ts';

const keys = createSecretKeys([Buffer.alloc(32, 1)]);

describe('a recovery code', () => {
  it.each([
    '',
    'abc',
    '123456',
    '0123-4567-89AB-CDE',
    '0123-4567-89AB-CDEFG',
    'UUUU-UUUU-UUUU-UUUU',
    '0123 4567 89AB CDE*',
    '０１２３-4567-89AB-CDE',
    '0123-4567-89AB-CD\u0415F',
    '0123-4567-89AB-CDE\u017f',
    '²123-4567-89AB-CDEF',
    '\u0000'.repeat(16),
    'A'.repeat(65),
    'A'.repeat(10_000),
  ])('OT-10 is not read from what cannot be one (case %#)', (typed) => {
    expect(readRecoveryCode(typed)).toBeNull();
  });

  it('OT-16 has 80 random bits: sixteen symbols, uniformly distributed, never repeated', () => {
    const codes = Array.from({ length: 10_000 }, () => makeRecoveryCode(systemRandom));
    expect(new Set(codes).size).toBe(10_000);
    const counts = new Map<string, number>();
    for (const symbol of codes.join('')) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
    expect([...counts.keys()].sort().join('')).toBe('0123456789ABCDEFGHJKMNPQRSTVWXYZ');
    // 160,000 symbols, 5,000 of each: chi-square with 31 degrees of freedom exceeds 80 only once in
    // a hundred thousand runs.
    const chiSquare = [...counts.values()].reduce(
      (sum, count) => sum + (count - 5000) ** 2 / 5000,
      0,
    );
    expect(chiSquare).toBeLessThan(80);
  });

  it('is shown in groups of four and read back from them', () => {
    const code = makeRecoveryCode(systemRandom);
    expect(showRecoveryCode(code)).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/);
    expect(readRecoveryCode(showRecoveryCode(code))).toBe(code);
  });

  it('is read whatever its case, spaces and hyphens, and with look-alike letters', () => {
    const code = '01AB11CD00EF10GH';
    for (const typed of [
      '01ab-11cd-00ef-10gh',
      ' 01AB 11CD 00EF 10GH ',
      'oIab-liCD-OOef-loGH',
      '01ab11cd00ef10gh\n',
      '０１ａｂ－１１ｃｄ－００ｅｆ－１０ｇｈ',
      'ＯＩＡＢ　１１ＣＤ　００ＥＦ　１０ＧＨ',
      '\u2066٠١AB\u200b١١CD٠٠EF١٠GH\u2069',
    ]) {
      expect(readRecoveryCode(typed)).toBe(code);
    }
  });

  it('OT-16 is stored as a keyed hash bound to its user', () => {
    const code = '01AB11CD00EF10GH';
    const { mac, keyId } = hashRecoveryCode(keys, 'user-1', code);
    expect(mac).toHaveLength(32);
    expect(keyId).toMatch(/^[0-9a-f]{8}$/);
    expect(mac.equals(hashRecoveryCode(keys, 'user-2', code).mac)).toBe(false);
    expect(
      mac.equals(hashRecoveryCode(createSecretKeys([Buffer.alloc(32, 2)]), 'user-1', code).mac),
    ).toBe(false);
    const rotating = createSecretKeys([Buffer.alloc(32, 2), Buffer.alloc(32, 1)]);
    expect(
      recoveryCodeHashes(rotating, 'user-1', code).some((candidate) => candidate.equals(mac)),
    ).toBe(true);
  });
});
