export type CountingFetch = {
  readonly fetch: typeof fetch;
  /** How many requests named this field. */
  of(field: string): number;
  /** From now on requests that name this field fail as without a network. */
  fail(field: string): void;
  /** From now on requests that name this field get no answer, and heed no signal. */
  swallow(field: string): void;
  mend(): void;
};

/** The real fetch, with a record of its requests. */
export function countingFetch(): CountingFetch {
  const sent: string[] = [];
  let failing: RegExp | null = null;
  let swallowed: RegExp | null = null;
  const word = (field: string): RegExp => new RegExp(`\\b${field}\\b`);
  return {
    fetch: async (input, init) => {
      const body = String(init?.body ?? '');
      sent.push(body);
      if (failing?.test(body)) throw new TypeError('fetch failed');
      if (swallowed?.test(body)) return new Promise(() => {});
      return fetch(input, init);
    },
    of: (field) => sent.filter((body) => word(field).test(body)).length,
    fail: (field) => {
      failing = word(field);
    },
    swallow: (field) => {
      swallowed = word(field);
    },
    mend: () => {
      failing = null;
      swallowed = null;
    },
  };
}
