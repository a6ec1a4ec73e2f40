import type { FastifyReply } from 'fastify';
import { again, askAgain } from './ask-again.ts';
import type { Page } from './page.ts';
import { renew } from './session.ts';
import { show } from './show.ts';
import { submit } from './submit.ts';
import { Refusal, type Visit } from './visit.ts';

/**
 * The browser is back from another provider: completes what was begun, by the ticket that the
 * callback has left in a cookie and the verifier that only this browser has (ID-10).
 */
export async function completeIdentity(
  visit: Visit,
  reply: FastifyReply,
  page: Page,
): Promise<true> {
  const { identity: begun, ...step } = visit.step;
  const ticket = visit.cookies.read('ticket');
  const mayBeLeftOut = ticket !== undefined || visit.isFromElsewhere;
  if (begun === undefined && mayBeLeftOut && !visit.query.has(again)) return askAgain(visit, reply);
  const isLink = begun?.purpose === 'LINK';
  if (isLink && !visit.hasAccessToken) {
    await renew(visit, reply);
    return true;
  }
  visit.cookies.write('ticket', null);
  visit.keep(step);
  const form = isLink ? 'link' : 'login';
  const refuse = (code: string, status: number): Promise<void> =>
    show(visit, reply.code(status), page, {
      refusal: { code, fields: [], retryAfter: null, form },
    });
  if (begun === undefined) await show(visit, reply, page);
  else if (ticket === undefined) await refuse('PROVIDER_REFUSED', 422);
  else {
    const fields = { form, ticket, codeVerifier: begun.verifier };
    try {
      await submit(visit, reply, { page, fields });
    } catch (error) {
      // Who has no account yet, where accounts are made by invitation.
      if (!(error instanceof Refusal) || error.code !== 'FORBIDDEN') throw error;
      await refuse(error.code, error.status);
    }
  }
  return true;
}
