import { deliverDue } from './deliver-due.ts';
import type { OutboxApp } from './delivery.ts';
import { createProviderHealth } from './provider-health.ts';

export type OutboxWorker = {
  /** Looks for due messages now, after a commit. Never throws. */
  wake(): void;
  /**
   * Takes no more messages; resolves when those in flight are done (45 seconds at most for each
   * transport).
   */
  stop(): Promise<void>;
  /** Refusals of the provider in a row (ProviderHealth); 0 where they are no news any more. */
  refusals(): number;
};

/** Messages in flight at a time, in each process. */
const parallelSends = 5;

/**
 * Delivers due messages concurrently, on every wake() and every `pollSeconds`. Any number of
 * processes may run one.
 */
export function startOutboxWorker(
  app: OutboxApp,
  options: { readonly pollSeconds: number },
): OutboxWorker {
  const provider = createProviderHealth({ width: parallelSends });
  let stopping = false;
  let awake = false;
  let outage = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | null = null;

  const drain = async (): Promise<void> => {
    try {
      while (!stopping) {
        const { isMore } = await deliverDue(app, { provider });
        if (outage) app.log.info('The outbox reaches the database again.');
        outage = false;
        if (!isMore) return;
      }
    } catch (error) {
      // SECURITY: not the error itself; drizzle's quotes the statement and its parameters (LG-4).
      if (!outage)
        app.log.error(
          { reason: errorName(error) },
          'The outbox does not reach the database; mail waits.',
        );
      outage = true;
    }
  };

  const run = async (): Promise<void> => {
    while (awake && !stopping) {
      awake = false;
      await drain();
    }
    running = null;
    const poll = options.pollSeconds * 1000;
    const wait = Math.min(poll, provider.wait(app.clock.now()) ?? poll);
    if (!stopping) timer = setTimeout(wake, wait).unref();
  };

  const wake = (): void => {
    if (stopping) return;
    awake = true;
    if (running) return;
    clearTimeout(timer);
    running = run();
  };

  wake();
  return {
    wake,
    stop: async () => {
      stopping = true;
      clearTimeout(timer);
      await running;
    },
    refusals: () => (provider.isNews(app.clock.now()) ? provider.refusals() : 0),
  };
}

/** The code of the error or of its cause: `ECONNREFUSED`, `57P01`. */
function errorName(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const code: unknown = Reflect.get(error.cause instanceof Error ? error.cause : error, 'code');
  return typeof code === 'string' && /^\w{1,40}$/.test(code) ? code : error.name;
}
