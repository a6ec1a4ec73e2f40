/** One mail to one mailbox, ready to go. */
export type Mail = {
  /** The outbox row's id: the provider's idempotency key, and the Message-ID's left part. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};

/** A way out for mail: Resend, SMTP or the development mailbox. Rejects where the mail was not taken. */
export type Mailer = {
  readonly name: 'resend' | 'smtp' | 'mailbox';
  send(mail: Mail): Promise<void>;
  close(): Promise<void>;
};
