import {
  fastifyAuth,
  fastifyGuard,
  maxAge,
  required,
  requireFactor,
  requireRole,
  type WithCaller,
} from '@latchkey/verify';
import Fastify from 'fastify';
import { verifier } from './verifier.ts';

declare module 'fastify' {
  interface FastifyRequest extends WithCaller {}
}

export const fastify = Fastify();
fastifyAuth(fastify, { verifier });
fastify.get('/me', async (request) => ({ id: request.caller?.userId ?? null }));
fastify.get('/orders', { onRequest: fastifyGuard(required) }, async (request) => ({
  ordersOf: request.caller?.userId,
}));
fastify.register(async (admin) => {
  admin.addHook('onRequest', fastifyGuard(requireRole('admin'), requireFactor('mfa')));
  admin.get('/admin', async () => ({ welcome: true }));
});
fastify.delete('/shop', { onRequest: fastifyGuard(maxAge(300)) }, async () => ({ deleted: true }));
await fastify.listen({ port: Number(process.env['PORT'] ?? 8080) });
