import type { FastifyReply } from 'fastify';
import { html } from '../markup.ts';
import { sendPage } from './send-page.ts';
import type { Visit } from './visit.ts';

type Onward = { readonly title: string; readonly url: string; readonly label: string };

/**
 * A page that goes on by itself, and by a link. A redirect in its place would be blocked after a
 * form (`form-action 'self'`), and would come without the cookies that are SameSite=Strict where
 * another site led here.
 */
export async function sendOnward(
  visit: Visit,
  reply: FastifyReply,
  { title, url, label }: Onward,
): Promise<void> {
  const view = { title, body: html`<p><a href="${url}">${label}</a></p>` };
  await sendPage(visit, reply, { view, path: null, person: null, onward: url });
}
