import { createHmac, type KeyObject, verify } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { App } from '../../app.ts';
import type { KeyRing, SigningKey } from '../../ports.ts';
import { sameBytes } from '../../secret-keys.ts';
import { longestTokenLifetime } from '../signing-keys/rules.ts';

export type VerifiedToken = {
  /** The claim `jti`. */
  readonly id: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
};
export type TokenVerdict =
  | ({ readonly kind: 'valid' } & VerifiedToken)
  /** Genuine in everything, and past its time. */
  | ({ readonly kind: 'refused'; readonly reason: 'TOKEN_EXPIRED' } & VerifiedToken)
  | { readonly kind: 'refused'; readonly reason: 'TOKEN_INVALID' };

/**
 * RFC 9110 sets no bound; a token of ours is far shorter, and nothing longer reaches any crypto
 * (JW-12).
 */
const maxTokenLength = 8192;
/** Seconds by which two of our own machines' clocks may differ (JW-6 allows 60). */
const clockTolerance = 5;

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Compact serialisation, three parts of base64url and no padding (RFC 7515 7.1). */
const compactPattern = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;
const invalid: TokenVerdict = { kind: 'refused', reason: 'TOKEN_INVALID' };

type Verifier = Pick<App, 'config' | 'clock' | 'keyRing'>;
type Members = Readonly<Record<string, unknown>>;

/** A token whose signature was found to be good, and the key that it was good under. */
type Genuine = { readonly kid: string; readonly publicKey: KeyObject; readonly claims: Members };

/** Tokens whose signature is not checked again; at about two kilobytes each. */
const mostRemembered = 10_000;
const rememberedBy = new WeakMap<KeyRing, LRUCache<string, Genuine>>();

function memoryOf(keyRing: KeyRing): LRUCache<string, Genuine> {
  const known = rememberedBy.get(keyRing) ?? new LRUCache<string, Genuine>({ max: mostRemembered });
  rememberedBy.set(keyRing, known);
  return known;
}

/**
 * Whether a bearer is an access token of ours that has not expired. Says nothing of the session,
 * which is asked of the database on every request. Never throws for anything that a caller can
 * send. The signature is checked on this thread: in libuv's pool, where WebCrypto would do it, a
 * check of 0.1 ms waits behind password hashes of 250 ms (AV-1). A good one is remembered, so that
 * a client's next request costs a look-up; its claims, its time and whether its key is still in
 * force are looked at every time.
 */
export function verifyAccessToken(app: Verifier, token: string): TokenVerdict {
  if (token.length > maxTokenLength) return invalid;
  const claims = genuineClaims(app, token);
  return claims ? judgeClaims(app, claims) : invalid;
}

/** The claims of a token that one of our keys has signed; null for any other. */
function genuineClaims(app: Verifier, token: string): Members | null {
  const memory = memoryOf(app.keyRing);
  const known = memory.get(token);
  // SECURITY: by the key itself, not by its name alone; one that was removed or is past its time is
  // found no more (JW-10).
  if (known && app.keyRing.find(known.kid)?.publicKey === known.publicKey) return known.claims;
  if (known) memory.delete(token);
  const read = readGenuine(app, token);
  if (read) memory.set(token, read);
  return read?.claims ?? null;
}

function readGenuine(app: Verifier, token: string): Genuine | null {
  const [, header = '', payload = '', signature = ''] = compactPattern.exec(token) ?? [];
  const protectedHeader = readMembers(header);
  const key = protectedHeader ? keyFor(app, protectedHeader) : undefined;
  if (!key) return null;
  const signed = Buffer.from(`${header}.${payload}`);
  if (!isSigned(key, signed, Buffer.from(signature, 'base64url'))) return null;
  const claims = readMembers(payload);
  return claims && { kid: key.kid, publicKey: key.publicKey, claims };
}

/**
 * SECURITY: the key comes from the kid alone, by exact match in memory; jwk, jku, x5u, x5c are
 * never looked at (RFC 8725 3.10). Its algorithm is its own and no other (3.1); what is critical we
 * do not know (RFC 7515 4.1.11).
 */
function keyFor(app: Verifier, { kid, alg, typ, crit }: Members): SigningKey | undefined {
  const key = typeof kid === 'string' ? app.keyRing.find(kid) : undefined;
  return key && alg === key.algorithm && typ === app.config.jwt.type && crit === undefined
    ? key
    : undefined;
}

function isSigned(key: SigningKey, signed: Buffer, signature: Buffer): boolean {
  switch (key.algorithm) {
    case 'RS256':
      return verify('sha256', signed, key.publicKey, signature);
    case 'ES256':
      return verify('sha256', signed, { key: key.publicKey, dsaEncoding: 'ieee-p1363' }, signature);
    case 'EdDSA':
      return verify(null, signed, key.publicKey, signature);
    case 'HS256':
      return sameBytes(createHmac('sha256', key.publicKey).update(signed).digest(), signature);
  }
}

/**
 * Every claim that we write is required and read as we write it (RFC 8725 3.8, 3.9; RFC 9068 4).
 */
function judgeClaims(app: Verifier, claims: Members): TokenVerdict {
  const { iss, aud, sub, sid, jti, iat, exp, nbf, cnf } = claims;
  const now = app.clock.now().getTime() / 1000;
  if (iss !== app.config.publicUrl) return invalid;
  if (!(Array.isArray(aud) ? aud : [aud]).includes(app.config.jwt.audience)) return invalid;
  if (typeof sub !== 'string' || !uuidPattern.test(sub)) return invalid;
  if (typeof sid !== 'string' || !uuidPattern.test(sid)) return invalid;
  if (typeof jti !== 'string' || jti === '' || !isTime(iat) || !isTime(exp)) return invalid;
  // Bound to a key of its holder's: we give out none, take no proof, and must not take it without
  // one (RFC 9449 section 7).
  if (cnf !== undefined) return invalid;
  if (exp - iat > longestTokenLifetime || iat > now + clockTolerance) return invalid;
  if (nbf !== undefined && (!isTime(nbf) || nbf > now + clockTolerance)) return invalid;
  const verified: VerifiedToken = {
    id: jti,
    userId: sub,
    sessionId: sid,
    issuedAt: new Date(iat * 1000),
    expiresAt: new Date(exp * 1000),
  };
  // Last of all: that it is late is said of nothing but a token that was good.
  if (exp <= now - clockTolerance) return { kind: 'refused', reason: 'TOKEN_EXPIRED', ...verified };
  return { kind: 'valid', ...verified };
}

/** A NumericDate (RFC 7519 2). */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** A part of the token as the JSON object that it has to be; null for anything else. */
function readMembers(part: string): Members | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return isMembers(value) ? value : null;
  } catch {
    return null;
  }
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
