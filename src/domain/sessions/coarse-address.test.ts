import { describe, expect, it } from 'vitest';
import { coarseAddress } from './coarse-address.ts';

describe('the address of a session as its owner sees it', () => {
  const cases: [string | null, string | null][] = [
    [null, null],
    ['unknown', null],
    ['203.0.113.77', '203.0.113.0'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::'],
    ['2001:db8::1', '2001:db8::'],
    ['2001:db8:1::', '2001:db8:1::'],
    ['::1', '::'],
  ];
  for (const [address, coarse] of cases) {
    it(`SE-12 shows ${coarse} for ${address}`, () => expect(coarseAddress(address)).toBe(coarse));
  }
});
