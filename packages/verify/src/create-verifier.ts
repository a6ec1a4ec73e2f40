import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { KeysUnavailableError, RefusedTokenError } from './errors.ts';

export type VerifierOptions = {
  /** PUBLIC_URL of the server, exactly as it is set there: every token names it. */
  readonly issuer: string;
  /** JWT_AUDIENCE of the server. Unless set, the issuer, as there. */
  readonly audience?: string;
  /**
   * Where the public keys are; unless set, `/.well-known/jwks.json` of the issuer. Set it where
   * that name leads elsewhere from here.
   */
  readonly jwksUrl?: string | URL;
  /**
   * JWT_ALGORITHM of the server, where no other is to be taken. Unless set, the three with public
   * keys.
   */
  readonly algorithms?: readonly string[];
  /**
   * Seconds for which a token is still taken after its end by this machine's clock; 5 unless set.
   * A clock that is behind needs none: when a token was issued is not judged.
   */
  readonly clockTolerance?: number;
  /** Instead of `jwksUrl`: local keys, such as jose's createLocalJWKSet in a test. */
  readonly keys?: JWTVerifyGetKey;
};

/**
 * Who sends a request. The values were signed, and may be as old as the lifetime of an access
 * token.
 */
export type Caller = {
  readonly userId: string;
  readonly sessionId: string;
  readonly roles: readonly string[];
  /** How the user proved who they are: pwd, otp, mfa ... (RFC 8176). */
  readonly methods: readonly string[];
  /** When they last did. */
  readonly authenticatedAt: Date;
  readonly expiresAt: Date;
  readonly claims: JWTPayload;
};

/** Anything that carries headers: a web Request, a Node, Express or Fastify request. */
export type WithHeaders = {
  readonly headers:
    | { get(name: string): string | null }
    | { readonly authorization?: string | undefined };
};

export type Verifier = {
  /** The caller behind a token. Throws RefusedTokenError, or KeysUnavailableError. */
  verify(token: string): Promise<Caller>;
  /**
   * The caller behind an Authorization header; null for none, or an empty one. Throws as `verify`
   * does.
   */
  callerFrom(authorization: string | null | undefined): Promise<Caller | null>;
  /** The caller of a request; null for an anonymous one. Throws as `verify` does. */
  callerOf(request: WithHeaders): Promise<Caller | null>;
};

/**
 * HS256 is left out: a party that can verify such a token can also forge one, so its key must not
 * leave the server.
 */
const publicKeyAlgorithms = ['RS256', 'ES256', 'EdDSA'];
const types = new Set(['jwt', 'at+jwt', 'application/at+jwt']);
/**
 * Milliseconds for which the key set is kept, as its `Cache-Control` says: a removed key is taken
 * for no longer. jose would keep it for ten minutes.
 */
const cacheMaxAge = 300_000;
/** Our tokens are far shorter; nothing longer is verified. */
const maxTokenLength = 8192;
/** Base64url as an encoder writes it: no padding, no bits that decoders ignore (RFC 4648 3.5). */
const part = '(?:[\\w-]{4})*(?:[\\w-]{4}|[\\w-][AQgw]|[\\w-]{2}[AEIMQUYcgkosw048])';
/** Compact serialisation: three such parts (RFC 7515 7.1). */
const compactPattern = new RegExp(`^${part}\\.${part}\\.${part}$`);

/**
 * Checks access tokens of a Latchkey server by its public keys, which are fetched again after five
 * minutes, and where a token names an unknown one. Nothing of Node is used, so it runs on edge
 * runtimes too. A session that has ended is noticed only when the token expires; ask the server's
 * /oauth/introspect if that is too late.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const { issuer, audience = issuer, clockTolerance = 5 } = options;
  const algorithms = [...(options.algorithms ?? publicKeyAlgorithms)];
  const jwksUrl = options.jwksUrl ?? `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`;
  const keys = options.keys ?? createRemoteJWKSet(new URL(jwksUrl), { cacheMaxAge });

  const verify = async (token: string): Promise<Caller> => {
    // SECURITY: jose's decoder also accepts padding, white space and other spellings.
    if (token.length > maxTokenLength || !compactPattern.test(token))
      throw new RefusedTokenError('TOKEN_INVALID');
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keys, {
        // SECURITY: an allow-list, so that no token chooses how it is checked (RFC 8725 3.1).
        algorithms,
        issuer,
        audience,
        clockTolerance,
        requiredClaims: ['sub', 'sid', 'iat', 'exp', 'auth_time'],
      });
      if (!types.has(String(protectedHeader.typ).toLowerCase()))
        throw new RefusedTokenError('TOKEN_INVALID');
      return callerIn(payload);
    } catch (error) {
      throw refusal(error);
    }
  };

  const callerFrom = async (authorization: string | null | undefined): Promise<Caller | null> => {
    if (authorization === null || authorization === undefined || authorization.trim() === '')
      return null;
    const token = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(authorization)?.[1];
    if (token === undefined) throw new RefusedTokenError('TOKEN_INVALID');
    return verify(token);
  };

  return { verify, callerFrom, callerOf: async (request) => callerFrom(authorizationOf(request)) };
}

function authorizationOf({ headers }: WithHeaders): string | null | undefined {
  // Not `instanceof Headers`: polyfills have classes of their own.
  return 'get' in headers ? headers.get('authorization') : headers.authorization;
}

function callerIn(payload: JWTPayload): Caller {
  const { sub, exp, sid, roles, amr, auth_time: authTime } = payload;
  if (
    typeof sub !== 'string' ||
    typeof sid !== 'string' ||
    typeof exp !== 'number' ||
    typeof authTime !== 'number'
  ) {
    throw new RefusedTokenError('TOKEN_INVALID');
  }
  return {
    userId: sub,
    sessionId: sid,
    roles: texts(roles),
    methods: texts(amr),
    authenticatedAt: new Date(authTime * 1000),
    expiresAt: new Date(exp * 1000),
    claims: payload,
  };
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

function refusal(error: unknown): Error {
  if (error instanceof RefusedTokenError) return error;
  if (error instanceof errors.JWTExpired) return new RefusedTokenError('TOKEN_EXPIRED');
  const ofTheKeys =
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    // jose throws its base class for an answer that is no key set, and fetch a TypeError where
    // there is no answer.
    (error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC');
  if (ofTheKeys || !(error instanceof errors.JOSEError)) return new KeysUnavailableError(error);
  return new RefusedTokenError('TOKEN_INVALID');
}
