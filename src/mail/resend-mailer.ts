import type { Resend } from 'resend';
import { assertSafeHeaders } from './assert-single-mailbox.ts';
import { automaticHeaders, MailError, type Mailer } from './mailer.ts';

export type ResendOptions = {
  readonly apiKey: string;
  /** An origin to use instead of Resend's; null for Resend. */
  readonly baseUrl: string | null;
  readonly from: string;
  /** The timeout of the whole exchange in milliseconds. */
  readonly timeoutMs?: number;
};

/**
 * Sends mail through Resend's HTTP API. The id of the mail is the idempotency key: a repeated send
 * within a day delivers one mail (EM-5).
 */
export function createResendMailer(options: ResendOptions): Mailer {
  let client: Promise<Resend> | null = null;
  const connect = async (): Promise<Resend> => {
    // Loaded with the first mail, to keep the start of the server fast.
    const { Resend } = await import('resend');
    // The key is always passed, so that the package does not read it from the environment.
    return new Resend(options.apiKey, {
      baseUrl: options.baseUrl ?? 'https://api.resend.com',
      userAgent: 'latchkey',
    });
  };

  return {
    name: 'resend',
    send: async (mail) => {
      assertSafeHeaders(mail);
      client ??= connect();
      const resend = await client;
      const signal = AbortSignal.timeout(options.timeoutMs ?? 10_000);
      const { to, subject, text, html } = mail;
      const { error, headers } = await resend.emails
        .send(
          { from: options.from, to: [to], subject, text, html, headers: { ...automaticHeaders } },
          { idempotencyKey: mail.id, signal },
        )
        .catch(() => {
          throw new MailError(signal.aborted ? 'timeout' : 'unreachable');
        });
      if (!error) return;
      // The id was used with another body: an earlier attempt was accepted, and the template has
      // changed since.
      if (error.name === 'invalid_idempotent_request') return;
      if (signal.aborted) throw new MailError('timeout');
      if (typeof error.statusCode !== 'number') throw new MailError('unreachable');
      throw classifyResend({ status: error.statusCode, ...error, headers });
    },
    close: async () => {},
  };
}

/**
 * Checks that Resend is reachable and accepts the key, with a mail that Resend must refuse because
 * it has no recipient: a key that may only send permits no other call. Rejects with a MailError
 * otherwise.
 */
export async function checkResend(options: ResendOptions): Promise<void> {
  const signal = AbortSignal.timeout(options.timeoutMs ?? 10_000);
  const response = await fetch(`${options.baseUrl ?? 'https://api.resend.com'}/emails`, {
    method: 'POST',
    headers: { authorization: `Bearer ${options.apiKey}`, 'content-type': 'application/json' },
    body: '{}',
    signal,
  }).catch(() => {
    throw new MailError(signal.aborted ? 'timeout' : 'unreachable');
  });
  await response.body?.cancel();
  if (response.status === 401 || response.status === 403) throw new MailError('login');
  if (response.status >= 500 || response.status === 404)
    throw new MailError(`http_${response.status}`);
}

type Refusal = {
  readonly status: number;
  readonly name: string;
  readonly message: string;
  readonly headers: Record<string, string> | null;
};

/**
 * A refusal is the provider's fault unless it names the recipient: an expired key, an unverified
 * domain or a failure of theirs passes, and the mail with it.
 */
function classifyResend({ status, name, message, headers }: Refusal): MailError {
  const isAboutRecipient = name === 'invalid_to_address' || isAboutTo(message);
  if ((status === 400 || status === 422) && isAboutRecipient)
    return new MailError(`http_${status}`, {
      fault: 'recipient',
      permanent: true,
      aboutAddress: true,
    });
  return new MailError(`http_${status}`, {
    throttled: status === 429,
    ...retryAfter(headers?.['retry-after']),
  });
}

/** Of "Invalid `to` field. …" and "No valid recipients": not of what is said about the sender. */
function isAboutTo(message: unknown): boolean {
  return (
    typeof message === 'string' &&
    !/[`'"]from[`'"]|\bsender\b/i.test(message) &&
    /[`'"]to[`'"](?: field| address)?|\bto (?:field|address)\b|\brecipients?\b/i.test(message)
  );
}

/** Seconds, from a number of seconds or a date (RFC 9110 10.2.3). */
function retryAfter(text: string | undefined): { retryAfter?: number } {
  if (text === undefined || text.trim() === '') return {};
  const seconds = Number(text);
  const wanted = Number.isNaN(seconds) ? (Date.parse(text) - Date.now()) / 1000 : seconds;
  return Number.isFinite(wanted) && wanted > 0 ? { retryAfter: wanted } : {};
}
