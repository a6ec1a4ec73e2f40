import type { Context } from '../../context.ts';
import { issueAccessToken } from '../access-tokens/issue-access-token.ts';
import type { OtpChallenge } from '../otp/challenge-view.ts';
import type { BegunSession } from '../sessions/begin-session.ts';
import { type SessionView, viewSession } from '../sessions/session-view.ts';
import { type UserView, viewUser } from '../users/user-view.ts';
import type { Admission } from './admit.ts';

export type AuthTokens = {
  readonly kind: 'tokens';
  readonly accessToken: string;
  readonly accessTokenExpiresAt: Date;
  readonly refreshToken: string | null;
  readonly refreshTokenExpiresAt: Date;
  readonly session: SessionView;
  readonly user: UserView;
};

/** The pair of tokens for a session, the refresh token in the body or in the cookie. */
export async function handOverTokens(
  ctx: Context,
  begun: BegunSession,
  delivery: 'BODY' | 'COOKIE',
): Promise<AuthTokens> {
  const { session, user, refreshToken } = begun;
  const { generation } = refreshToken;
  const access = await issueAccessToken(ctx, { session, user, generation });
  if (delivery === 'COOKIE') ctx.cookie.write(refreshToken.value, session.idleExpiresAt);
  return {
    kind: 'tokens',
    accessToken: access.token,
    accessTokenExpiresAt: access.expiresAt,
    refreshToken: delivery === 'BODY' ? refreshToken.value : null,
    refreshTokenExpiresAt: session.idleExpiresAt,
    session: viewSession(session, session.id),
    user: viewUser(user, 'self'),
  };
}

/** The answer of a sign-in step: the tokens of a session that has begun, or the next challenge. */
export async function handOver(
  ctx: Context,
  admission: Admission,
  delivery: 'BODY' | 'COOKIE',
): Promise<AuthTokens | OtpChallenge> {
  return admission.kind === 'session' ? handOverTokens(ctx, admission, delivery) : admission;
}
