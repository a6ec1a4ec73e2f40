import type { FastifyInstance } from 'fastify';
import {
  type DeliveredMail,
  mailboxScript,
  mailboxTag,
  mailPage,
  mailsPage,
  noMailPage,
  preview,
} from './mailbox.page.ts';
import { sendToolsPage, type Tools } from './tools-page.ts';

export type MailboxRouteOptions = {
  /** The mails that were sent, the newest first. */
  readonly list: () => readonly DeliveredMail[] | Promise<readonly DeliveredMail[]>;
  readonly tools: Tools;
};

/**
 * SECURITY: a mail is a document of its own, with its inline style and nothing else. Its links open
 * as a click in any mail program does, in a tab that is not sandboxed; no script can open one.
 */
const mailPolicy = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
  'sandbox allow-popups allow-popups-to-escape-sandbox',
].join('; ');

/**
 * `GET /dev/mailbox` and `GET /dev/mailbox.json`: the mails of development, codes and links
 * included. SECURITY: register it in development only; its reader can sign in as anyone.
 */
export function mailboxRoute(fastify: FastifyInstance, options: MailboxRouteOptions): void {
  const { list, tools } = options;
  const find = async (id: string): Promise<DeliveredMail | undefined> =>
    (await list()).find((mail) => mail.id === id);

  fastify.get('/dev/mailbox.json', async (_request, reply) => {
    const mails = await list();
    return reply.header('ETag', mailboxTag(mails)).send(mails);
  });
  fastify.get('/dev/mailbox', async (_request, reply) =>
    sendToolsPage(reply, tools, mailsPage(await list(), tools)),
  );
  fastify.get<{ Params: { id: string } }>('/dev/mailbox/:id', async ({ params }, reply) => {
    const mail = await find(params.id);
    return sendToolsPage(reply, tools, mail === undefined ? noMailPage : mailPage(mail));
  });
  fastify.get<{ Params: { id: string } }>('/dev/mailbox/:id/html', async ({ params }, reply) => {
    const mail = await find(params.id);
    if (mail === undefined) return reply.callNotFound();
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', mailPolicy)
      .send(preview(mail));
  });
  fastify.get('/dev/mailbox.js', (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').send(mailboxScript),
  );
}
