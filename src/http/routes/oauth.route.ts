import fastifyFormbody from '@fastify/formbody';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../../app.ts';
import { introspectToken } from '../../domain/access-tokens/introspect-token.ts';
import { revokeToken } from '../../domain/access-tokens/revoke-token.ts';
import { AuthError, type ErrorCode } from '../../errors.ts';
import { createContext, type RequestContext } from '../graphql/context.ts';
import type { TrustedProxies } from '../hooks/client-address.ts';
import { requireService } from './require-service.ts';

/** What a service may send is short; so is what we read of it. */
const formLimit = 16 * 1024;

/**
 * `POST /oauth/introspect` (RFC 7662) and `POST /oauth/revoke` (RFC 7009), form-encoded, for
 * services.
 */
export function oauthRoutes(
  fastify: FastifyInstance,
  { app, trustedProxies }: { app: App; trustedProxies: TrustedProxies },
): void {
  const contexts = new WeakMap<FastifyRequest, RequestContext>();
  /** Before the body is read: only a service may have a form parsed. */
  const admit =
    (wish: 'look' | 'change') => async (request: FastifyRequest, reply: FastifyReply) => {
      const ctx = createContext(app, { request, reply, trustedProxies });
      try {
        await requireService(ctx, wish);
        contexts.set(request, ctx);
      } catch (error) {
        return refuse(reply, error);
      }
    };

  fastify.register(async (scope) => {
    // A form is taken here and nowhere else: a page of any site can send one without a preflight
    // (TR-5).
    scope.removeAllContentTypeParsers();
    await scope.register(fastifyFormbody, { bodyLimit: formLimit });

    scope.post('/oauth/introspect', { onRequest: admit('look') }, async (request, reply) => {
      const token = tokenIn(request.body);
      return token === null ? badRequest(reply) : reply.send(await introspectToken(app, { token }));
    });

    scope.post('/oauth/revoke', { onRequest: admit('change') }, async (request, reply) => {
      const token = tokenIn(request.body);
      if (token === null) return badRequest(reply);
      const ctx = contexts.get(request);
      if (!ctx) throw new AuthError('UNAUTHENTICATED');
      try {
        await revokeToken(ctx, { token });
      } catch (error) {
        return refuse(reply, error);
      }
      // Also for a token that was never one of ours (RFC 7009 2.2).
      return reply.send({});
    });
  });
}

/** The one `token` of a form; null where there is none, or more than one (RFC 6749 3.1). */
function tokenIn(body: unknown): string | null {
  const token =
    typeof body === 'object' && body !== null && 'token' in body ? body.token : undefined;
  return typeof token === 'string' && token !== '' ? token : null;
}

function badRequest(reply: FastifyReply): FastifyReply {
  return reply
    .code(400)
    .send({ error: 'invalid_request', error_description: 'The form needs one parameter `token`.' });
}

type Refusal = { readonly status: number; readonly error: string; readonly challenge: string };

/** In the words of RFC 6749 5.2, RFC 6750 3.1 and RFC 9470. */
const refusals: Partial<Record<ErrorCode, Refusal>> = {
  UNAUTHENTICATED: {
    status: 401,
    error: 'invalid_client',
    challenge: 'Bearer realm="latchkey", Basic realm="latchkey"',
  },
  FORBIDDEN: {
    status: 403,
    error: 'insufficient_scope',
    challenge: 'Bearer error="insufficient_scope"',
  },
  STEP_UP_REQUIRED: {
    status: 401,
    error: 'insufficient_user_authentication',
    challenge: 'Bearer error="insufficient_user_authentication"',
  },
};

function refuse(reply: FastifyReply, error: unknown): FastifyReply {
  const refusal = error instanceof AuthError ? refusals[error.code] : undefined;
  if (!refusal || !(error instanceof AuthError)) throw error;
  return reply
    .code(refusal.status)
    .header('WWW-Authenticate', refusal.challenge)
    .send({ error: refusal.error, error_description: error.message });
}
