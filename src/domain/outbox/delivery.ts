import type { App } from '../../app.ts';
import type { Config } from '../../config/read-config.ts';
import type { MailError } from '../../mail/mailer.ts';
import { unprovenTemplates } from '../emails/purposes.ts';

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
      /** Refused for an address that has proved nothing: anyone can have it mailed. */
      readonly isUnproven?: boolean;
    } & Partial<Pick<MailError, 'fault' | 'permanent' | 'throttled' | 'retryAfter'>>);

export type FailedDelivery = Delivery & { readonly kind: 'failed' };

/** The reason on the row of a mail that waits for the limit of the whole server. */
export const overLimit = 'over_limit';

/**
 * The reason on the row of a mail that the provider refused for its address, where the address has
 * proved nothing. It says nothing of the provider: anyone can make up addresses.
 */
export const unprovenAddress = 'unproven_address';

/** Which rows those are, for queries. */
export const unprovenMails = { reason: unprovenAddress, templates: unprovenTemplates };
