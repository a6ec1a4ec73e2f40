import type { App } from '../../app.ts';
import type { ActingSession } from '../../db/queries/session-with-user.ts';
import { findSessionById, markSeen } from '../../db/queries/sessions.ts';
import { readRefreshToken } from '../sessions/refresh-token.ts';
import { isGood, judgeToken } from '../sessions/rules.ts';
import { verifyAccessToken } from './verify-access-token.ts';

/**
 * RFC 7662 section 2.2; `token_use` names the kind of token, since a backend must accept access
 * tokens only.
 */
export type Introspection =
  | { readonly active: false }
  | {
      readonly active: true;
      readonly token_use: 'access_token' | 'refresh_token';
      readonly token_type?: 'Bearer';
      readonly iss: string;
      readonly aud?: string;
      readonly sub: string;
      readonly sid: string;
      readonly jti?: string;
      readonly iat?: number;
      readonly exp: number;
      readonly auth_time: number;
      readonly amr: readonly string[];
      readonly roles: readonly string[];
    };

const inactive: Introspection = { active: false };

type Introspector = Pick<App, 'db' | 'lookUpSession' | 'keys' | 'clock' | 'config' | 'keyRing'>;

/**
 * The current state of an access or refresh token according to the database; an inactive token
 * yields `{active: false}` (ADV-45).
 */
export async function introspectToken(
  app: Introspector,
  { token }: { token: string },
): Promise<Introspection> {
  return (await introspectAccess(app, token)) ?? (await introspectRefresh(app, token)) ?? inactive;
}

async function introspectAccess(app: Introspector, value: string): Promise<Introspection | null> {
  const verdict = await verifyAccessToken(app, value);
  if (verdict.kind === 'refused') return null;
  const { sessionId, userId, generation, id, issuedAt, expiresAt } = verdict;
  const live = await app.lookUpSession({ sessionId, userId, generation });
  if (!live) return null;
  return {
    active: true,
    token_use: 'access_token',
    token_type: 'Bearer',
    ...claimsOf(app, live),
    aud: app.config.jwt.audience,
    jti: id,
    iat: seconds(issuedAt),
    exp: seconds(expiresAt),
  };
}

async function introspectRefresh(app: Introspector, value: string): Promise<Introspection | null> {
  const token = readRefreshToken(app.keys, value);
  const found = token && (await findSessionById(app.db, { sessionId: token.sessionId }));
  if (!found || found.user.suspendedAt !== null) return null;
  const { session } = found;
  // A spent refresh token is inactive; introspecting it does not count as reuse.
  const verdict = judgeToken(session, {
    token,
    now: app.clock.now(),
    graceSeconds: app.config.refreshGrace,
  });
  if (!isGood(verdict)) return null;
  // Shown to a service, so its holder has got it.
  if (verdict === 'current' && session.unseenGeneration === token.generation)
    await markSeen(app.db, { sessionId: session.id, generation: token.generation });
  return {
    active: true,
    token_use: 'refresh_token',
    ...claimsOf(app, found),
    exp: seconds(session.idleExpiresAt),
  };
}

/** Built from the database rows, not from the token, so that roles and proofs are current. */
function claimsOf(app: Introspector, { session, user }: ActingSession) {
  return {
    iss: app.config.publicUrl,
    sub: user.id,
    sid: session.id,
    auth_time: seconds(session.authenticatedAt),
    amr: session.methods,
    roles: user.roles,
  };
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
