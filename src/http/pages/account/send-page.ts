import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import type { FastifyReply } from 'fastify';
import type { Markup } from '../markup.ts';
import type { Person } from './answers.ts';
import { assetsOf } from './assets.ts';
import { layout } from './layout.ts';
import type { View } from './page.ts';
import type { Visit } from './visit.ts';

const compress = promisify(brotliCompress);

/** Nothing inline and nothing of others; in no frame (PG-1). */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

export const pageHeaders = {
  'content-security-policy': pagePolicy,
  'cross-origin-opener-policy': 'same-origin',
  // With `no-referrer` a form would come with `Origin: null` (PG-3).
  'referrer-policy': 'same-origin',
  vary: 'accept-encoding, accept-language, cookie',
} as const;

type Sent = {
  readonly view: View;
  /** Null for what is no page of its own. */
  readonly path: string | null;
  readonly person: Person | null;
  readonly isRefused?: boolean;
  readonly onward?: string;
};

/** Sends a page in the visitor's language. */
export async function sendPage(
  visit: Visit,
  reply: FastifyReply,
  { view, path, person, isRefused = false, onward }: Sent,
): Promise<void> {
  const { language, query, config } = visit;
  const document = layout(
    {
      productName: config.productName,
      language,
      path,
      query,
      person,
      hasProblem: isRefused,
      assets: assetsOf(config),
      ...(onward === undefined ? {} : { onward }),
    },
    view,
  );
  reply.headers(pageHeaders).type('text/html; charset=utf-8');
  return sendText(visit, reply, document);
}

/**
 * SECURITY: compressed although it may hold a secret that is shown once: nobody else's text stands
 * beside one, and another site's requests come without the cookies (SameSite=Strict).
 */
async function sendText(visit: Visit, reply: FastifyReply, { text }: Markup): Promise<void> {
  if (visit.takesBrotli) {
    const params = { [constants.BROTLI_PARAM_QUALITY]: 5 };
    reply.header('content-encoding', 'br').send(await compress(text, { params }));
  } else {
    reply.send(text);
  }
}
