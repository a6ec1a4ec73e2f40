/** What was there at the end of a day. */
export type DayEnd = { readonly heapUsed: number; readonly rows: Readonly<Record<string, number>> };

/**
 * Never altered, so nothing is purged from them; what limits refuse leaves no row there
 * (docs/security.md, What grows).
 */
export const trail: readonly string[] = ['audit_events', 'audit_origins'];

/**
 * By how much the last day may have more than the middle one: windows and purges do not fall on the
 * same second each day.
 */
export const tolerance = { heapShare: 0.05, rowShare: 0.02, rows: 5 } as const;

const sum = (rows: DayEnd['rows'], names: readonly string[]): number =>
  names.reduce((total, name) => total + (rows[name] ?? 0), 0);

/**
 * Sentences that say what has grown from the middle day to the last one, of days with the same
 * traffic; empty where all has levelled off. The trail may grow, but by no more in the second half
 * than in the first.
 */
export function whatGrew(days: readonly DayEnd[]): string[] {
  const middle = days[Math.ceil(days.length / 2) - 1];
  const last = days.at(-1);
  if (middle === undefined || last === undefined) return ['There was no day.'];
  const grew: string[] = [];
  const compare = (what: string, before: number, after: number, most: number): void => {
    if (after > most)
      grew.push(`${what}: ${before} by the middle day, ${after} by the last, more than ${most}.`);
  };
  const most = (rows: number): number =>
    Math.floor(rows * (1 + tolerance.rowShare)) + tolerance.rows;
  compare(
    'heap',
    middle.heapUsed,
    last.heapUsed,
    Math.floor(middle.heapUsed * (1 + tolerance.heapShare)),
  );
  for (const [table, after] of Object.entries(last.rows)) {
    const before = middle.rows[table] ?? 0;
    if (!trail.includes(table)) compare(table, before, after, most(before));
  }
  // Of an odd number of days the first half is the longer one.
  const told = sum(middle.rows, trail);
  compare('new rows of the trail', told, sum(last.rows, trail) - told, most(told));
  return grew;
}
