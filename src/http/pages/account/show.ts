import type { FastifyReply } from 'fastify';
import type { Other, Person } from './answers.ts';
import { asksForProof, type Fields, type Page, type Refused } from './page.ts';
import { sendPage } from './send-page.ts';
import { renew } from './session.ts';
import { type Data, Refusal, type Visit } from './visit.ts';

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
  if (page.signedIn && !visit.hasAccessToken) return renew(visit, reply);
  // Who looks at something else has given up what waits: no later proof may go on with it.
  if (visit.step.pending !== undefined && !asksForProof(page))
    visit.keep({ ...visit.step, pending: undefined });
  const data = await ask(visit, page);
  const person: Person = page.signedIn ? { ...nobody, ...data } : nobody;
  visit.takeLanguage(person.account?.locale ?? null);
  const { fields = {}, refusal = null, result = null, isProved = false } = left;
  const { query, step, language: locale, messages: t, now, takesPasskeys } = visit;
  const shown = { fields, refusal, result, isProved, takesPasskeys, presetOf: visit.presetOf };
  const { publicUrl } = visit;
  const view = page.view({ t, locale, publicUrl, query, step, data, now, ...shown });
  await sendPage(visit, reply, {
    view,
    path: page.path,
    person: page.signedIn ? person : null,
    isRefused: refusal !== null,
  });
}

/** All that the page shows, in its own members. */
async function ask(visit: Visit, { document, variables }: Page): Promise<Data> {
  const shown = document.includes('query Show')
    ? await visit.ask(document, 'Show', variables?.(visit))
    : null;
  const offers = visit.takesPasskeys && document.includes('mutation Offer');
  return { ...shown?.data, ...(offers ? await offer(visit, document) : {}) };
}

/** Nothing where the API cannot answer just now: the page has its forms all the same. */
async function offer(visit: Visit, document: string): Promise<Data> {
  try {
    return (await visit.ask(document, 'Offer', { input: {} })).data;
  } catch (error) {
    if (error instanceof Refusal && error.status >= 500) return {};
    throw error;
  }
}
