import { purgeExpired, type RetentionApp } from './purge-expired.ts';

export type RetentionWorker = {
  /** Starts nothing more; resolves when the statement in flight is done. */
  stop(): Promise<void>;
  /** The end of the last pass that did not fail; the start of the worker before the first. */
  lastPass(): Date;
};

type Options = {
  /**
   * Seconds from the start to the first pass, so that a server that keeps restarting does not run
   * one each time.
   */
  readonly firstAfter: number;
  /** Seconds from the end of a pass to the next. */
  readonly every: number;
};

/** Runs purgeExpired at intervals: every process tries, one at a time succeeds. */
export function startRetentionWorker(app: RetentionApp, options: Options): RetentionWorker {
  let stopping = false;
  let lastPass = app.clock.now();
  let running: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;

  const pass = async (): Promise<void> => {
    try {
      const counts = await purgeExpired(app, { alone: true, isStopping: () => stopping });
      lastPass = app.clock.now();
      const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
      if (total > 0)
        app.log.info({ event: 'retention.purged', ...counts }, 'Expired rows were deleted.');
    } catch (error) {
      app.log.error(
        { err: error, event: 'retention.failed' },
        'The purge failed; it is retried later.',
      );
    }
    running = null;
    if (!stopping) schedule(options.every);
  };
  const schedule = (seconds: number): void => {
    timer = setTimeout(() => {
      running = pass();
    }, seconds * 1000).unref();
  };

  schedule(options.firstAfter);
  return {
    stop: async () => {
      stopping = true;
      clearTimeout(timer);
      await running;
    },
    lastPass: () => lastPass,
  };
}
