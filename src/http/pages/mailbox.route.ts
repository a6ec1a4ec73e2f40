import type { FastifyInstance } from 'fastify';
import { sendDevPage } from './dev-page.ts';
import {
  type DeliveredMail,
  mailboxScript,
  mailboxTag,
  mailPage,
  mailsPage,
  noMailPage,
} from './mailbox.page.ts';

export type MailboxRouteOptions = {
  /** The mails that were sent, the newest first. */
  readonly list: () => readonly DeliveredMail[] | Promise<readonly DeliveredMail[]>;
};

/**
 * `GET /dev/mailbox` and `GET /dev/mailbox.json`: the mails of development, codes and links
 * included. SECURITY: register it in development only; its reader can sign in as anyone.
 */
export function mailboxRoute(fastify: FastifyInstance, { list }: MailboxRouteOptions): void {
  fastify.get('/dev/mailbox.json', async (_request, reply) => {
    const mails = await list();
    return reply.header('ETag', mailboxTag(mails)).send(mails);
  });
  fastify.get('/dev/mailbox', async (_request, reply) =>
    sendDevPage(reply, mailsPage(await list())),
  );
  fastify.get<{ Params: { id: string } }>('/dev/mailbox/:id', async (request, reply) => {
    const mail = (await list()).find(({ id }) => id === request.params.id);
    return sendDevPage(reply, mail === undefined ? noMailPage : mailPage(mail));
  });
  fastify.get('/dev/mailbox.js', (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').send(mailboxScript),
  );
}
