/** The only source of the current time; tests pass a clock that they can advance. */
export type Clock = { now(): Date };

export const systemClock: Clock = { now: () => new Date() };

/** Later than any time that is waited for; PostgreSQL and JavaScript both have it. */
export const farFuture = new Date('9999-01-01T00:00:00Z');

export function secondsAfter(date: Date, seconds: number): Date {
  return new Date(date.getTime() + seconds * 1000);
}
