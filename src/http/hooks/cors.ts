import type { FastifyInstance } from 'fastify';
import { isOpenDocument, requestPath } from './request-path.ts';

export type CorsOptions = {
  /** CORS_ORIGINS: whole origins, `https://app.example.com`. */
  readonly origins: readonly string[];
};

type Headers = Readonly<Record<string, string>>;

/** What an answer lets a page of another origin do, and what a preflight is told besides. */
type Sharing = { readonly headers: Headers; readonly preflight: Headers };

/** Seconds that a browser may keep the answer to a preflight; Chromium caps it here. */
const preflightMaxAge = '7200';

/** Public keys are for everyone, so nothing of the caller's goes along: `*` and no credentials. */
const forEveryone: Sharing = {
  headers: { 'access-control-allow-origin': '*' },
  preflight: {
    'access-control-allow-methods': 'GET, HEAD',
    'access-control-allow-headers': '',
    'access-control-max-age': preflightMaxAge,
  },
};

function forListed(origin: string): Sharing {
  return {
    headers: {
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'WWW-Authenticate, Retry-After, X-Request-Id',
    },
    preflight: {
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers':
        'content-type, authorization, apollo-require-preflight, x-apollo-operation-name',
      'access-control-max-age': preflightMaxAge,
    },
  };
}

/**
 * Lets the listed origins, compared whole, call /graphql with credentials, and everyone read the
 * public keys; nothing else is shared (TR-4). Every answer varies by Origin. Throws on an entry
 * that is not an origin.
 */
export function cors(fastify: FastifyInstance, { origins }: CorsOptions): void {
  origins.forEach(assertOrigin);
  // SECURITY: an answer names an origin of this list, never the request's header (ASVS 3.4.2).
  const listed = new Map(origins.map((origin) => [origin, forListed(origin)]));
  const sharingOf = (path: string, origin: string | undefined): Sharing | undefined => {
    if (isOpenDocument(path)) return forEveryone;
    return path === '/graphql' && origin !== undefined ? listed.get(origin) : undefined;
  };
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header('vary', 'Origin');
    const sharing = sharingOf(requestPath(request.url), request.headers.origin);
    if (!sharing) return done();
    reply.headers(sharing.headers);
    if (request.method !== 'OPTIONS') return done();
    // Safari waits for the body of a 204 that names no length.
    reply.headers(sharing.preflight).header('content-length', '0').code(204).send();
  });
  // A preflight of any path is a request with a route, so that it passes all hooks.
  fastify.options('*', (_request, reply) => reply.callNotFound());
}

function assertOrigin(entry: string, index: number): void {
  // `null` and `*` are no URLs; a path, a trailing slash, upper case or a wildcard would never
  // equal an Origin header.
  if (!URL.canParse(entry) || new URL(entry).origin !== entry || entry.includes('*')) {
    throw new Error(
      `CORS_ORIGINS: entry ${index + 1} is not an origin like https://app.example.com.`,
    );
  }
}
