import type { KeyObject } from 'node:crypto';
import { type CompactJWSHeaderParameters, compactVerify, errors } from 'jose';
import { LRUCache } from 'lru-cache';
import type { App } from '../../app.ts';
import type { KeyRing, SigningKey } from '../../ports.ts';
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
const compactPattern = /^[\w-]+\.[\w-]+\.[\w-]+$/;
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
 * which is asked of the database on every request. Never rejects for anything that a caller can
 * send. A good signature is remembered, so that a client's next request costs a look-up; its
 * claims, its time and whether its key is still in force are looked at every time.
 */
export async function verifyAccessToken(app: Verifier, token: string): Promise<TokenVerdict> {
  if (token.length > maxTokenLength) return invalid;
  const claims = remembered(app, token) ?? (await readGenuine(app, token));
  return claims ? judgeClaims(app, claims) : invalid;
}

/** The claims of a token whose signature was found to be good before. */
function remembered(app: Verifier, token: string): Members | null {
  const memory = memoryOf(app.keyRing);
  const known = memory.get(token);
  if (!known) return null;
  // SECURITY: by the key itself, not by its name alone; one that was removed or is past its time is
  // found no more (JW-10).
  if (app.keyRing.find(known.kid)?.publicKey === known.publicKey) return known.claims;
  memory.delete(token);
  return null;
}

/** The claims of a token that one of our keys has signed; null for any other. */
async function readGenuine(app: Verifier, token: string): Promise<Members | null> {
  // SECURITY: jose, which decodes by `atob`, takes padding and white space (RFC 7515 2).
  if (!compactPattern.test(token)) return null;
  try {
    let key: SigningKey | undefined;
    const { payload } = await compactVerify(token, (header) => {
      key = keyFor(app, header);
      return key.publicKey;
    });
    const claims: unknown = JSON.parse(Buffer.from(payload).toString());
    if (!key || !isMembers(claims)) return null;
    memoryOf(app.keyRing).set(token, { kid: key.kid, publicKey: key.publicKey, claims });
    return claims;
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof SyntaxError) return null;
    throw error;
  }
}

/**
 * SECURITY: the key comes from the kid alone, by exact match in memory; jwk, jku, x5u, x5c are
 * never looked at (RFC 8725 3.10). Its algorithm is its own and no other (3.1); what is critical we
 * do not know, not even what jose would take (RFC 7515 4.1.11).
 */
function keyFor(app: Verifier, header: CompactJWSHeaderParameters): SigningKey {
  const { kid, alg, typ, crit } = header;
  const key = typeof kid === 'string' ? app.keyRing.find(kid) : undefined;
  if (key && alg === key.algorithm && typ === app.config.jwt.type && crit === undefined) return key;
  throw new errors.JWSInvalid('The header names no key of ours.');
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

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
