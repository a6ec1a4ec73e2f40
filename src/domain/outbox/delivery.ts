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

/** What became of a message. */
export type Delivery =
  | { readonly kind: 'sent' }
  /** It is not to go out, which is no failure. */
  | { readonly kind: 'dropped'; readonly reason: string }
  | {
      readonly kind: 'failed';
      /** A word for the row and the log; never what the receiver said. */
      readonly reason: string;
      readonly permanent?: boolean | undefined;
      /** Seconds that the receiver asks to wait. */
      readonly retryAfter?: number | undefined;
    };
