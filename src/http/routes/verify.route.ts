import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../../app.ts';
import { AuthError } from '../../errors.ts';
import { authenticate, authorizationHeader } from '../graphql/authenticate.ts';

/**
 * `GET /verify`, for reverse proxies that ask before they let a request through (nginx
 * auth_request, Traefik ForwardAuth, Caddy forward_auth): 200 with who it is, or 401. A session
 * that has ended is refused at once, unlike by a proxy that checks the JWT alone.
 */
export function verifyRoute(fastify: FastifyInstance, app: App): void {
  const verify = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const found = await authenticate(app, authorizationHeader(request.raw));
    if (found.kind !== 'signed-in') {
      // RFC 6750 3.1: no error code for a request that has no credential at all.
      if (found.kind === 'refused')
        reply.header('WWW-Authenticate', 'Bearer error="invalid_token"');
      throw new AuthError('UNAUTHENTICATED');
    }
    const { userId, roles, sessionId } = found.viewer;
    return reply
      .headers({
        'X-Auth-User': userId,
        'X-Auth-Roles': roles.join(','),
        'X-Auth-Session': sessionId,
      })
      .code(200)
      .send();
  };
  fastify.get('/verify', verify);
  // Envoy's ext_authz asks with the method and the path of the request that it holds, behind a
  // prefix. Whatever body comes along is left unread.
  fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    scope.route({
      method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
      url: '/verify/*',
      handler: verify,
    });
  });
}
