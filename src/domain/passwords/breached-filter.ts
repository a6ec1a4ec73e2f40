import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/**
 * A Bloom filter over SHA-1 digests of passwords: 15 bits an entry and ten probes, of which 0.07 %
 * of other passwords are taken for entries, and no entry is missed. The file is the name, a version
 * and the count (4 bytes each, big-endian), the SHA-256 of these and of the bits, and the bits.
 */
export type BreachedFilter = {
  readonly count: number;
  /** Bytes that it takes in memory, and on disk. */
  readonly bytes: number;
  has(digest: Buffer): boolean;
};

export type FilterBuilder = {
  add(digest: Buffer): void;
  /** The content of the file. */
  finish(): Buffer;
};

/** Why a file is no filter, as a rule of the variable that names it. */
export class FilterFault extends Error {
  override readonly name = 'FilterFault';
}

/** What to tell the operator of a FilterFault; null for any other error. */
export function filterFailure(error: unknown): string | null {
  return error instanceof FilterFault ? `BREACHED_PASSWORDS_FILE: ${error.message}` : null;
}

/** 1.9 GB, just below what Node reads in one piece. */
export const mostEntries = 1_000_000_000;

const bitsPerEntry = 15;
const probes = 10;

const name = Buffer.from('latchkey breach\n');
const version = 1;
const place = { version: 16, count: 20, hash: 24, bits: 56 };

/** An empty filter for exactly `count` entries. */
export function createFilter(count: number): FilterBuilder {
  const size = bytesOf(count);
  const file = Buffer.alloc(place.bits + size);
  name.copy(file);
  file.writeUInt32BE(version, place.version);
  file.writeUInt32BE(count, place.count);
  const bits = file.subarray(place.bits);
  const probed = new Float64Array(probes);
  return {
    add: (digest) => {
      for (const bit of probe(digest, size * 8, probed)) {
        const at = Math.floor(bit / 8);
        bits[at] = (bits[at] ?? 0) | (1 << (bit - at * 8));
      }
    },
    finish: () => {
      hashOf(file).copy(file, place.hash);
      return file;
    },
  };
}

/** Reads and checks a filter file, which stays in memory once. Throws FilterFault. */
export function readFilter(path: string): BreachedFilter {
  return openFilter(readBytes(path));
}

/** The filter in a file's content, which must not be changed afterwards. Throws FilterFault. */
export function openFilter(file: Buffer): BreachedFilter {
  if (file.length < place.bits || !file.subarray(0, name.length).equals(name))
    throw new FilterFault('must name a file of latchkey breached-passwords build');
  if (file.readUInt32BE(place.version) !== version)
    throw new FilterFault('names a filter of another version of Latchkey: build it anew');
  const count = file.readUInt32BE(place.count);
  const size = bytesOf(count);
  if (file.length !== place.bits + size)
    throw new FilterFault('names a damaged filter, whose length is not that of its count');
  if (!hashOf(file).equals(file.subarray(place.hash, place.bits)))
    throw new FilterFault('names a damaged filter, whose SHA-256 is another than it says');
  const bits = file.subarray(place.bits);
  const probed = new Float64Array(probes);
  return {
    count,
    bytes: file.length,
    has: (digest) => {
      for (const bit of probe(digest, size * 8, probed)) {
        const at = Math.floor(bit / 8);
        if (((bits[at] ?? 0) & (1 << (bit - at * 8))) === 0) return false;
      }
      return true;
    },
  };
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    throw new FilterFault('names a file that cannot be read');
  }
}

function bytesOf(count: number): number {
  return Math.ceil((count * bitsPerEntry) / 8);
}

/**
 * The bits of an entry, by enhanced double hashing (Dillinger and Manolios, 2004): the digest is
 * uniform already, so that two parts of it stand for ten hashes. Without `%`, which takes longer
 * than all the rest.
 */
function probe(digest: Buffer, bits: number, into: Float64Array): Float64Array {
  const scale = bits / 2 ** 48;
  let at = Math.floor(digest.readUIntBE(0, 6) * scale);
  let step = Math.floor(digest.readUIntBE(6, 6) * scale);
  for (let index = 0; index < probes; index += 1) {
    into[index] = at;
    at += step;
    if (at >= bits) at -= bits;
    step += index + 1;
    if (step >= bits) step -= bits;
  }
  return into;
}

function hashOf(file: Buffer): Buffer {
  return createHash('sha256')
    .update(file.subarray(0, place.hash))
    .update(file.subarray(place.bits))
    .digest();
}
