import type { Db } from '../db/driver/client.ts';

type Session = Db['_']['session'];

export type Steps = {
  /** A proxy of the database that counts each step. */
  watch(db: Db): Db;
  /**
   * Calls `act` before the n-th step from now. A step is a statement, the commit of a transaction,
   * or the moment after the commit.
   */
  arm(step: number, act: () => void): void;
  /** The number of steps since the last call of `arm`. */
  steps(): number;
};

/** Lets a test stop a process between any two steps of its database work, as a crash would. */
export function countSteps(): Steps {
  let taken = 0;
  let at = 0;
  let act = (): void => {};
  const step = (): void => {
    taken += 1;
    if (taken === at) act();
  };
  return {
    watch: (db) => watchDb(db, step),
    arm: (nth, action) => {
      taken = 0;
      at = nth;
      act = action;
    },
    steps: () => taken,
  };
}

function watchDb(db: Db, step: () => void): Db {
  return new Proxy(db, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key);
      if (key === '_') return { ...target._, session: watchSession(target._.session, step) };
      if (typeof value !== 'function') return value;
      if (key !== 'transaction')
        return (...args: unknown[]) => watchQuery(value.apply(target, args), step);
      return async (work: (tx: Db) => Promise<unknown>, ...rest: unknown[]) => {
        const workThenStep = async (tx: Db): Promise<unknown> => {
          const result = await work(watchDb(tx, step));
          step();
          return result;
        };
        const result: unknown = await value.apply(target, [workThenStep, ...rest]);
        step();
        return result;
      };
    },
  });
}

/** Statements of db/driver/built-once bypass the query builders: the session prepares them. */
function watchSession(session: Session, step: () => void): Session {
  return new Proxy(session, {
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
}

/** The query builders of drizzle are thenables, which send the statement when they are awaited. */
function watchQuery(query: unknown, step: () => void): unknown {
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
            return Promise.reject(error).then(undefined, onFailed as (reason: unknown) => unknown);
          }
          return value.apply(target, [onDone, onFailed]);
        };
      }
      return (...args: unknown[]) => watchQuery(value.apply(target, args), step);
    },
  });
}

function isBuilder(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return ['then', 'values', 'set', 'from', 'insert', 'update', 'delete', 'select'].some(
    (name) => typeof Reflect.get(value, name) === 'function',
  );
}
