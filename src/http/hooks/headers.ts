import type { FastifyInstance } from 'fastify';
import { isOpenDocument, requestPath } from './request-path.ts';

/**
 * Two years, as the browsers' preload lists ask for (ASVS 3.4.1 wants one at least). Only over
 * https (RFC 6797 section 7.2).
 */
const transportSecurity = 'max-age=63072000; includeSubDomains';

export type SecurityHeadersOptions = {
  /** PUBLIC_URL; decides on Strict-Transport-Security. */
  readonly publicUrl: string;
};

/**
 * The headers that an answer to `path` carries unless its route has set its own (ASVS 3.4, 14.3.2),
 * names in lower case.
 */
export function defaultHeaders(
  options: SecurityHeadersOptions,
  path: string,
): Readonly<Record<string, string>> {
  return {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    // Nothing that we answer is a document, but for the pages of development, which bring their own
    // policy.
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cross-origin-resource-policy': isOpenDocument(path) ? 'cross-origin' : 'same-origin',
    // SECURITY: answers hold tokens. What may be stored says so itself.
    'cache-control': 'no-store',
    ...(options.publicUrl.startsWith('https://')
      ? { 'strict-transport-security': transportSecurity }
      : {}),
  };
}

/**
 * Puts the default headers on every answer of the instance, refusals and 404s too (TR-3); a route
 * may replace them. Call it on the root instance, before any hook that answers.
 */
export function securityHeaders(fastify: FastifyInstance, options: SecurityHeadersOptions): void {
  const open = defaultHeaders(options, '/.well-known/jwks.json');
  const closed = defaultHeaders(options, '');
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.headers(isOpenDocument(requestPath(request.url)) ? open : closed);
    done();
  });
}
