/** One mail to one mailbox, ready to go. */
export type Mail = {
  /** The outbox row's id: the provider's idempotency key, and the Message-ID's left part. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};

/** A way out for mail. `send` rejects with a MailError where the mail was not taken. */
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

/** The mailbox of development, behind /dev/mailbox. */
export type MailboxMailer = Transport<'mailbox'> & {
  /** The newest first. */
  list(): MailboxEntry[];
};

export type Mailer = Transport<'resend'> | Transport<'smtp'> | MailboxMailer;

type MailErrorOptions = {
  /** True where no later try can do better. */
  readonly permanent?: boolean;
  /** Seconds that the provider asks us to wait. */
  readonly retryAfter?: number;
};

/**
 * Why a mail was not taken. SECURITY: `reason` is a short word of ours; what a provider answers may
 * quote addresses, keys or the mail itself and goes nowhere (LG-3).
 */
export class MailError extends Error {
  override readonly name = 'MailError';
  readonly reason: string;
  readonly permanent: boolean;
  readonly retryAfter: number | undefined;

  constructor(reason: string, options: MailErrorOptions = {}) {
    super(`The mail was not taken: ${reason}.`);
    this.reason = reason;
    this.permanent = options.permanent ?? false;
    this.retryAfter = options.retryAfter;
  }
}

/** Sent with every mail, so that out-of-office programs do not answer it (RFC 3834 section 5). */
export const automaticHeaders = { 'Auto-Submitted': 'auto-generated' } as const;
