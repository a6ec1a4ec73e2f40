import { maxAge, protect, required, requireFactor, requireRole } from '@latchkey/verify';
import { verifier } from './verifier.ts';

const routes: Record<string, (request: Request) => Promise<Response>> = {
  'GET /me': protect((_request, caller) => Response.json({ id: caller?.userId ?? null }), {
    verifier,
  }),
  'GET /orders': protect((_request, caller) => Response.json({ ordersOf: caller.userId }), {
    verifier,
    require: required,
  }),
  'GET /admin': protect(() => Response.json({ welcome: true }), {
    verifier,
    require: [requireRole('admin'), requireFactor('mfa')],
  }),
  'DELETE /shop': protect(() => Response.json({ deleted: true }), {
    verifier,
    require: maxAge(300),
  }),
};

export default {
  async fetch(request: Request): Promise<Response> {
    const route = routes[`${request.method} ${new URL(request.url).pathname}`];
    return route ? route(request) : new Response('Not found', { status: 404 });
  },
};
