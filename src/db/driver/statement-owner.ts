import type { StatementWatch } from '../../observability/tracing.ts';
import type { Over } from './pool.ts';

/**
 * The operation that a statement is made for: the end of its time, and who is told of its
 * statements.
 */
export type StatementOwner = {
  readonly over: Over | null;
  readonly watch?: StatementWatch | undefined;
};

/**
 * The owner of a statement that is made for several. Its end is that of the first of them: an
 * operation that was told that its time is over must not have something done for it afterwards
 * (GQ-15). Whoever shares it with others asks again for those that are in time.
 */
export function sharedOwner(owners: readonly StatementOwner[]): {
  over: Over;
  watch: StatementWatch | undefined;
} {
  const ends = owners.flatMap(({ over }) => over ?? []);
  const watches = owners.flatMap(({ watch }) => watch ?? []);
  return {
    over: {
      get aborted() {
        return ends.some(({ aborted }) => aborted);
      },
      addEventListener: (type, listener) => {
        for (const end of ends) end.addEventListener(type, listener);
      },
      removeEventListener: (type, listener) => {
        for (const end of ends) end.removeEventListener(type, listener);
      },
    },
    watch: watches.length === 0 ? undefined : watchedByAll(watches),
  };
}

function watchedByAll(watches: readonly StatementWatch[]): StatementWatch {
  return (text) => {
    const ended = watches.map((watch) => watch(text));
    return (error) => {
      for (const end of ended) end(error);
    };
  };
}
