import type { FastifyReply } from 'fastify';
import { again, askAgain } from './ask-again.ts';
import { completeIdentity } from './complete-identity.ts';
import { leadBack } from './lead-back.ts';
import type { Page } from './page.ts';
import { renewed } from './session.ts';
import { Refusal, type Visit } from './visit.ts';

/**
 * What comes before a page is shown to a browser that opens it. True where an answer was sent: the
 * browser asks again with its cookies, or who is signed in already has no need to sign in.
 */
export async function arrive(visit: Visit, reply: FastifyReply, page: Page): Promise<boolean> {
  if (page.completesIdentity) return completeIdentity(visit, reply, page);
  if (!page.signedIn && !page.beginsSignIn) return false;
  if (visit.query.has(again)) return leaveOut(visit, reply);
  if (visit.isFromElsewhere && !visit.mayBeSignedIn) return askAgain(visit, reply);
  return page.beginsSignIn === true && leadOn(visit, reply);
}

function leaveOut(visit: Visit, reply: FastifyReply): boolean {
  visit.query.delete(again);
  if (!visit.mayBeSignedIn) return false;
  const search = visit.query.size === 0 ? '' : `?${visit.query}`;
  reply.redirect(`${visit.path}${search}`, 303);
  return true;
}

/**
 * Leads on who is signed in. No loop: where the session turns out to be over the page is shown, and
 * where `done` says why it leads here nothing is tried.
 */
async function leadOn(visit: Visit, reply: FastifyReply): Promise<boolean> {
  if (!visit.mayBeSignedIn || visit.query.has('done')) return false;
  if (await isSignedIn(visit)) {
    await leadBack(visit, reply, visit.query.get('return_to'));
    return true;
  }
  if (await isRenewed(visit)) {
    reply.redirect(visit.url, 307);
    return true;
  }
  visit.signOut();
  return false;
}

/** False also past a limit: whoever shares the address may still sign in. */
async function isRenewed(visit: Visit): Promise<boolean> {
  try {
    return await renewed(visit);
  } catch (error) {
    if (error instanceof Refusal && error.code === 'RATE_LIMITED') return false;
    throw error;
  }
}

async function isSignedIn(visit: Visit): Promise<boolean> {
  if (!visit.hasAccessToken) return false;
  try {
    const { data } = await visit.ask('query Show { me { id } }', 'Show');
    return data['me'] !== null;
  } catch (error) {
    if (error instanceof Refusal && error.code === 'UNAUTHENTICATED') return false;
    throw error;
  }
}
