import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';

export type SmtpMail = {
  readonly from: string;
  readonly to: readonly string[];
  /** The raw message as received. */
  readonly raw: string;
  readonly secure: boolean;
  /** The user who signed in; null without a login. */
  readonly user: string | null;
};

export type SmtpStandIn = {
  readonly port: number;
  readonly mails: SmtpMail[];
  /** Refuses every recipient with this status and these words; null accepts them again. */
  refuseRecipients(status: number | null, words?: string): void;
  /** Refuses one mailbox likewise, whatever becomes of others. */
  refuseMailbox(address: string, status: number | null, words?: string): void;
  /** Refuses every message after its content, likewise. */
  refuseMessages(status: number | null, words?: string): void;
  close(): Promise<void>;
};

/**
 * An SMTP server on loopback; with `startTls`, it has a self-signed certificate, and with `login`,
 * it takes any user and password.
 */
export async function startSmtpStandIn(options: {
  readonly startTls: boolean;
  readonly login?: boolean;
}): Promise<SmtpStandIn> {
  const mails: SmtpMail[] = [];
  let refusal: Error | null = null;
  const mailboxRefusals = new Map<string, Error | null>();
  let messageRefusal: Error | null = null;
  const server = new SMTPServer({
    logger: false,
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: [
      ...(options.login ? [] : ['AUTH']),
      ...(options.startTls ? [] : ['STARTTLS']),
    ],
    onAuth: (login, _session, done) => done(null, { user: login.username }),
    onRcptTo: ({ address }, _session, done) => done(mailboxRefusals.get(address) ?? refusal),
    onData: (stream, session, done) => {
      const from = session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address;
      const to = session.envelope.rcptTo.map(({ address }) => address);
      text(stream).then((raw) => {
        if (messageRefusal === null) {
          const user = typeof session.user === 'string' ? session.user : null;
          mails.push({ from, to, raw, secure: session.secure, user });
        }
        done(messageRefusal);
      }, done);
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    port,
    mails,
    refuseRecipients: (status, words = 'No mailbox for ada@example.org') => {
      refusal = refusalOf(status, words);
    },
    refuseMailbox: (address, status, words = 'Not this one') => {
      mailboxRefusals.set(address, refusalOf(status, words));
    },
    refuseMessages: (status, words = 'Not today') => {
      messageRefusal = refusalOf(status, words);
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

function refusalOf(status: number | null, words: string): Error | null {
  return status === null ? null : Object.assign(new Error(words), { responseCode: status });
}
