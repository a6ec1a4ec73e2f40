import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { App } from '../../app.ts';
import { jwksMaxAge } from '../../domain/signing-keys/rules.ts';

/** The public keys (RFC 7517) and enough of OpenID discovery for gateways to find them. */
export function jwksRoute(fastify: FastifyInstance, app: Pick<App, 'config' | 'keyRing'>): void {
  fastify.get('/.well-known/jwks.json', async (request, reply) => {
    const body = JSON.stringify({ keys: app.keyRing.published() });
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    reply.header('cache-control', `public, max-age=${jwksMaxAge}`).header('etag', etag);
    if (isCached(request.headers['if-none-match'], etag)) {
      return reply.code(304).send();
    }
    return reply.type('application/jwk-set+json').send(body);
  });

  fastify.get('/.well-known/openid-configuration', async (_request, reply) => {
    const { publicUrl, jwt } = app.config;
    const algorithms = [...new Set(app.keyRing.published().flatMap(({ alg }) => alg ?? []))];
    return reply
      .header('cache-control', `public, max-age=${jwksMaxAge}`)
      .type('application/json')
      .send(
        JSON.stringify({
          issuer: publicUrl,
          jwks_uri: `${publicUrl}/.well-known/jwks.json`,
          // Those of the keys that are in use: while the algorithm is being changed, two.
          id_token_signing_alg_values_supported:
            algorithms.length > 0 ? algorithms : [jwt.algorithm],
          subject_types_supported: ['public'],
          response_types_supported: ['none'],
          introspection_endpoint: `${publicUrl}/oauth/introspect`,
          introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'Bearer'],
          revocation_endpoint: `${publicUrl}/oauth/revoke`,
          revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'Bearer'],
        }),
      );
  });
}

/** RFC 9110 13.1.2: a list of tags, compared weakly, or `*`. */
function isCached(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  return tags.includes(etag) || tags.includes('*');
}
