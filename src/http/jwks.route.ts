import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { App } from '../app.ts';

/** Seconds; shorter than the time by which a key is published before it signs (JW-10). */
const maxAge = 300;

/** The public keys (RFC 7517) and enough of OpenID discovery for gateways to find them. */
export function jwksRoute(fastify: FastifyInstance, app: Pick<App, 'config' | 'keyRing'>): void {
  fastify.get('/.well-known/jwks.json', async (request, reply) => {
    const body = JSON.stringify({ keys: app.keyRing.published() });
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    reply.header('cache-control', `public, max-age=${maxAge}`).header('etag', etag);
    if (request.headers['if-none-match']?.split(/\s*,\s*/).some((tag) => tag.replace(/^W\//, '') === etag)) {
      return reply.code(304).send();
    }
    return reply.type('application/jwk-set+json').send(body);
  });

  fastify.get('/.well-known/openid-configuration', async (_request, reply) => {
    const { publicUrl, jwt } = app.config;
    return reply
      .header('cache-control', `public, max-age=${maxAge}`)
      .type('application/json')
      .send(
        JSON.stringify({
          issuer: publicUrl,
          jwks_uri: `${publicUrl}/.well-known/jwks.json`,
          id_token_signing_alg_values_supported: [jwt.algorithm],
          subject_types_supported: ['public'],
          response_types_supported: ['none'],
        }),
      );
  });
}
