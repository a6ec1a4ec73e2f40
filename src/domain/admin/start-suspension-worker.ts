import { endSuspensions, type SuspensionApp } from './end-suspensions.ts';

export type SuspensionWorker = {
  /** Starts nothing more; resolves when the statement in flight is done. */
  stop(): Promise<void>;
};

/** Runs endSuspensions every so many seconds, in every process. */
export function startSuspensionWorker(
  app: SuspensionApp,
  { everySeconds }: { readonly everySeconds: number },
): SuspensionWorker {
  let stopping = false;
  let failing = false;
  let running: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;

  const pass = async (): Promise<void> => {
    try {
      await endSuspensions(app, { isStopping: () => stopping });
      failing = false;
    } catch (error) {
      // Once for an outage, which the log is full of anyway.
      if (!failing)
        app.log.error(
          { err: error, event: 'suspensions.failed' },
          'Accounts whose suspension has ended were not opened; it is retried.',
        );
      failing = true;
    }
    running = null;
    if (!stopping) schedule();
  };
  const schedule = (): void => {
    timer = setTimeout(() => {
      running = pass();
    }, everySeconds * 1000).unref();
  };

  schedule();
  return {
    stop: async () => {
      stopping = true;
      clearTimeout(timer);
      await running;
    },
  };
}
