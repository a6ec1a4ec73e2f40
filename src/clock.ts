/** The only source of the current time; tests pass a clock that they can advance. */
export type Clock = { now(): Date };

export const systemClock: Clock = { now: () => new Date() };

export function secondsAfter(date: Date, seconds: number): Date {
  return new Date(date.getTime() + seconds * 1000);
}
