import type { Logger } from 'pino';

type Options = { readonly perMinute?: number; readonly now?: () => number };

/**
 * Logs what strangers cause: at `info`, and so many lines of an event in a minute at most, so that
 * nobody fills a disk. How many were left out is said with the next line that is not.
 */
export function boundedLog(
  log: Pick<Logger, 'info'>,
  { perMinute = 30, now = () => performance.now() }: Options = {},
) {
  const windows = new Map<string, { readonly began: number; lines: number; leftOut: number }>();
  return (fields: { readonly event: string; readonly [name: string]: unknown }, text: string) => {
    const { event } = fields;
    let window = windows.get(event);
    const leftOut = window?.leftOut ?? 0;
    const isOver = window === undefined || now() - window.began >= 60_000;
    if (window === undefined || isOver) {
      window = { began: now(), lines: 0, leftOut: 0 };
      windows.set(event, window);
    }
    if (window.lines >= perMinute) {
      window.leftOut += 1;
      return;
    }
    window.lines += 1;
    log.info(isOver && leftOut > 0 ? { ...fields, leftOut } : fields, text);
  };
}
