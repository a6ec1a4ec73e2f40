import { createHmac, type KeyObject, sign as signBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { App } from '../../app.ts';
import { secondsAfter } from '../../clock.ts';
import type { SessionRow } from '../../db/tables/sessions.ts';
import type { UserRow } from '../../db/tables/users.ts';
import type { SigningKey } from '../../ports.ts';

type Issuer = Pick<App, 'config' | 'clock' | 'random' | 'keyRing'>;
type Input = {
  readonly session: Pick<SessionRow, 'id' | 'authenticatedAt' | 'methods' | 'idleExpiresAt'>;
  readonly user: Pick<UserRow, 'id' | 'roles'>;
};

/**
 * Signs an access token for a session. Whoever holds it can read it: no personal data goes in
 * (JW-8).
 */
export async function issueAccessToken(
  app: Issuer,
  { session, user }: Input,
): Promise<{ token: string; expiresAt: Date }> {
  const key = app.keyRing.signing();
  // Whole seconds, as `iat` and `exp` are (RFC 7519 2, NumericDate).
  const issuedAt = Math.floor(app.clock.now().getTime() / 1000);
  // Not past the session's own end, which a backend that checks the JWT alone would not see (SE-4,
  // SE-5).
  const sessionEnd = Math.floor(session.idleExpiresAt.getTime() / 1000);
  const expiresAt = Math.min(issuedAt + app.config.accessTokenTtl, sessionEnd);
  const header = { alg: key.algorithm, kid: key.kid, typ: app.config.jwt.type };
  const claims = {
    sid: session.id,
    auth_time: Math.floor(session.authenticatedAt.getTime() / 1000),
    amr: session.methods,
    roles: user.roles,
    iss: app.config.publicUrl,
    aud: app.config.jwt.audience,
    sub: user.id,
    jti: app.random.token(16),
    iat: issuedAt,
    exp: expiresAt,
  };
  const signed = `${encode(header)}.${encode(claims)}`;
  const signature = await sign(key, Buffer.from(signed));
  return {
    token: `${signed}.${signature.toString('base64url')}`,
    expiresAt: secondsAfter(new Date(0), expiresAt),
  };
}

function encode(members: object): string {
  return Buffer.from(JSON.stringify(members)).toString('base64url');
}

const signAside = promisify<string, Buffer, KeyObject, Buffer>(signBytes);

/**
 * On this thread where a signature takes less than the way to another would (a fourth of a
 * millisecond, or the time of a password hash that is at work there, AV-1). RSA takes a millisecond
 * and more: that would hold up everybody else.
 */
async function sign({ algorithm, privateKey }: SigningKey, data: Buffer): Promise<Buffer> {
  switch (algorithm) {
    case 'RS256':
      return signAside('sha256', data, privateKey);
    case 'ES256':
      return withoutDer(signBytes('sha256', data, privateKey));
    case 'EdDSA':
      return signBytes(null, data, privateKey);
    case 'HS256':
      return createHmac('sha256', privateKey).update(data).digest();
  }
}

/** Bytes of each of the two numbers of an ES256 signature. */
const es256Bytes = 32;

/**
 * Both numbers of an ECDSA signature one after the other, as RFC 7518 3.4 has them, from DER's
 * `SEQUENCE { INTEGER r, INTEGER s }`. Node would do it (`dsaEncoding`), and takes as long for the
 * object in which that is said as for the signature.
 */
function withoutDer(der: Buffer): Buffer {
  const signature = Buffer.alloc(2 * es256Bytes);
  // Two bytes say that it is a sequence and how long; two more come before each number. All of them
  // are short: P-256.
  let at = 2;
  for (const end of [es256Bytes, 2 * es256Bytes]) {
    const length = der[at + 1] ?? 0;
    const number = der.subarray(at + 2, at + 2 + length);
    // A number whose first bit is set has a zero before it; one that begins with zeros is shorter.
    const digits = number.subarray(Math.max(0, length - es256Bytes));
    signature.set(digits, end - digits.length);
    at += 2 + length;
  }
  return signature;
}
