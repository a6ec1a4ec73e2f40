/** A rendered mail to one mailbox. */
export type Mail = {
  /**
   * The id of the outbox row: the provider's idempotency key, and the left part of the Message-ID.
   */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};

/** A mail transport. `send` rejects with a MailError if the mail was not accepted. */
type Transport<Name extends string> = {
  readonly name: Name;
  send(mail: Mail): Promise<void>;
  close(): Promise<void>;
};

export type MailboxEntry = {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};

/** The development mailbox, shown under /dev/mailbox. */
export type MailboxMailer = Transport<'mailbox'> & {
  /** The newest mails first. */
  list(): MailboxEntry[];
};

export type Mailer = Transport<'resend'> | Transport<'smtp'> | MailboxMailer;

/**
 * Who has to change something before the mail can be sent: the provider (or our account there), for
 * whomever it is; the recipient, or the receiver of this one mail; or we, because the provider was
 * never asked.
 */
export type MailFault = 'provider' | 'recipient' | 'ours';

type MailErrorOptions = {
  /** `provider` unless given. */
  readonly fault?: MailFault;
  /** True if retrying cannot succeed. */
  readonly permanent?: boolean;
  /** True if it says that the address is wrong, full, shut or not found: anyone can name such. */
  readonly aboutAddress?: boolean;
  /** True if the provider asks for fewer mails at a time. */
  readonly throttled?: boolean;
  /** The delay in seconds that the provider requests before a retry. */
  readonly retryAfter?: number;
};

/**
 * Why a mail was not accepted. SECURITY: `reason` is one of our own short codes; the provider's
 * answer may quote addresses, keys or the mail itself, so it is neither logged nor stored (LG-3).
 */
export class MailError extends Error {
  override readonly name = 'MailError';
  readonly reason: string;
  readonly fault: MailFault;
  readonly permanent: boolean;
  readonly aboutAddress: boolean;
  readonly throttled: boolean;
  readonly retryAfter: number | undefined;

  constructor(reason: string, options: MailErrorOptions = {}) {
    super(`The mail was not taken: ${reason}.`);
    this.reason = reason;
    this.fault = options.fault ?? 'provider';
    this.permanent = options.permanent ?? false;
    this.aboutAddress = options.aboutAddress ?? false;
    this.throttled = options.throttled ?? false;
    this.retryAfter = options.retryAfter;
  }
}

/** Headers of every mail; they keep automatic responders from answering it (RFC 3834 section 5). */
export const automaticHeaders = { 'Auto-Submitted': 'auto-generated' } as const;
