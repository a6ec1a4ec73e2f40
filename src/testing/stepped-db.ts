import type { Db } from '../db/driver/client.ts';

type Session = Db['_']['session'];

export type Steps = {
  /** The same database, each step counted. */
  watch(db: Db): Db;
  /**
   * Calls `act` before the n-th step from now: a statement, the commit of a transaction, or what
   * comes after the commit.
   */
  arm(step: number, act: () => void): void;
  /** Steps since it was armed last. */
  steps(): number;
};

/** For databases that can be stopped between any two steps, as a process that dies stops them. */
export function countSteps(): Steps {
  let taken = 0;
  let at = 0;
  let act = (): void => {};
  const step = (): void => {
    taken += 1;
    if (taken === at) act();
  };

  const wrapDb = (inner: Db): Db =>
    new Proxy(inner, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        if (key === '_') return { ...target._, session: wrapSession(target._.session) };
        if (typeof value !== 'function') return value;
        if (key !== 'transaction')
          return (...args: unknown[]) => wrapQuery(value.apply(target, args));
        return async (work: (tx: Db) => Promise<unknown>, ...rest: unknown[]) => {
          const result: unknown = await value.apply(target, [
            async (tx: Db) => {
              const done = await work(wrapDb(tx));
              step();
              return done;
            },
            ...rest,
          ]);
          step();
          return result;
        };
      },
    });

  /** Statements that were built before (db/driver/built-once) are made by the session itself. */
  const wrapSession = (session: Session): Session =>
    new Proxy(session, {
      get: (target, key) => {
        if (key !== 'prepareQuery') return Reflect.get(target, key);
        return (...args: Parameters<Session['prepareQuery']>) => {
          const statement = target.prepareQuery(...args);
          return {
            execute: async (values: Record<string, unknown>) => {
              step();
              return statement.execute(values);
            },
          };
        };
      },
    });

  /** Builders of drizzle are thenables: the statement goes out when one is awaited. */
  const wrapQuery = (query: unknown): unknown => {
    if (!isBuilder(query)) return query;
    return new Proxy(query, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        if (key === 'then') {
          return (onDone: unknown, onFailed: unknown) => {
            try {
              step();
            } catch (error) {
              return Promise.reject(error).then(
                undefined,
                onFailed as (reason: unknown) => unknown,
              );
            }
            return value.apply(target, [onDone, onFailed]);
          };
        }
        return (...args: unknown[]) => wrapQuery(value.apply(target, args));
      },
    });
  };

  return {
    watch: wrapDb,
    arm: (step, doing) => {
      taken = 0;
      at = step;
      act = doing;
    },
    steps: () => taken,
  };
}

function isBuilder(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return ['then', 'values', 'set', 'from', 'insert', 'update', 'delete', 'select'].some(
    (name) => typeof Reflect.get(value, name) === 'function',
  );
}
