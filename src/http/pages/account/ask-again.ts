import type { FastifyReply } from 'fastify';
import { sendOnward } from './onward.ts';
import type { Visit } from './visit.ts';

/** Says in the address that the browser has been asked to come once more. */
export const again = 'again';

/**
 * A page that leads to the same address: the browser, which left the cookies out since a link of
 * another site led here (SameSite=Strict), then sends them along.
 */
export async function askAgain(visit: Visit, reply: FastifyReply): Promise<true> {
  const search = new URLSearchParams(visit.query);
  search.set(again, '1');
  const { home, stepUp } = visit.messages;
  const url = `${visit.path}?${search}`;
  await sendOnward(visit, reply, { title: home.title, url, label: stepUp.action });
  return true;
}
