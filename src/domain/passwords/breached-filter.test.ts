import { createCipheriv, createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  createFilter,
  FilterFault,
  filterFailure,
  openFilter,
  readFilter,
} from './breached-filter.ts';

/** Digests are uniform, and so are the bytes of a stream cipher, which are made faster. */
const count = 200_000;
const digests = (seed: number): readonly Buffer[] => {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16));
  const bytes = cipher.update(Buffer.alloc(count * 20));
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * 20, index * 20 + 20));
};
const listed = digests(1);
const build = (entries: readonly Buffer[]): Buffer => {
  const filter = createFilter(entries.length);
  for (const digest of entries) filter.add(digest);
  return filter.finish();
};
const file = build(listed);

describe('the filter of breached passwords', () => {
  it('PW-19 misses none of its entries', () => {
    const filter = openFilter(file);
    expect(listed.filter((digest) => !filter.has(digest))).toEqual([]);
    expect(filter.count).toBe(count);
  });

  it('PW-19 takes at most one other password of a thousand for an entry, by 15 bits', () => {
    const filter = openFilter(file);
    const taken = digests(2).filter((digest) => filter.has(digest)).length;
    expect(taken / count).toBeLessThanOrEqual(0.001);
    // Less than half of what is expected would mean that it was not measured.
    expect(taken / count).toBeGreaterThan(0.0004);
    expect(filter.bytes).toBe(56 + (count * 15) / 8);
  });

  it.each([1, 2, 7])('PW-19 holds a list of %d, too', (length) => {
    const filter = openFilter(build(listed.slice(0, length)));
    expect(listed.slice(0, length).every((digest) => filter.has(digest))).toBe(true);
    expect(listed.slice(length).filter((digest) => filter.has(digest)).length).toBeLessThan(
      count / 10,
    );
  });

  it('PW-19 has a header with version, count and SHA-256', () => {
    const [header, bits] = [file.subarray(0, 56), file.subarray(56)];
    expect(header.subarray(0, 16).toString()).toBe('latchkey breach\n');
    expect([header.readUInt32BE(16), header.readUInt32BE(20)]).toEqual([1, count]);
    const hash = createHash('sha256').update(header.subarray(0, 24)).update(bits).digest();
    expect(header.subarray(24)).toEqual(hash);
  });
});

describe('a filter file is refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-filter-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const changed = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.from(file);
    change(bytes);
    return bytes;
  };
  const hash = /^names a damaged filter, whose SHA-256 /;
  const length = /^names a damaged filter, whose length /;

  it.each<[string, Buffer, RegExp]>([
    ['with nothing in it', Buffer.alloc(0), /^must name a file of latchkey breached-passwords/],
    ['of another kind', Buffer.from('password\n'.repeat(100)), /^must name a file of latchkey/],
    ['of another version', changed((bytes) => bytes.writeUInt32BE(2, 16)), /^names a filter of an/],
    ['of another count', changed((bytes) => bytes.writeUInt32BE(count + 8, 20)), length],
    ['cut short', file.subarray(0, -1), length],
    ['cut within its header', file.subarray(0, 40), /^must name a file of latchkey/],
    ['with more behind', Buffer.concat([file, Buffer.alloc(1)]), length],
    ['with a bit less', changed((bytes) => bytes.fill(0, 1000, 1001)), hash],
    ['with a bit less at its end', changed((bytes) => bytes.fill(0, bytes.length - 3)), hash],
    ['of zeros behind its header', changed((bytes) => bytes.fill(0, 56)), hash],
    ['with another SHA-256', changed((bytes) => bytes.fill(0, 24, 25)), hash],
  ])('PW-19 %s, by variable and rule', (_what, bytes, rule) => {
    const path = join(folder, 'breached.filter');
    writeFileSync(path, bytes);
    const [fault] = [() => readFilter(path)].flatMap((read) => {
      try {
        return [read()];
      } catch (error) {
        return [error];
      }
    });
    expect(fault).toBeInstanceOf(FilterFault);
    expect(String((fault as FilterFault).message)).toMatch(rule);
    expect(filterFailure(fault)).toMatch(/^BREACHED_PASSWORDS_FILE: \S/);
  });

  it('PW-19 that is not there, or a folder', () => {
    for (const path of [join(folder, 'absent'), folder])
      expect(() => readFilter(path)).toThrow('names a file that cannot be read');
    expect(filterFailure(new Error('another'))).toBe(null);
  });
});
