import type { FastifyInstance } from 'fastify';
import type { Config } from '../../config/read-config.ts';
import { canonicalHost } from './own-hosts.ts';
import { requestPath } from './request-path.ts';

type Headers = { readonly host?: string | undefined };

/** The page's routes; the console's own host serves them and the API that it calls. */
const isPage = (route: string): boolean => /^\/console(\/|$)/.test(route);

/** Whether a request asks the console's own host (CONSOLE_URL); never where there is none. */
export function isConsoleHost(
  { console, consoleUrl }: Pick<Config, 'console' | 'consoleUrl'>,
  { host = '' }: Headers,
): boolean {
  if (!console || consoleUrl === null) return false;
  return canonicalHost(host) === canonicalHost(new URL(consoleUrl).host);
}

/**
 * Keeps the console's host and all others apart, where it has one of its own (PG-9). SECURITY: what
 * browsers keep apart are origins: a flaw in another page then reaches no administrator. Judged by
 * the route, which a path that is spelled otherwise has too.
 */
export function consoleHost(
  fastify: FastifyInstance,
  config: Pick<Config, 'console' | 'consoleUrl'>,
): void {
  if (!config.console || config.consoleUrl === null) return;
  fastify.addHook('onRequest', (request, reply, done) => {
    const { url: route = '' } = request.routeOptions;
    const isOwn = isConsoleHost(config, request.headers);
    if (isOwn && requestPath(request.url) === '/') {
      reply.redirect('/console', 303);
      return;
    }
    // A preflight of any path has a route of its own.
    const isShared = route === '/graphql' || request.method === 'OPTIONS';
    if (isShared || isPage(route) === isOwn) return done();
    reply.header('X-Request-Id', request.id);
    done(Object.assign(new Error('not here'), { statusCode: 404 }));
  });
}
