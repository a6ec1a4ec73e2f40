import type { App } from '../../app.ts';
import type { Config } from '../../config/read-config.ts';
import type { MailError } from '../../mail/mailer.ts';

export type OutboxApp = Pick<
  App,
  'db' | 'clock' | 'random' | 'log' | 'keys' | 'metrics' | 'mailer'
> & {
  readonly config: Pick<
    Config,
    'appUrl' | 'productName' | 'mailTemplatesDirectory' | 'rateLimits' | 'rateLimitMultiplier'
  >;
};

/** The outcome of a delivery. */
export type Delivery =
  | { readonly kind: 'sent' }
  /** A decoy: there was nothing to send. */
  | { readonly kind: 'nothing' }
  /** Deliberately not sent, which is no failure. */
  | { readonly kind: 'dropped'; readonly reason: string }
  | ({
      readonly kind: 'failed';
      /** A short reason for the row and the log; never the receiver's own text. */
      readonly reason: string;
      /** The canonical address of the mailbox, where it was tried. */
      readonly recipient?: string;
    } & Partial<Pick<MailError, 'fault' | 'permanent' | 'throttled' | 'retryAfter'>>);

export type FailedDelivery = Delivery & { readonly kind: 'failed' };
