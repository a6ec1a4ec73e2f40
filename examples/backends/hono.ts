import {
  honoAuth,
  honoGuard,
  maxAge,
  required,
  requireFactor,
  requireRole,
  type WithCaller,
} from '@latchkey/verify';
import { Hono } from 'hono';
import { verifier } from './verifier.ts';

const app = new Hono<{ Variables: WithCaller }>();
app.use(honoAuth(verifier));
app.get('/me', (context) => context.json({ id: context.get('caller')?.userId ?? null }));
app.use('/orders/*', honoGuard(required));
app.get('/orders', (context) => context.json({ ordersOf: context.get('caller')?.userId }));
app.use('/admin/*', honoGuard(requireRole('admin'), requireFactor('mfa')));
app.get('/admin', (context) => context.json({ welcome: true }));
app.delete('/shop', honoGuard(maxAge(300)), (context) => context.json({ deleted: true }));

export default app;
