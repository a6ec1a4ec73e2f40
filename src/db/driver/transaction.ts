import type { Logger } from 'pino';
import type { Db } from './client.ts';

/** A transaction; statements run on it as on any Db. */
export type Transaction = Db & {
  /**
   * Enlists work for after the commit, such as waking a worker. It runs once however often it is
   * enlisted, and not at all after a rollback. Work that must not be lost belongs in the outbox.
   */
  readonly afterCommit: (work: Work) => void;
};

type Work = () => void | Promise<void>;

type Input = { readonly db: Db; readonly log: Pick<Logger, 'error'> };

/**
 * Runs `run` in one transaction and, once that is committed, the enlisted work. Within a
 * transaction it joins that one. Enlisted work that fails is only logged: the change is committed,
 * and the caller must not be told otherwise.
 */
export async function inTransaction<Result>(
  { db, log }: Input,
  run: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  if (isTransaction(db)) return run(db);
  const enlisted = new Set<Work>();
  const result = await db.transaction((tx) => {
    // After a conflict it runs again, and what the first run enlisted is undone with it.
    enlisted.clear();
    const afterCommit = (work: Work): void => void enlisted.add(work);
    return run(Object.assign(tx, { afterCommit }));
  });
  for (const work of enlisted) {
    try {
      await work();
    } catch (error) {
      log.error({ err: error, event: 'after_commit.failed' }, 'Work after a commit failed.');
    }
  }
  return result;
}

function isTransaction(db: Db): db is Transaction {
  return 'afterCommit' in db;
}
