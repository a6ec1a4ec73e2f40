/** Years that a suspension lasts at most. */
const longestSuspension = 5;

export type SuspensionFault = {
  readonly code: 'NOT_IN_FUTURE' | 'TOO_FAR';
  readonly message: string;
};

/** Why an account cannot be suspended until then; null where it can. */
export function suspensionFault(until: Date, now: Date): SuspensionFault | null {
  if (!(until > now))
    return { code: 'NOT_IN_FUTURE', message: 'A time in the future is required.' };
  const latest = new Date(now);
  latest.setUTCFullYear(now.getUTCFullYear() + longestSuspension);
  if (until <= latest) return null;
  return { code: 'TOO_FAR', message: `At most ${longestSuspension} years ahead are allowed.` };
}
