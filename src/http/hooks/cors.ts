import fastifyCors, { type FastifyCorsOptions } from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import { isOpenDocument, requestPath } from './request-path.ts';

export type CorsOptions = {
  /** CORS_ORIGINS: whole origins, `https://app.example.com`. */
  readonly origins: readonly string[];
};

/** Seconds that a browser may remember a preflight; Chromium caps it here. */
const preflightMaxAge = 7200;

const forNobody: FastifyCorsOptions = { origin: false };

/** Public keys are for everyone, so nothing of the caller's goes along: `*` and no credentials. */
const forEveryone: FastifyCorsOptions = {
  origin: '*',
  credentials: false,
  methods: ['GET', 'HEAD'],
  allowedHeaders: [],
  maxAge: preflightMaxAge,
  strictPreflight: false,
};

const forListed = {
  credentials: true,
  methods: ['GET', 'POST'],
  allowedHeaders: [
    'content-type',
    'authorization',
    'apollo-require-preflight',
    'x-apollo-operation-name',
  ],
  exposedHeaders: ['WWW-Authenticate', 'Retry-After', 'X-Request-Id'],
  maxAge: preflightMaxAge,
  strictPreflight: false,
} satisfies FastifyCorsOptions;

/**
 * Lets the listed origins, compared whole, call /graphql with credentials, and everyone read the
 * public keys; nothing else is shared (TR-4). Every answer varies by Origin. Throws on an entry
 * that is not an origin.
 */
export function cors(fastify: FastifyInstance, options: CorsOptions): void {
  const listed = new Set(options.origins.map(assertOrigin));
  fastify.register(fastifyCors, {
    delegator: (request, decide) => {
      const path = requestPath(request.url ?? '');
      if (isOpenDocument(path)) return decide(null, forEveryone);
      const { origin } = request.headers;
      // SECURITY: the header's value is answered only where it equals an entry, so nothing is
      // reflected (ASVS 3.4.2).
      if (path !== '/graphql' || origin === undefined || !listed.has(origin))
        return decide(null, forNobody);
      decide(null, { ...forListed, origin: [origin] });
    },
  });
}

function assertOrigin(entry: string, index: number): string {
  // `null` and `*` are no URLs; a path, a trailing slash, upper case or a wildcard would never
  // equal an Origin header.
  if (!URL.canParse(entry) || new URL(entry).origin !== entry || entry.includes('*')) {
    throw new Error(
      `CORS_ORIGINS: entry ${index + 1} is not an origin like https://app.example.com.`,
    );
  }
  return entry;
}
