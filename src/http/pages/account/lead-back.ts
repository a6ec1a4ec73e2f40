import type { FastifyReply } from 'fastify';
import { sendOnward } from './onward.ts';
import { returnTarget } from './return-to.ts';
import type { Visit } from './visit.ts';

/**
 * Leads whoever is signed in to where they were to go: to a page of ours, or to an app, by a page
 * that goes on by itself, since `form-action 'self'` blocks a redirect of a form (PG-6).
 */
export async function leadBack(
  visit: Visit,
  reply: FastifyReply,
  wanted: string | null | undefined,
): Promise<void> {
  const target = returnTarget(visit.config, wanted);
  if (target.kind === 'ours') {
    reply.redirect(target.path, 303);
    return;
  }
  const { url } = target;
  const { onward } = visit.messages;
  await sendOnward(visit, reply, {
    title: onward.title,
    url,
    label: onward.action(new URL(url).host),
  });
}
