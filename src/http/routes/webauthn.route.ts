import type { FastifyInstance } from 'fastify';
import type { App } from '../../app.ts';
import { relatedOrigins } from '../../domain/passkeys/sites.ts';

/** Seconds that browsers and proxies may keep the list. */
const maxAge = 300;

/**
 * The sites that share the passkeys of PASSKEY_RP_ID (WebAuthn 5.11), for browsers that find it
 * under that domain. There is no such route where one site has them.
 */
export function webauthnRoute(fastify: FastifyInstance, { config }: Pick<App, 'config'>): void {
  const origins = relatedOrigins(config.passkeys);
  if (origins.length === 0) return;
  const body = JSON.stringify({ origins });
  fastify.get('/.well-known/webauthn', async (_request, reply) =>
    reply.header('cache-control', `public, max-age=${maxAge}`).type('application/json').send(body),
  );
}
