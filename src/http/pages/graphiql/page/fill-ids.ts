import type { Ids } from './read-answer.ts';

/**
 * Puts the newest ids where a query leaves them open, or still names one that was filled in before.
 */
export function fillIds(query: string, ids: Ids, earlier: ReadonlySet<string>): string {
  return query.replace(
    /(\b(challengeId|enrollmentId):\s*)"([\w-]*)"/g,
    (whole, start: string, name: keyof Ids, value: string) => {
      const id = ids[name];
      return id !== null && (value === '' || earlier.has(value)) ? `${start}"${id}"` : whole;
    },
  );
}
