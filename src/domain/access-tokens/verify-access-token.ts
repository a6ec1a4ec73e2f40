import { decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { App } from '../../app.ts';
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
  | { readonly kind: 'refused'; readonly reason: 'TOKEN_EXPIRED' | 'TOKEN_INVALID' };

/** RFC 9110 sets no bound; a token of ours is far shorter, and nothing longer reaches any crypto (JW-12). */
const maxTokenLength = 8192;
/** Seconds by which two of our own machines' clocks may differ (JW-6 allows 60). */
const clockTolerance = 5;

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const invalid: TokenVerdict = { kind: 'refused', reason: 'TOKEN_INVALID' };

/**
 * Whether a bearer is an access token of ours that has not expired. Says nothing of the session, which is asked of the
 * database on every request. Never throws for anything that a caller can send.
 */
export async function verifyAccessToken(
  app: Pick<App, 'config' | 'clock' | 'keyRing'>,
  token: string,
): Promise<TokenVerdict> {
  if (token.length > maxTokenLength) return invalid;
  try {
    // SECURITY: the key comes from the kid alone, by exact match in memory; jwk, jku, x5u, x5c are never looked at (RFC 8725 3.10).
    const { kid } = decodeProtectedHeader(token);
    const key = typeof kid === 'string' ? app.keyRing.find(kid) : undefined;
    if (!key) return invalid;
    const { payload } = await jwtVerify(token, key.publicKey, {
      // One algorithm, the key's own: jose's default is whatever fits (RFC 8725 3.1).
      algorithms: [key.algorithm],
      typ: app.config.jwt.type,
      issuer: app.config.publicUrl,
      audience: app.config.jwt.audience,
      // jose checks these only where they are present, unless they are asked for.
      requiredClaims: ['exp', 'iat', 'sub', 'jti', 'sid'],
      maxTokenAge: longestTokenLifetime,
      clockTolerance,
      currentDate: app.clock.now(),
    });
    const { exp, iat } = payload;
    // jose looks whether these are there, not whether they are texts.
    const sub: unknown = payload.sub;
    const jti: unknown = payload.jti;
    const sid = payload['sid'];
    if (typeof sub !== 'string' || typeof sid !== 'string' || typeof jti !== 'string') return invalid;
    if (exp === undefined || iat === undefined) return invalid;
    // Bound to a key of its holder's: we give out none, take no proof, and must not take it without one (RFC 9449 section 7).
    if (payload['cnf'] !== undefined) return invalid;
    if (exp - iat > longestTokenLifetime || !uuidPattern.test(sub) || !uuidPattern.test(sid)) return invalid;
    const [issuedAt, expiresAt] = [new Date(iat * 1000), new Date(exp * 1000)];
    return { kind: 'valid', id: jti, userId: sub, sessionId: sid, issuedAt, expiresAt };
  } catch (error) {
    // jose reports expiry only once the signature has been found good.
    return error instanceof errors.JWTExpired && error.claim === 'exp'
      ? { kind: 'refused', reason: 'TOKEN_EXPIRED' }
      : invalid;
  }
}
