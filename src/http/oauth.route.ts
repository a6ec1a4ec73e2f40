import fastifyFormbody from '@fastify/formbody';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../app.ts';
import { introspectToken } from '../domain/access-tokens/introspect-token.ts';
import { revokeToken } from '../domain/access-tokens/revoke-token.ts';
import { AuthError } from '../errors.ts';
import { authorizationHeader } from './authenticate.ts';
import type { TrustedProxies } from './client-address.ts';
import { openContext } from './open-context.ts';
import { requireService, type ServiceCaller } from './require-service.ts';

const callers = new WeakMap<FastifyRequest, ServiceCaller>();

/** `POST /oauth/introspect` (RFC 7662) and `POST /oauth/revoke` (RFC 7009), form-encoded, for services. */
export function oauthRoutes(
  fastify: FastifyInstance,
  { app, trustedProxies }: { app: App; trustedProxies: TrustedProxies },
): void {
  fastify.register(async (scope) => {
    // A form is taken here and nowhere else: any page could send one to the API without asking (TR-5).
    scope.removeAllContentTypeParsers();
    await scope.register(fastifyFormbody);
    // Before the body is read.
    scope.addHook('onRequest', async (request, reply) => {
      try {
        callers.set(request, await requireService(app, authorizationHeader(request.raw)));
      } catch (error) {
        if (!(error instanceof AuthError)) throw error;
        return refuse(reply, error);
      }
    });

    scope.post('/oauth/introspect', async (request, reply) => {
      const token = tokenIn(request.body);
      return token === null ? badRequest(reply) : reply.send(await introspectToken(app, { token }));
    });

    scope.post('/oauth/revoke', async (request, reply) => {
      const token = tokenIn(request.body);
      if (token === null) return badRequest(reply);
      const caller = callers.get(request);
      const viewer = caller?.kind === 'admin' ? caller.viewer : null;
      await revokeToken({ ...openContext(app, { request, reply, trustedProxies }), viewer }, { token });
      // Also for a token that was never one of ours (RFC 7009 2.2).
      return reply.send({});
    });
  });
}

/** The one `token` of a form; null where there is none, or more than one (RFC 6749 3.1). */
function tokenIn(body: unknown): string | null {
  const token = typeof body === 'object' && body !== null && 'token' in body ? body.token : undefined;
  return typeof token === 'string' && token !== '' ? token : null;
}

function badRequest(reply: FastifyReply): FastifyReply {
  return reply.code(400).send({ error: 'invalid_request', error_description: 'The form needs one parameter `token`.' });
}

/** RFC 6749 5.2, and RFC 9470 for an admin whose last proof is too old. */
function refuse(reply: FastifyReply, error: AuthError): FastifyReply {
  if (error.code === 'STEP_UP_REQUIRED') {
    return reply
      .code(401)
      .header('WWW-Authenticate', 'Bearer error="insufficient_user_authentication"')
      .send({ error: 'insufficient_user_authentication', error_description: error.message });
  }
  return reply
    .code(401)
    .header('WWW-Authenticate', 'Bearer, Basic realm="latchkey"')
    .send({ error: 'invalid_client', error_description: 'The service credential is missing or wrong.' });
}
