import type { App } from '../app.ts';
import { databaseTime } from '../db/queries/database-time.ts';

type Watching = Pick<App, 'db' | 'clock' | 'log' | 'metrics'>;

/** Seconds between two looks. */
const every = 60;
/** Seconds: beyond that, codes of authenticator apps are at the edge of their window. */
const worthALine = 5;

/**
 * Compares this machine's clock with the database's, which all servers share, at once and every
 * minute: as a metric, and as a line of the log when it goes wrong and when it is right again.
 */
export function watchClock(app: Watching): { look(): Promise<void>; stop(): void } {
  let wasWrong = false;
  const look = async (): Promise<void> => {
    try {
      const before = app.clock.now().getTime();
      const theirs = await databaseTime(app.db);
      const ours = (before + app.clock.now().getTime()) / 2;
      const offset = (ours - theirs) / 1000;
      app.metrics.clockOffset(offset);
      const isWrong = Math.abs(offset) > worthALine;
      if (isWrong !== wasWrong) report(app, offset, isWrong);
      wasWrong = isWrong;
    } catch {
      // Without the database there is nothing to compare with; readiness says so.
    }
  };
  const timer = setInterval(() => void look(), every * 1000).unref();
  return { look, stop: () => clearInterval(timer) };
}

function report({ log }: Watching, offset: number, isWrong: boolean): void {
  const fields = { event: 'clock.offset', seconds: Math.round(offset * 10) / 10 };
  if (isWrong) {
    const text =
      'The clock of this machine differs from that of the database: tokens and codes of one ' +
      'server fail on another. Run a time service (chrony, systemd-timesyncd) on both.';
    log.warn(fields, text);
  } else log.info(fields, 'The clock of this machine is right again.');
}
