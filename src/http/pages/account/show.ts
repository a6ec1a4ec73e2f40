import type { FastifyReply } from 'fastify';
import { graphqlDocument, type Other, type Person, type Result } from './answers.ts';
import type { Fields, Page, Refused } from './page.ts';
import { sendPage } from './send-page.ts';
import type { Visit } from './visit.ts';

/** What a form has left to show. */
export type Left = {
  readonly fields?: Fields;
  readonly refusal?: Refused;
  readonly result?: Other;
  readonly isProved?: true;
};

const nobody: Person = { me: null, account: null };

/** Asks what the page shows, and sends it. */
export async function show(
  visit: Visit,
  reply: FastifyReply,
  page: Page,
  left: Left = {},
): Promise<void> {
  if (page.signedIn && !visit.mayBeSignedIn) return toSignIn(visit, reply);
  const asks = page.document.includes('query Show');
  const { data } = asks
    ? await visit.ask(page.document, 'Show', page.variables?.(visit))
    : { data: {} };
  const person: Person = page.signedIn ? { ...nobody, ...data } : nobody;
  visit.takeLanguage(person.account?.locale ?? null);
  const { fields = {}, refusal = null, result = null, isProved = false } = left;
  const { query, step, language: locale, messages: t } = visit;
  const view = page.view({ t, locale, query, step, data, fields, refusal, result, isProved });
  await sendPage(visit, reply, {
    view,
    path: page.path,
    person: page.signedIn ? person : null,
    isRefused: refusal !== null,
  });
}

const renewal = graphqlDocument(`
mutation Renew($input: RefreshSessionInput!) {
  result: refreshSession(input: $input) { __typename ...Tokens ...Refusal }
}`);

/**
 * Gets a new access token with the browser's refresh cookie, and has the browser ask again, a form
 * with all that it sent (307): the token is used only once the browser shows that it has it, so
 * that an answer that was lost costs no session. Without a session the person signs in.
 */
export async function renew(visit: Visit, reply: FastifyReply): Promise<void> {
  if (!visit.cookies.hasSession) return toSignIn(visit, reply);
  const { data } = await visit.ask(renewal, 'Renew', { input: { tokenDelivery: 'COOKIE' } });
  const result = data['result'] as Result;
  if (result.__typename === 'AuthTokens') {
    visit.signIn(result);
    reply.redirect(visit.url, 307);
    return;
  }
  toSignIn(visit, reply, { done: 'expired' });
}

/** The sign-in, which leads back here. */
function toSignIn(
  visit: Visit,
  reply: FastifyReply,
  said: Readonly<Record<string, string>> = {},
): void {
  visit.signOut();
  const search = new URLSearchParams({ return_to: visit.path, ...said });
  reply.redirect(`/account/sign-in?${search}`, 303);
}
