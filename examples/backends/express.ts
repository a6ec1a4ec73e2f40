import {
  expressAuth,
  expressGuard,
  maxAge,
  required,
  requireFactor,
  requireRole,
} from '@latchkey/verify';
import express from 'express';
import { verifier } from './verifier.ts';

const app = express();
app.use(expressAuth(verifier));
app.get('/me', (request, response) => {
  response.json({ id: request.caller?.userId ?? null });
});
app.use('/orders', expressGuard(required));
app.get('/orders', (request, response) => {
  response.json({ ordersOf: request.caller?.userId });
});
app.use('/admin', expressGuard(requireRole('admin'), requireFactor('mfa')));
app.get('/admin', (_request, response) => {
  response.json({ welcome: true });
});
app.delete('/shop', expressGuard(maxAge(300)), (_request, response) => {
  response.json({ deleted: true });
});
export const server = app.listen(Number(process.env['PORT'] ?? 8080));
