import { CompactSign } from 'jose';
import type { App } from '../../app.ts';
import { secondsAfter } from '../../clock.ts';
import type { SessionRow } from '../../db/tables/sessions.ts';
import type { UserRow } from '../../db/tables/users.ts';

type Issuer = Pick<App, 'config' | 'clock' | 'random' | 'keyRing'>;
type Input = {
  readonly session: Pick<SessionRow, 'id' | 'authenticatedAt' | 'methods' | 'idleExpiresAt'>;
  readonly user: Pick<UserRow, 'id' | 'roles'>;
  /** Of the refresh token that is handed over with it. */
  readonly generation: number;
};

/**
 * Signs an access token for a session. Its holder can read it, so it carries no personal data
 * (JW-8).
 */
export async function issueAccessToken(
  app: Issuer,
  { session, user, generation }: Input,
): Promise<{ token: string; expiresAt: Date }> {
  const key = app.keyRing.signing();
  // Whole seconds, as `iat` and `exp` are (RFC 7519 2, NumericDate).
  const issuedAt = Math.floor(app.clock.now().getTime() / 1000);
  // Capped at the session's own end, which a backend that only checks the JWT would not see (SE-4,
  // SE-5).
  const sessionEnd = Math.floor(session.idleExpiresAt.getTime() / 1000);
  const expiresAt = Math.min(issuedAt + app.config.accessTokenTtl, sessionEnd);
  const claims = {
    sid: session.id,
    auth_time: Math.floor(session.authenticatedAt.getTime() / 1000),
    amr: session.methods,
    roles: user.roles,
    iss: app.config.publicUrl,
    aud: app.config.jwt.audience,
    sub: user.id,
    jti: `${generation}.${app.random.token(16)}`,
    iat: issuedAt,
    exp: expiresAt,
  };
  // Not SignJWT, whose copy of the claims is a twentieth of a refresh.
  const jwt = new CompactSign(Buffer.from(JSON.stringify(claims)));
  jwt.setProtectedHeader({ alg: key.algorithm, kid: key.kid, typ: app.config.jwt.type });
  return {
    token: await jwt.sign(key.privateKey),
    expiresAt: secondsAfter(new Date(0), expiresAt),
  };
}
