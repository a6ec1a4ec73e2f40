import type postgres from 'postgres';
import type { StatementWatch } from '../../observability/tracing.ts';
import { createSemaphore, type Semaphore } from '../../semaphore.ts';
import { isConnectionLost, isWriteRefused } from './failures.ts';
import type { Wire } from './wire.ts';

/** No connection came free in time, or too many wait already; db/failures knows the code (AV-3). */
class PoolExhausted extends Error {
  override readonly name = 'PoolExhausted';
  readonly code = 'POOL_EXHAUSTED';
}

/** For whoever waited in vain. */
export function poolExhausted(): Error {
  return new PoolExhausted('No connection of the pool is free.');
}

/** A statement that was to begin after the end of its operation, or of its transaction. */
class OperationOver extends Error {
  override readonly name = 'OperationOver';
  readonly code = 'OPERATION_OVER';
}

/**
 * postgres.js queues without bound and for ever (AV-3): here a statement waits for a connection so
 * long and no longer.
 */
export function createPoolGate(options: {
  connections: number;
  waiting: number;
  patience: number;
}): Semaphore {
  return createSemaphore({
    width: options.connections,
    queue: options.waiting,
    patience: options.patience,
    refusal: poolExhausted,
  });
}

type Client = postgres.Sql | postgres.TransactionSql;
type Work = (tx: postgres.TransactionSql) => Promise<unknown>;

/** The end of what statements are made for; an AbortSignal is one. */
export type Over = {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
};

type Guards = {
  readonly gate: Semaphore;
  readonly wire: Wire;
  readonly over: Over | null;
  readonly watch?: StatementWatch | undefined;
  /** Whether a statement is to be prepared, by its text. */
  readonly isPrepared: (text: string) => boolean;
};

/**
 * Says yes to the first `limit` texts. The driver sends a statement with parameters in two round
 * trips unless it is prepared, and drizzle asks for that only by name; a text that varies without
 * end, such as a list of values, must not fill every connection's memory.
 */
export function rememberTexts(limit: number): (text: string) => boolean {
  const texts = new Set<string>();
  return (text) => {
    if (texts.has(text)) return true;
    if (texts.size >= limit) return false;
    texts.add(text);
    return true;
  };
}

/**
 * The driver's client, whichever is the current one, with `gate` before each statement and
 * transaction, and with `over` as the end of whatever is done through it: a statement that runs
 * then is cancelled, and none begins any more, so that an open transaction is rolled back. It is
 * made for drizzle, which calls `unsafe` and `begin`, and in a transaction `unsafe` and
 * `savepoint`.
 */
export function guardClient(current: () => postgres.Sql, { gate, ...rest }: Guards): postgres.Sql {
  return new Proxy(current(), {
    get: (_first, name) => {
      const target = current();
      if (name === 'unsafe') return statement(target, { enter: gate.run, ...rest });
      if (name === 'begin') return (work: Work) => gate.run(() => begin(target, { work, ...rest }));
      return Reflect.get(target, name);
    },
  });
}

type Transaction = Omit<Guards, 'gate'> & { isLost: boolean };

/**
 * A transaction whose connection may break off at any time: then it rejects, and nothing of it is
 * done any more.
 */
function begin(
  client: postgres.Sql,
  { work, ...rest }: Omit<Guards, 'gate'> & { work: Work },
): Promise<unknown> {
  const transaction: Transaction = { ...rest, isLost: false };
  const { wire } = rest;
  wire.begins(transaction);
  const begun = client.begin(async (tx) => {
    wire.ends(transaction);
    try {
      return await unlessLost(transaction, () => work(guardTransaction(tx, transaction)));
    } finally {
      // The driver's commit or rollback.
      wire.begins(transaction);
    }
  });
  // The driver rejects by itself where the connection closes, and uses it anew for others while the
  // work may still go on.
  begun.then(
    () => wire.ends(transaction),
    () => {
      transaction.isLost = true;
      wire.ends(transaction);
    },
  );
  return begun;
}

/**
 * The driver writes a `rollback` or `commit` when the work has ended, on a connection that has
 * closed too, and that ends this process (porsager/postgres#1154, #1208). So work on a connection
 * that is lost never ends; the transaction has been rejected without it.
 */
async function unlessLost<T>(transaction: Transaction, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    if (!transaction.isLost) return result;
  } catch (error) {
    if (!transaction.isLost) throw error;
  }
  return new Promise<never>(() => {});
}

/** A transaction has its connection: nothing of it waits for one. */
function guardTransaction(
  tx: postgres.TransactionSql,
  transaction: Transaction,
): postgres.TransactionSql {
  const { wire, over, watch, isPrepared } = transaction;
  const enter: Entrance['enter'] = async (run) => {
    if (transaction.isLost) throw new OperationOver('The transaction is over.');
    try {
      return await run();
    } catch (error) {
      transaction.isLost ||= isConnectionLost(error);
      throw error;
    }
  };
  return new Proxy(tx, {
    get: (target, name) => {
      if (name === 'unsafe') return statement(target, { enter, wire, over, watch, isPrepared });
      if (name === 'savepoint') {
        return (work: Work) =>
          target.savepoint((inner) =>
            unlessLost(transaction, () => work(guardTransaction(inner, transaction))),
          );
      }
      return Reflect.get(target, name);
    },
  });
}

type Entrance = Omit<Guards, 'gate'> & { readonly enter: Semaphore['run'] };

/**
 * Like the driver's own `unsafe`: a promise of rows, or of arrays where `values()` is called on it
 * at once.
 */
function statement(client: Client, { enter, wire, over, watch, isPrepared }: Entrance) {
  return (text: string, parameters?: Parameters<postgres.Sql['unsafe']>[1]) => {
    let asArrays = false;
    const ended = watch?.(text);
    const rows = Promise.resolve().then(() =>
      enter(async () => {
        if (over?.aborted) throw new OperationOver('The operation is over.');
        // biome-ignore lint/plugin: the text is drizzle's, with its parameters beside it.
        const query = client.unsafe(text, parameters, { prepare: isPrepared(text) });
        const cancel = (): void => cancelQuery(query);
        over?.addEventListener('abort', cancel);
        wire.begins(query);
        try {
          const result: unknown = await (asArrays ? query.values() : query);
          return Array.isArray(result) ? withoutDriver(result) : result;
        } catch (error) {
          if (isWriteRefused(error)) wire.refusesWrites();
          throw error;
        } finally {
          wire.ends(query);
          over?.removeEventListener('abort', cancel);
        }
      }),
    );
    if (ended) rows.then(() => ended(), ended);
    return Object.assign(rows, {
      values: () => {
        asArrays = true;
        return rows;
      },
    });
  };
}

/**
 * Takes rows out of the driver's result. The driver's query is held by functions that it assigns to
 * its properties, which V8 makes among old objects at once: what hangs on them stays until the next
 * full collection, at many times the memory that requests need.
 */
function withoutDriver(result: unknown[]): unknown[] {
  return result.splice(0);
}

/**
 * Asks the server to end a statement. Not by the driver's `cancel()`: that throws away the promise
 * of the request, whose rejection, where the server cannot be reached, would end this process.
 */
function cancelQuery(query: object): void {
  const canceller: unknown = Reflect.get(query, 'canceller');
  if (typeof canceller === 'function') Promise.resolve(canceller(query)).catch(() => {});
}
