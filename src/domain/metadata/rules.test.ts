import { describe, expect, it } from 'vitest';
import { changed, type Metadata, metadataFault } from './rules.ts';

/** Objects in objects, `levels` in all. */
const nested = (levels: number): Metadata => (levels === 1 ? {} : { a: nested(levels - 1) });
const withKeys = (count: number): Metadata =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, 1]));
/** A text whose object has so many bytes. */
const ofBytes = (bytes: number): Metadata => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) });

describe('what a metadata object may be', () => {
  it.each([
    ['an empty one', {}],
    ['every kind of value', { a: 'x', b: 1, c: 1.5, d: true, e: null, f: [1, 'x', null], g: {} }],
    ['five levels', nested(5)],
    ['lists that count as levels, too', { a: [[[[]]]] }],
    ['a hundred keys', withKeys(100)],
    ['a hundred keys in each of two objects', { a: withKeys(100), b: withKeys(100) }],
    ['a key of 64 characters', { ['k'.repeat(64)]: 1 }],
    ['keys that only look reserved', { proto: 1, constructors: 1, toString: 1, hasOwnProperty: 1 }],
    ['the largest and the smallest numbers', { a: 999999999999999900000, b: 0.000001, c: -0 }],
    ['as many bytes as there may be', ofBytes(4096)],
  ])('MD-2 takes %s', (_what, value) => {
    expect(metadataFault('preferences', value)).toBeNull();
  });

  const parsed = (text: string): Metadata => JSON.parse(text);
  it.each([
    ['six levels', nested(6), 'INVALID', 'levels'],
    ['six levels of lists', { a: [[[[[]]]]] }, 'INVALID', 'levels'],
    ['101 keys', withKeys(101), 'INVALID', '100 keys'],
    ['101 keys further down', { a: [withKeys(101)] }, 'INVALID', '100 keys'],
    ['a key without a name', { '': 1 }, 'INVALID', '1 to 64'],
    ['a key of 65 characters', { ['k'.repeat(65)]: 1 }, 'INVALID', '1 to 64'],
    ['__proto__', parsed('{"__proto__":{"admin":true}}'), 'INVALID', '__proto__'],
    ['__proto__ further down', parsed('{"a":[{"__proto__":1}]}'), 'INVALID', '__proto__'],
    ['constructor', parsed('{"constructor":{"prototype":{}}}'), 'INVALID', 'constructor'],
    ['prototype', parsed('{"a":{"prototype":1}}'), 'INVALID', 'prototype'],
    ['NaN', { a: Number.NaN }, 'INVALID', 'Numbers'],
    ['infinity', { a: Number.POSITIVE_INFINITY }, 'INVALID', 'Numbers'],
    ['a number that takes 309 digits', { a: 1e308 }, 'INVALID', 'Numbers'],
    ['a number that takes 324 digits', { a: 5e-324 }, 'INVALID', 'Numbers'],
    ['NUL in a text', { a: 'x\0' }, 'INVALID', 'character'],
    ['NUL in a key', { 'x\0': 1 }, 'INVALID', 'character'],
    ['half a character', { a: '\ud800' }, 'INVALID', 'character'],
    ['a byte too many', ofBytes(4097), 'TOO_LONG', '4096'],
    ['characters that take more bytes', { a: 'ü'.repeat(2048) }, 'TOO_LONG', '4096'],
  ])('MD-2 refuses %s', (_what, value, code, rule) => {
    const fault = metadataFault('preferences', value);
    expect(fault).toMatchObject({ code, message: expect.stringContaining(rule) });
  });

  it('MD-2 has 8 kB for what administrators write', () => {
    for (const kind of ['publicMetadata', 'adminMetadata'] as const) {
      expect(metadataFault(kind, ofBytes(8192))).toBeNull();
      expect(metadataFault(kind, ofBytes(8193))).toMatchObject({ code: 'TOO_LONG' });
    }
  });
});

describe('a change of a metadata object', () => {
  it('sets keys, keeps those that it leaves out, and takes away those that are null', () => {
    const before = { a: 1, b: { c: 1, d: 2 }, e: null };
    expect(changed(before, { a: null, b: { c: 3 }, f: 4 })).toEqual({ b: { c: 3 }, e: null, f: 4 });
    expect(changed(before, {})).toEqual(before);
    expect(changed({}, { a: null })).toEqual({});
    // Null inside of a value is a value.
    expect(changed({}, { a: { b: null } })).toEqual({ a: { b: null } });
  });

  it('MD-2 has no prototype to change', () => {
    const result = changed({}, JSON.parse('{"__proto__":{"isAdmin":true}}'));
    expect(Object.keys(result)).toEqual(['__proto__']);
    expect((result as { isAdmin?: unknown }).isAdmin).toBeUndefined();
    expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined();
  });
});
