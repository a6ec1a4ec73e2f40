import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isOpenDocument, requestPath } from './request-path.ts';

export type CorsOptions = {
  /** CORS_ORIGINS: whole origins, `https://app.example.com`. */
  readonly origins: readonly string[];
  /** Requests whose answers are shared with no origin. */
  readonly isClosed?: (request: FastifyRequest) => boolean;
  /** Is told of each other origin that calls, once; for development. */
  readonly onRefused?: (origin: string) => void;
};

type Headers = Readonly<Record<string, string>>;

/** What an answer lets a page of another origin do, and what a preflight is told besides. */
type Sharing = { readonly headers: Headers; readonly preflight: Headers };

/** Seconds that a browser may keep the answer to a preflight; Chromium caps it here. */
const preflightMaxAge = '7200';

const usualHeaders =
  'content-type, authorization, apollo-require-preflight, x-apollo-operation-name';
/** Characters and names of Access-Control-Request-Headers that are read; browsers send fewer. */
const longestAsked = 2048;
const mostAsked = 64;
/** A field name (RFC 9110 5.1) without `*`, which would mean any (Fetch 3.3.5). */
const fieldName = /^[!#$%&'+.^_`|~0-9A-Za-z-]{1,100}$/;
/** Origins that are named in the log at most. */
const mostNamed = 100;

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
      'access-control-allow-headers': usualHeaders,
      'access-control-max-age': preflightMaxAge,
    },
  };
}

/**
 * What a preflight of a listed origin asks for, name by name, since clients add headers of their
 * own: names of operations, client awareness, traces. The usual ones where it asks for none, or
 * for what no browser would.
 */
function headersAsked(asked: string | undefined): string {
  if (asked === undefined || asked.length > longestAsked) return usualHeaders;
  const names = asked.split(',').map((name) => name.trim());
  if (names.length > mostAsked || !names.every((name) => fieldName.test(name))) return usualHeaders;
  return names.join(', ');
}

/**
 * Lets the listed origins, compared whole, call /graphql with credentials, and everyone read the
 * public keys; nothing else is shared (TR-4). Every answer varies by Origin, that to a preflight
 * also by what it asks for. Throws on an entry that is not an origin.
 */
export function cors(
  fastify: FastifyInstance,
  { origins, isClosed, onRefused }: CorsOptions,
): void {
  origins.forEach(assertOrigin);
  // SECURITY: an answer names an origin of this list, never the request's header (ASVS 3.4.2).
  const listed = new Map(origins.map((origin) => [origin, forListed(origin)]));
  const report = onRefused && reportOnce(onRefused);
  fastify.addHook('onRequest', (request, reply, done) => {
    const isPreflight = request.method === 'OPTIONS';
    reply.header('vary', isPreflight ? 'Origin, Access-Control-Request-Headers' : 'Origin');
    const path = requestPath(request.url);
    const { origin } = request.headers;
    const isOpen = isOpenDocument(path);
    const known = origin === undefined || isClosed?.(request) ? undefined : listed.get(origin);
    if (path === '/graphql' && !known) report?.(request);
    const sharing = isOpen ? forEveryone : path === '/graphql' ? known : undefined;
    if (!sharing) return done();
    reply.headers(sharing.headers);
    if (!isPreflight) return done();
    reply.headers(sharing.preflight);
    if (!isOpen) {
      const asked = headersAsked(request.headers['access-control-request-headers']);
      reply.header('access-control-allow-headers', asked);
    }
    // Safari waits for the body of a 204 that names no length.
    reply.header('content-length', '0').code(204).send();
  });
  // A preflight of any path is a request with a route, so that it passes all hooks.
  fastify.options('*', (_request, reply) => reply.callNotFound());
}

/** Reports each origin of a page that is not this server's own once, and no more than a few. */
function reportOnce(onRefused: (origin: string) => void): (request: FastifyRequest) => void {
  const reported = new Set<string>();
  return ({ headers: { origin, host } }) => {
    if (origin === undefined || reported.has(origin) || reported.size >= mostNamed) return;
    const isOrigin = origin === 'null' || (URL.canParse(origin) && origin.length <= 300);
    // A page of this server itself, such as GraphiQL, under whatever name it was opened.
    if (!isOrigin || (origin !== 'null' && new URL(origin).host === host)) return;
    reported.add(origin);
    onRefused(origin);
  };
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
