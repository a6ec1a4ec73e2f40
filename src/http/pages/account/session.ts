import type { FastifyReply } from 'fastify';
import { graphqlDocument, type Result } from './answers.ts';
import { addressOf } from './links.ts';
import { asksForProof } from './page.ts';
import { Refusal, type Visit } from './visit.ts';

const renewal = graphqlDocument(`
mutation Renew($input: RefreshSessionInput!) {
  result: refreshSession(input: $input) { __typename ...Tokens ...Refusal }
}`);

/**
 * Gets a new access token with the browser's refresh cookie; false where the session is over. The
 * browser has to ask again before the token is used: an answer that was lost then costs no session.
 */
export async function renewed(visit: Visit): Promise<boolean> {
  if (!visit.cookies.hasSession) return false;
  const { data } = await visit.ask(renewal, 'Renew', { input: { tokenDelivery: 'COOKIE' } });
  const result = data['result'] as Result;
  if (result.__typename === 'AuthTokens') {
    visit.signIn(result);
    return true;
  }
  if (result.__typename === 'AuthError' && result.code === 'RATE_LIMITED')
    throw new Refusal(result.code, 429);
  return false;
}

/**
 * Renews the session, and has the browser ask again, a form with all that it sent (307). Without a
 * session the person signs in.
 */
export async function renew(visit: Visit, reply: FastifyReply): Promise<void> {
  if (!visit.cookies.hasSession) return toSignIn(visit, reply);
  if (await renewed(visit)) {
    reply.redirect(visit.url, 307);
    return;
  }
  toSignIn(visit, reply, { done: 'expired' });
}

const end = graphqlDocument(`
mutation End($input: LogoutInput!) { result: logout(input: $input) { __typename ...Refusal } }`);

/**
 * Ends the session of the refresh cookie. An app may have signed another person in since the access
 * token was issued, and a browser that shows "signed out" has no session left.
 */
export async function endSession(visit: Visit): Promise<void> {
  if (visit.cookies.hasSession) await visit.ask(end, 'End', { input: {} });
}

/** The sign-in, which leads back here; in the middle of a proof, to the page that waits for it. */
function toSignIn(
  visit: Visit,
  reply: FastifyReply,
  said: Readonly<Record<string, string>> = {},
): void {
  const isProof = asksForProof({ path: visit.path.slice('/account/'.length) });
  const back = isProof ? addressOf(visit.step.pending?.path ?? '') : visit.path;
  visit.signOut();
  const search = new URLSearchParams({ return_to: back, ...said });
  reply.redirect(`/account/sign-in?${search}`, 303);
}
