import type { App } from '../../app.ts';
import type { Config } from '../../config/read-config.ts';

export type OutboxApp = Pick<
  App,
  'db' | 'clock' | 'random' | 'log' | 'keys' | 'metrics' | 'mailer'
> & {
  readonly config: Pick<
    Config,
    'appUrl' | 'mailTemplatesDirectory' | 'rateLimits' | 'rateLimitMultiplier'
  >;
};

/** The outcome of a delivery. */
export type Delivery =
  | { readonly kind: 'sent' }
  /** Deliberately not sent, which is no failure. */
  | { readonly kind: 'dropped'; readonly reason: string }
  | {
      readonly kind: 'failed';
      /** A short reason for the row and the log; never the receiver's own text. */
      readonly reason: string;
      readonly permanent?: boolean | undefined;
      /** Seconds that the receiver asks us to wait. */
      readonly retryAfter?: number | undefined;
    };
