import { parse as parseUuid, stringify as stringifyUuid } from 'uuid';
import type { Random } from '../../random.ts';
import { type SecretKeys, sameBytes, sha256 } from '../../secret-keys.ts';

/**
 * A refresh token is 68 bytes in base64url: session id (16), generation (4), secret (32), tag (16).
 * The secret is 256 bits (SE-1). The tag is an HMAC over the rest: it distinguishes a token that
 * this server issued from one forged around a session id, so that only a holder of a real token can
 * trigger reuse detection.
 */
export type RefreshToken = {
  readonly sessionId: string;
  readonly generation: number;
  /** The value that the client holds. */
  readonly value: string;
  /** SHA-256, stored in the row. */
  readonly hash: Buffer;
};

const idBytes = 16;
const generationBytes = 4;
const secretBytes = 32;
const tagBytes = 16;
const bodyBytes = idBytes + generationBytes + secretBytes;

/** The first token of a session. */
export function firstRefreshToken(
  app: { keys: SecretKeys; random: Random },
  sessionId: string,
): RefreshToken {
  return assemble(app.keys, {
    sessionId,
    generation: 0,
    secret: app.random.bytes(secretBytes),
    key: 0,
  });
}

/**
 * The successor of a token, the same on every call: only hashes are stored, so the answer to a
 * retry has to be derived (SE-3). Without the server's key a token reveals nothing of its
 * successor. With two keys in force there are two candidates, the current key's first.
 */
export function successorsOf(keys: SecretKeys, token: RefreshToken): RefreshToken[] {
  return keys
    .macs('refresh-token', `successor\n${token.value}`)
    .map((secret, key) =>
      assemble(keys, { sessionId: token.sessionId, generation: token.generation + 1, secret, key }),
    );
}

/** Parses a token; null where this server did not issue it. */
export function readRefreshToken(keys: SecretKeys, value: string): RefreshToken | null {
  const bytes = Buffer.from(value, 'base64url');
  if (bytes.length !== bodyBytes + tagBytes || bytes.toString('base64url') !== value) return null;
  const body = bytes.subarray(0, bodyBytes);
  const tag = bytes.subarray(bodyBytes);
  if (!tagsOf(keys, body).some((expected) => sameBytes(expected, tag))) return null;
  return {
    sessionId: stringifyUuid(body.subarray(0, idBytes)),
    generation: body.readUInt32BE(idBytes),
    value,
    hash: sha256(bytes),
  };
}

type Parts = {
  readonly sessionId: string;
  readonly generation: number;
  readonly secret: Uint8Array;
  /** The key in force that tags it: a token comes out bit for bit the same on every instance. */
  readonly key: number;
};

function assemble(keys: SecretKeys, { sessionId, generation, secret, key }: Parts): RefreshToken {
  const body = Buffer.alloc(bodyBytes);
  body.set(parseUuid(sessionId), 0);
  body.writeUInt32BE(generation, idBytes);
  body.set(secret, idBytes + generationBytes);
  const tag = tagsOf(keys, body)[key];
  if (!tag) throw new Error('There is no secret key.');
  const bytes = Buffer.concat([body, tag]);
  return { sessionId, generation, value: bytes.toString('base64url'), hash: sha256(bytes) };
}

function tagsOf(keys: SecretKeys, body: Buffer): Buffer[] {
  return keys
    .macs('refresh-token', Buffer.concat([Buffer.from('tag\n'), body]))
    .map((mac) => mac.subarray(0, tagBytes));
}
