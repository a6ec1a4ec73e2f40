/** What an authenticator writes of CBOR (RFC 8949). Map keys are written in the order given. */
export type Cbor =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly Cbor[]
  | ReadonlyMap<number | string, Cbor>
  | { readonly [key: string]: Cbor };

/** Encodes with the shortest heads. Written by hand: it shares no code with the server. */
export function encodeCbor(value: Cbor): Buffer {
  if (value === false) return Buffer.of(0xf4);
  if (value === true) return Buffer.of(0xf5);
  if (value === null) return Buffer.of(0xf6);
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return withHead(3, Buffer.from(value));
  if (value instanceof Uint8Array) return withHead(2, value);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(encodeCbor)]);
  const entries = [...(value instanceof Map ? value : Object.entries(value))];
  return Buffer.concat([head(5, entries.length), ...entries.flat().map(encodeCbor)]);
}

function withHead(major: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([head(major, bytes.byteLength), bytes]);
}

/** A major type with its argument: a number, or how many bytes or items follow. */
function head(major: number, argument: number): Buffer {
  if (argument < 24) return Buffer.of((major << 5) | argument);
  const width = argument < 2 ** 8 ? 1 : argument < 2 ** 16 ? 2 : 4;
  const bytes = Buffer.alloc(1 + width);
  bytes.writeUInt8((major << 5) | (23 + { 1: 1, 2: 2, 4: 3 }[width]), 0);
  bytes.writeUIntBE(argument, 1, width);
  return bytes;
}
