import { secondsAfter } from '../clock.ts';

const units = { m: 60, h: 3600, d: 86_400 } as const;

/**
 * The moment of `--until`: a duration from now (`90m`, `12h`, `7d`), a day, or a time with its
 * zone. Null for anything else: a time without a zone would depend on the machine.
 */
export function readUntil(text: string, now: Date): Date | null {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count !== undefined && (unit === 'm' || unit === 'h' || unit === 'd'))
    return secondsAfter(now, Number(count) * units[unit]);
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text))
    return null;
  const moment = new Date(text);
  const isThere = !Number.isNaN(moment.getTime());
  // JavaScript takes February 30 for March 2.
  const isDay = isThere && (text.length > 10 || moment.toISOString().startsWith(text));
  return isDay ? moment : null;
}
