/** Measurements at the end of a day. */
export type DayEnd = { readonly heapUsed: number; readonly rows: Readonly<Record<string, number>> };

/**
 * Tables that are append-only and never purged; a request that a rate limit refuses writes no row
 * to them (docs/security.md, What grows).
 */
export const trail: readonly string[] = ['audit_events', 'audit_origins'];

/**
 * How much larger the last day may be than the middle one: rate-limit windows and purges do not
 * fall on the same second each day.
 */
export const tolerance = { heapShare: 0.05, rowShare: 0.02, rows: 5 } as const;

const sum = (rows: DayEnd['rows'], names: readonly string[]): number =>
  names.reduce((total, name) => total + (rows[name] ?? 0), 0);

/**
 * Messages about what has grown from the middle day to the last, of days with the same traffic;
 * empty if nothing has. Audit events may grow, but by no more in the second half than in the first.
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
  // With an odd number of days the first half is one day longer.
  const told = sum(middle.rows, trail);
  compare('new rows of the trail', told, sum(last.rows, trail) - told, most(told));
  return grew;
}
