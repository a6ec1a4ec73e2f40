import { findTotp } from '../db/queries/totp-authenticators.ts';
import { sessions } from '../db/tables/sessions.ts';
import type { TotpAuthenticatorRow } from '../db/tables/totp-authenticators.ts';
import type { TestServer } from './app.ts';
import { freshAddress, goodPassword, type Person } from './people.ts';

/** The claims of an access token, unverified. */
export function claimsOf(accessToken: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString('utf8'));
}

/** How many sessions were ever opened for a user. */
export async function countSessions(server: TestServer, userId: string): Promise<number> {
  const rows = await server.app.db.select().from(sessions);
  return rows.filter((row) => row.userId === userId).length;
}

/** The row of the active authenticator. */
export async function totpRow(server: TestServer, userId: string): Promise<TotpAuthenticatorRow> {
  const row = await findTotp(server.app.db, { userId });
  if (!row) throw new Error('The user has no active authenticator.');
  return row;
}

/**
 * A person whose account has no password: the mailbox was verified by a sign-in code before the
 * registration was verified.
 */
export async function registerWithoutPassword(server: TestServer): Promise<Person> {
  const email = freshAddress();
  await server.mutate('register', { email, password: goodPassword });
  await server.nextMail(email);
  const challenge = await server.mutate('requestLoginCode', { email });
  const tokens = await server.mutate('verifyOtp', {
    challengeId: challenge.id,
    code: await server.nextCode(email),
  });
  if (tokens.__typename !== 'AuthTokens')
    throw new Error(`the answer was ${JSON.stringify(tokens)}`);
  const { accessToken, refreshToken, session, user } = tokens;
  return { email, password: '', id: user.id, accessToken, refreshToken, sessionId: session.id };
}
