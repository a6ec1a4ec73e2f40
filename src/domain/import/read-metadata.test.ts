import { describe, expect, it } from 'vitest';
import { readMetadata } from './read-metadata.ts';

describe('latchkey_metadata of an import', () => {
  const empty = { publicMetadata: {}, adminMetadata: {}, preferences: {} };
  it.each([
    [undefined, null],
    [null, null],
    ['', null],
    ['NULL', null],
    [{}, empty],
    ['{"public":{"plan":"gold"}}', { ...empty, publicMetadata: { plan: 'gold' } }],
    [
      { admin: { note: 1 }, preferences: { a: [] } },
      { ...empty, adminMetadata: { note: 1 }, preferences: { a: [] } },
    ],
  ])('reads %j', (value, metadata) => {
    expect(readMetadata(value)).toEqual(metadata);
  });

  it.each([
    ['x', 'is no object'],
    [[], 'is no object'],
    [{ private: {} }, 'has another member than public, admin, preferences'],
    [{ admin: 'x' }, '.admin is no object'],
    [{ preferences: { a: 'x'.repeat(4096) } }, '.preferences: At most 4096 bytes'],
    [JSON.parse('{"public":{"__proto__":1}}'), '.public: No key may be __proto__'],
  ])('MD-2 refuses %j by member and rule', (value, reason) => {
    expect(() => readMetadata(value)).toThrow(reason);
  });
});
