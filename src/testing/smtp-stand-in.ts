import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';

export type SmtpMail = {
  readonly from: string;
  readonly to: readonly string[];
  /** The raw message as received. */
  readonly raw: string;
  readonly secure: boolean;
};

export type SmtpStandIn = {
  readonly port: number;
  readonly mails: SmtpMail[];
  /** Refuses every recipient with this status; null accepts them again. */
  refuseRecipients(status: number | null): void;
  close(): Promise<void>;
};

/** An SMTP server on loopback; with `startTls`, it has a self-signed certificate. */
export async function startSmtpStandIn(options: {
  readonly startTls: boolean;
}): Promise<SmtpStandIn> {
  const mails: SmtpMail[] = [];
  let refusal: number | null = null;
  const server = new SMTPServer({
    logger: false,
    authOptional: true,
    disabledCommands: options.startTls ? ['AUTH'] : ['AUTH', 'STARTTLS'],
    onRcptTo: (address, _session, done) => {
      if (refusal === null) return done();
      done(
        Object.assign(new Error(`No mailbox for ${address.address}`), { responseCode: refusal }),
      );
    },
    onData: (stream, session, done) => {
      const from = session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address;
      const to = session.envelope.rcptTo.map(({ address }) => address);
      text(stream).then((raw) => {
        mails.push({ from, to, raw, secure: session.secure });
        done();
      }, done);
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    port,
    mails,
    refuseRecipients: (status) => {
      refusal = status;
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
