import fastifyFormbody from '@fastify/formbody';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { describeFailure } from '../../hooks/errors.ts';
import { arrive } from './arrive.ts';
import { readForm, withoutSecrets } from './fields.ts';
import { addressOf } from './links.ts';
import { isOwnForm } from './own-origin.ts';
import type { Fields, Page } from './page.ts';
import { pages } from './pages.ts';
import { errorView } from './screens/error.ts';
import { pageHeaders, sendPage } from './send-page.ts';
import { renew } from './session.ts';
import { show } from './show.ts';
import { submit } from './submit.ts';
import { type PagesOptions, Refusal, Visit } from './visit.ts';

/** Bytes of a form: the longest password takes a few hundred. */
const formLimit = 16 * 1024;

/**
 * `/account` and what lies below: pages for people, rendered here, which work without scripts. Each
 * is a client of the API like any other.
 */
export function accountPages(fastify: FastifyInstance, options: PagesOptions): void {
  const { publicUrl, mode } = options.app.config;
  fastify.register(async (scope) => {
    // A form is taken here and nowhere else: a page of any site can send one without a preflight
    // (TR-5).
    scope.removeAllContentTypeParsers();
    await scope.register(fastifyFormbody, { bodyLimit: formLimit, parser: readForm });
    // Redirects too: with their `no-referrer` a form that is sent again (307) has `Origin: null`.
    scope.addHook('onRequest', async (_request, reply) => {
      reply.headers(pageHeaders);
    });
    scope.setErrorHandler(async (error, request, reply) => {
      const failure = error instanceof Refusal ? error : failureOf(error, request, reply);
      await sendRefused(new Visit(options, request, reply), reply, failure);
      return reply;
    });

    for (const page of pages) {
      const url = addressOf(page.path);
      scope.get(url, async (request, reply) => {
        const visit = new Visit(options, request, reply);
        if (mode === 'development' && isAtAnotherName(request.headers, publicUrl))
          return reply.redirect(`${publicUrl}${visit.url}`, 303);
        await answering(visit, reply, page, async () => {
          if (!(await arrive(visit, reply, page))) await show(visit, reply, page);
        });
        return reply;
      });
      if (page.forms === undefined || page.completesIdentity) continue;
      scope.post<{ Body: Fields | undefined }>(url, async (request, reply) => {
        const visit = new Visit(options, request, reply);
        if (isOwnForm(request.headers, publicUrl)) {
          const fields = request.body ?? {};
          await answering(visit, reply, page, () => take(visit, reply, { page, fields }));
        } else {
          await sendRefused(visit, reply, { status: 403, code: 'FOREIGN_FORM' });
        }
        return reply;
      });
    }
    // As people type it.
    scope.get('/account/', (_request, reply) => reply.redirect('/account', 308));
    scope.get('/account/*', async (request, reply) => {
      const visit = new Visit(options, request, reply);
      await sendRefused(visit, reply, { status: 404, code: 'PAGE_NOT_FOUND' });
      return reply;
    });
  });
}

/** Whether the browser asks by another name; what a proxy made of the name says nothing of that. */
function isAtAnotherName(headers: FastifyRequest['headers'], publicUrl: string): boolean {
  return headers['x-forwarded-for'] === undefined && headers.host !== new URL(publicUrl).host;
}

/**
 * Where the API knows the caller no more, the session is renewed or the person signs in; a page for
 * everyone goes on without the caller.
 */
async function answering(
  visit: Visit,
  reply: FastifyReply,
  page: Page,
  answer: () => Promise<void>,
): Promise<void> {
  try {
    await answer();
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'UNAUTHENTICATED')) throw error;
    if (page.signedIn || !visit.hasAccessToken) return renew(visit, reply);
    visit.signOut();
    await answering(visit, reply, page, answer);
  }
}

type Sent = { readonly page: Page; readonly fields: Fields };

/**
 * Submits a form; where the API could not answer just now it is shown once more with what was
 * typed, so that it can be sent again.
 */
async function take(visit: Visit, reply: FastifyReply, { page, fields }: Sent): Promise<void> {
  try {
    await submit(visit, reply, { page, fields });
  } catch (error) {
    if (!(error instanceof Refusal) || error.status < 500) throw error;
    reply.code(error.status);
    const refusal = { code: error.code, fields: [], retryAfter: null, form: fields['form'] ?? '' };
    await show(visit, reply, page, { fields: withoutSecrets(fields), refusal });
  }
}

type Failed = { readonly status: number; readonly code: string };

function failureOf(error: unknown, request: FastifyRequest, reply: FastifyReply): Failed {
  const { status, code, refusal } = describeFailure(error, request);
  if (refusal?.retryAfter !== undefined) reply.header('retry-after', String(refusal.retryAfter));
  return { status, code };
}

function sendRefused(visit: Visit, reply: FastifyReply, { status, code }: Failed): Promise<void> {
  const view = errorView(visit.messages, code);
  return sendPage(visit, reply.code(status), {
    view,
    path: null,
    person: null,
  });
}
