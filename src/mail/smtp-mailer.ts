import { isIPv4 } from 'node:net';
import type { Transporter } from 'nodemailer';
import { assertSafeHeaders } from './assert-single-mailbox.ts';
import { classifyReply } from './classify-reply.ts';
import { automaticHeaders, MailError, type Mailer } from './mailer.ts';

export type SmtpOptions = {
  /** `smtp://user:password@host:587` (STARTTLS) or `smtps://…:465`. */
  readonly url: string;
  readonly from: string;
  /** Acknowledges a relay without TLS; no login is sent then. */
  readonly allowInsecure?: boolean;
  /** The timeout in milliseconds of each step: connection, greeting and each answer. */
  readonly timeoutMs?: number;
};

/**
 * Sends mail by SMTP, under TLS with a verified certificate unless the server is on this machine or
 * a relay without TLS is acknowledged.
 */
export function createSmtpMailer(options: SmtpOptions): Mailer {
  const sender = addressOf(options.from);
  let transporter: Promise<Transporter> | null = null;

  return {
    name: 'smtp',
    send: async (mail) => {
      assertSafeHeaders(mail);
      transporter ??= connect(options);
      try {
        await (await transporter).sendMail({
          from: options.from,
          // nodemailer does not parse an object as a list; the envelope is explicit and not derived
          // from the headers.
          to: { name: '', address: mail.to },
          envelope: { from: sender, to: [mail.to] },
          messageId: `<${mail.id}@${sender.slice(sender.lastIndexOf('@') + 1)}>`,
          subject: mail.subject,
          text: mail.text,
          html: mail.html,
          headers: { ...automaticHeaders },
        });
      } catch (error) {
        throw classify(error);
      }
    },
    close: async () => {
      if (transporter) (await transporter).close();
    },
  };
}

/** Connects and authenticates without sending a mail. Rejects with a MailError if that fails. */
export async function checkSmtp(options: SmtpOptions): Promise<void> {
  const transporter = await connect(options);
  try {
    await transporter.verify();
  } catch (error) {
    throw classify(error);
  } finally {
    transporter.close();
  }
}

async function connect(options: SmtpOptions): Promise<Transporter> {
  // Loaded with the first mail, to keep the start of the server fast.
  const { createTransport } = await import('nodemailer');
  const timeout = options.timeoutMs ?? 10_000;
  const server = readServer(options.url);
  const isInsecure = options.allowInsecure === true && !server.secure && !server.local;
  return createTransport({
    host: server.host,
    port: server.port,
    secure: server.secure,
    // SECURITY: where TLS may be missing or unchecked, whoever answers would get the login.
    ...(server.auth && !isInsecure ? { auth: server.auth } : {}),
    // SECURITY: without this a man-in-the-middle can strip STARTTLS and read the codes (RFC 3207
    // section 6).
    requireTLS: !server.local && !isInsecure,
    tls: { rejectUnauthorized: !server.local && !isInsecure, minVersion: 'TLSv1.2' },
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    dnsTimeout: timeout,
    // SECURITY: the content of a mail must not make nodemailer read a file or fetch a URL.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

type Server = {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly local: boolean;
  readonly auth: { readonly user: string; readonly pass: string } | null;
};

function readServer(text: string): Server {
  const url = new URL(text);
  const secure = url.protocol === 'smtps:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return {
    host,
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    local: host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.')),
    auth: url.username
      ? { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) }
      : null,
  };
}

/** The address in `Latchkey <no-reply@example.com>`, or the bare address. */
function addressOf(from: string): string {
  return /<([^<>]+)>\s*$/.exec(from)?.[1] ?? from.trim();
}

function classify(error: unknown): MailError {
  const code = property(error, 'code');
  if (code === 'ETLS') return new MailError('tls');
  const status = property(error, 'responseCode');
  if (typeof status === 'number') {
    const text = String(property(error, 'response') ?? '');
    return classifyReply({ status, text, command: String(property(error, 'command') ?? '') });
  }
  if (code === 'ETIMEDOUT') return new MailError('timeout');
  if (code === 'ETLS' || code === 'EAUTH' || code === 'ENOAUTH')
    return new MailError(code === 'ETLS' ? 'tls' : 'login');
  return new MailError('unreachable');
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
