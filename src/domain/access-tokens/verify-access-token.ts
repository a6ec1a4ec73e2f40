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
  /** Of the refresh token that it was issued with; Infinity, any, where the token names none. */
  readonly generation: number;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
};
export type TokenVerdict =
  | ({ readonly kind: 'valid' } & VerifiedToken)
  /** Valid in every respect except that it has expired. */
  | ({ readonly kind: 'refused'; readonly reason: 'TOKEN_EXPIRED' } & VerifiedToken)
  | { readonly kind: 'refused'; readonly reason: 'TOKEN_INVALID' };

/**
 * RFC 9110 sets no limit; our tokens are far shorter, and nothing longer reaches any crypto
 * (JW-12).
 */
const maxTokenLength = 8192;
/** Seconds for which an expired token is still taken, since clocks differ (JW-6 allows 60). */
const clockTolerance = 5;
/**
 * Seconds by which a token may come from the future: of a machine whose clock is ahead, or of our
 * own before its clock was set back. RFC 7519 4.1.6 asks for no check of `iat` at all.
 */
const aheadTolerance = 60;

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Base64url as an encoder writes it: no padding, no bits that decoders ignore (RFC 4648 3.5). */
const part = '(?:[\\w-]{4})*(?:[\\w-]{4}|[\\w-][AQgw]|[\\w-]{2}[AEIMQUYcgkosw048])';
/** Compact serialisation: three such parts (RFC 7515 7.1). */
const compactPattern = new RegExp(`^${part}\\.${part}\\.${part}$`);
const invalid: TokenVerdict = { kind: 'refused', reason: 'TOKEN_INVALID' };

type Verifier = Pick<App, 'config' | 'clock' | 'keyRing'>;
type Members = Readonly<Record<string, unknown>>;

/** A token whose signature was verified, and the key that verified it. */
type Genuine = { readonly kid: string; readonly publicKey: KeyObject; readonly claims: Members };

/** The size of the cache of verified tokens, at about two kilobytes each. */
const mostRemembered = 10_000;
const rememberedBy = new WeakMap<KeyRing, LRUCache<string, Genuine>>();

function memoryOf(keyRing: KeyRing): LRUCache<string, Genuine> {
  const known = rememberedBy.get(keyRing) ?? new LRUCache<string, Genuine>({ max: mostRemembered });
  rememberedBy.set(keyRing, known);
  return known;
}

/**
 * Whether a bearer token is an access token of ours that has not expired. It does not check the
 * session, which is looked up in the database on every request. Never rejects, whatever the caller
 * sends. A verified signature is cached, so that a client's next request costs a look-up; claims,
 * expiry and whether the key is still in force are checked every time.
 */
export async function verifyAccessToken(app: Verifier, token: string): Promise<TokenVerdict> {
  if (token.length > maxTokenLength) return invalid;
  const claims = remembered(app, token) ?? (await readGenuine(app, token));
  return claims ? judgeClaims(app, claims) : invalid;
}

/** The claims of a token whose signature is cached as verified. */
function remembered(app: Verifier, token: string): Members | null {
  const memory = memoryOf(app.keyRing);
  const known = memory.get(token);
  if (!known) return null;
  // SECURITY: compares the key itself, not only its id; a removed or expired key is no longer found
  // (JW-10).
  if (app.keyRing.find(known.kid)?.publicKey === known.publicKey) return known.claims;
  memory.delete(token);
  return null;
}

/** The claims of a token signed by one of our keys; null for any other. */
async function readGenuine(app: Verifier, token: string): Promise<Members | null> {
  // SECURITY: jose's decoder also accepts padding, white space and other spellings of a signature,
  // so that one token would have many texts (RFC 7515 2).
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
 * SECURITY: the key is chosen by the kid only, by exact match in memory; jwk, jku, x5u and x5c are
 * ignored (RFC 8725 3.10). Only the key's own algorithm is accepted (3.1). Every critical header is
 * refused, even one that jose would accept (RFC 7515 4.1.11).
 */
function keyFor(app: Verifier, header: CompactJWSHeaderParameters): SigningKey {
  const { kid, alg, typ, crit } = header;
  const key = typeof kid === 'string' ? app.keyRing.find(kid) : undefined;
  if (key && alg === key.algorithm && typ === app.config.jwt.type && crit === undefined) return key;
  throw new errors.JWSInvalid('The header names no key of ours.');
}

/**
 * Every claim that we write is required, in the form in which we write it (RFC 8725 3.8, 3.9; RFC
 * 9068 4).
 */
function judgeClaims(app: Verifier, claims: Members): TokenVerdict {
  const { iss, aud, sub, sid, jti, iat, exp, nbf, cnf } = claims;
  const now = app.clock.now().getTime() / 1000;
  if (iss !== app.config.publicUrl) return invalid;
  if (!(Array.isArray(aud) ? aud : [aud]).includes(app.config.jwt.audience)) return invalid;
  if (typeof sub !== 'string' || !uuidPattern.test(sub)) return invalid;
  if (typeof sid !== 'string' || !uuidPattern.test(sid)) return invalid;
  if (typeof jti !== 'string' || jti === '' || !isTime(iat) || !isTime(exp)) return invalid;
  // The token is bound to a key of its holder. We issue no such tokens and check no proof of
  // possession, so we must not accept one without it (RFC 9449 section 7).
  if (cnf !== undefined) return invalid;
  if (exp - iat > longestTokenLifetime || iat > now + aheadTolerance) return invalid;
  if (nbf !== undefined && (!isTime(nbf) || nbf > now + aheadTolerance)) return invalid;
  const verified: VerifiedToken = {
    id: jti,
    userId: sub,
    sessionId: sid,
    generation: generationIn(jti),
    issuedAt: new Date(iat * 1000),
    expiresAt: new Date(exp * 1000),
  };
  // Checked last: only an otherwise valid token is reported as expired.
  if (exp <= now - clockTolerance) return { kind: 'refused', reason: 'TOKEN_EXPIRED', ...verified };
  return { kind: 'valid', ...verified };
}

/** A `jti` begins with its generation; not so in tokens of versions up to 0.1. */
function generationIn(jti: string): number {
  const [, generation] = /^(\d{1,10})\./.exec(jti) ?? [];
  return generation === undefined ? Number.POSITIVE_INFINITY : Number(generation);
}

/** A NumericDate (RFC 7519 2). */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
