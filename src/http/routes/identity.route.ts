import fastifyFormbody from '@fastify/formbody';
import { parseCookie, stringifySetCookie } from 'cookie';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../../app.ts';
import { openFlow } from '../../domain/identities/open-flow.ts';
import { postedName } from '../../domain/identities/provider-claims.ts';
import { returnFlow } from '../../domain/identities/return-flow.ts';
import { pagesReturnUrl } from '../../domain/identities/return-urls.ts';
import { flowLifetime, ticketLifetime } from '../../domain/identities/rules.ts';
import { createContext } from '../graphql/context.ts';
import { refreshCookieName } from '../graphql/refresh-cookie.ts';
import type { TrustedProxies } from '../hooks/client-address.ts';

type Options = { readonly app: App; readonly trustedProxies: TrustedProxies };

/** Bytes of the form that a provider has the browser send. */
const formLimit = 64 * 1024;
/** What of such a form the callback reads, and the most characters that each may have. */
const answered = { state: 100, code: 4096, iss: 255, error: 100 };

const ended =
  'This sign-in is over, or it began in another browser. Go back to the app and begin again.\n';

/**
 * What a browser passes on its way to another provider and back. There are no such routes where
 * there are no providers.
 */
export function identityRoutes(fastify: FastifyInstance, options: Options): void {
  const { app } = options;
  if (app.config.identityProviders.length === 0) return;
  fastify.get<Start>('/identity/start/:handle', once, async (request, reply) => {
    const { handle } = request.params;
    const opened = await openFlow(app, { handle, browser: browserOf(app, request) });
    if (!opened) return tellEnded(reply);
    setCookie(app, reply, { name: 'identity', value: opened.browser, maxAge: flowLifetime });
    return reply.redirect(opened.url, 303);
  });
  fastify.get<Callback>('/identity/callback/:provider', once, (request, reply) =>
    callback(options, request, reply),
  );
  fastify.register(async (scope) => {
    // A form is taken here and by /oauth alone: a page of any site can send one without a preflight
    // (TR-5).
    scope.removeAllContentTypeParsers();
    await scope.register(fastifyFormbody, { bodyLimit: formLimit });
    scope.post<Callback>('/identity/callback/:provider', async (request, reply) => {
      const { provider: id } = request.params;
      const provider = app.config.identityProviders.find((each) => each.id === id);
      if (provider?.responseMode !== 'form_post') return tellEnded(reply);
      // SECURITY: a form of another site comes without our cookie, which is SameSite=Lax. The
      // browser comes once more, with it, so that one set of checks holds for all (ID-12).
      return reply.redirect(`/identity/callback/${id}?${answerIn(request.body)}`, 303);
    });
  });
}

type Start = { Params: { handle: string } };
type Callback = { Params: { provider: string } };

/** What previews a link by HEAD must not use up what is good once. */
const once = { exposeHeadRoute: false };

async function callback(
  { app, trustedProxies }: Options,
  request: FastifyRequest<Callback>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const ctx = createContext(app, { request, reply, trustedProxies });
  const returned = await returnFlow(ctx, {
    providerId: request.params.provider,
    parameters: parametersOf(request),
    browser: browserOf(app, request),
  });
  if (!returned) return tellEnded(reply);
  const { url, returnTo, ticket } = returned;
  if (!app.config.pages || returnTo !== pagesReturnUrl(app.config)) return reply.redirect(url, 303);
  // A server cannot read a fragment, and the account pages have no script that does it for them.
  const maxAge = ticket === null ? 0 : ticketLifetime;
  setCookie(app, reply, { name: 'ticket', value: ticket ?? '', maxAge });
  return reply.redirect(returnTo, 303);
}

function parametersOf({ url }: FastifyRequest<Callback>): URLSearchParams {
  const at = url.indexOf('?');
  return new URLSearchParams(at === -1 ? '' : url.slice(at));
}

/**
 * The members of a form that are an answer, each at most once; of Apple's `user` the name alone,
 * since addresses of pages stand in logs and histories.
 */
function answerIn(body: unknown): URLSearchParams {
  const form: Readonly<Record<string, unknown>> = { ...(body as object | null) };
  const answer = new URLSearchParams();
  for (const [name, longest] of Object.entries(answered)) {
    const value = form[name];
    if (typeof value === 'string' && value.length <= longest) answer.set(name, value);
  }
  const name = postedName(form['user']);
  if (name !== null) answer.set('name', name);
  return answer;
}

/** What the browser's cookie holds; null for anything that is none of ours. */
function browserOf({ config }: App, { headers }: Pick<FastifyRequest, 'headers'>): string | null {
  const sent = parseCookie(headers.cookie ?? '')[`${refreshCookieName(config)}-identity`];
  return sent !== undefined && /^[A-Za-z0-9_-]{43}$/.test(sent) ? sent : null;
}

type Cookie = {
  readonly name: 'identity' | 'ticket';
  readonly value: string;
  /** In seconds. */
  readonly maxAge: number;
};

function setCookie({ config }: App, reply: FastifyReply, { name, value, maxAge }: Cookie): void {
  const base = refreshCookieName(config);
  const cookie = stringifySetCookie({
    name: `${base}-${name}`,
    value,
    maxAge,
    httpOnly: true,
    secure: base.startsWith('__Host-'),
    // The provider leads the browser back: a Strict cookie would be left out.
    sameSite: 'lax',
    path: '/',
  });
  reply.header('set-cookie', cookie);
}

function tellEnded(reply: FastifyReply): FastifyReply {
  return reply.code(400).type('text/plain; charset=utf-8').send(ended);
}
