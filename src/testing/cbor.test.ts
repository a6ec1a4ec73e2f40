import { describe, expect, it } from 'vitest';
import { type Cbor, encodeCbor } from './cbor.ts';

describe('the CBOR of the test authenticator', () => {
  // RFC 8949, appendix A.
  it.each<[Cbor, string]>([
    [0, '00'],
    [23, '17'],
    [24, '1818'],
    [1000, '1903e8'],
    [1_000_000, '1a000f4240'],
    [-1, '20'],
    [-100, '3863'],
    [-1000, '3903e7'],
    [false, 'f4'],
    [true, 'f5'],
    [null, 'f6'],
    ['IETF', '6449455446'],
    [Buffer.from('01020304', 'hex'), '4401020304'],
    [[1, [2, 3], [4, 5]], '8301820203820405'],
    [{}, 'a0'],
    [{ a: 1, b: [2, 3] }, 'a26161016162820203'],
    [
      new Map([
        [1, 2],
        [3, 4],
      ]),
      'a201020304',
    ],
  ])('writes %j as %s', (value, hex) => {
    expect(encodeCbor(value).toString('hex')).toBe(hex);
  });
});
