import { eq } from 'drizzle-orm';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { lookInto } from '../../testing/raw-sql.ts';
import { rateLimits } from '../tables/rate-limits.ts';
import type { Db } from './client.ts';
import { inTransaction, type Transaction } from './transaction.ts';

describe('a transaction and its after-commit work', () => {
  let test: TestDatabase;
  let logLines: string[];
  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(() => test.drop());
  beforeEach(async () => {
    logLines = [];
    await test.database.db.delete(rateLimits);
  });

  const log = pino({}, { write: (line: string) => void logLines.push(line) });
  const begin = <Result>(run: (tx: Transaction) => Promise<Result>, db: Db = test.database.db) =>
    inTransaction({ db, log }, run);
  const write = (db: Db, name: string) =>
    db.insert(rateLimits).values({ key: Buffer.from(name), count: 1, windowEndsAt: new Date(0) });
  /** Whether another connection sees the row. */
  const isVisible = async (name: string) =>
    (
      await test.database.db
        .select()
        .from(rateLimits)
        .where(eq(rateLimits.key, Buffer.from(name)))
    ).length > 0;

  it('runs what was enlisted once it is committed, and not before', async () => {
    const seen: string[] = [];
    const result = await begin(async (tx) => {
      await write(tx, 'row');
      tx.afterCommit(async () => void seen.push(`work: ${await isVisible('row')}`));
      seen.push(`transaction: ${await isVisible('row')}`);
      return 'done';
    });
    expect(result).toBe('done');
    expect(seen).toEqual(['transaction: false', 'work: true']);
  });

  it('runs nothing after a rollback', async () => {
    const runs: number[] = [];
    const change = begin(async (tx) => {
      await write(tx, 'row');
      tx.afterCommit(() => void runs.push(0));
      throw new Error('The change failed.');
    });
    await expect(change).rejects.toThrow('The change failed.');
    expect(runs).toHaveLength(0);
    expect(await isVisible('row')).toBe(false);
  });

  it('runs nothing where the connection is lost before the commit', async () => {
    const runs: number[] = [];
    const change = begin(async (tx) => {
      await write(tx, 'row');
      tx.afterCommit(() => void runs.push(0));
      await lookInto(
        { database: test },
        (sql) => sql`
          select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and state = 'idle in transaction'`,
      );
    });
    await expect(change).rejects.toThrow();
    expect(runs).toHaveLength(0);
    expect(await isVisible('row')).toBe(false);
  });

  it('runs the same work once, however often and from wherever it was enlisted', async () => {
    const runs: number[] = [];
    const work = () => void runs.push(0);
    await begin(async (tx) => {
      tx.afterCommit(work);
      tx.afterCommit(work);
      await begin(async (inner) => inner.afterCommit(work), tx);
      expect(runs).toHaveLength(0);
    });
    expect(runs).toHaveLength(1);
  });

  it('joins the transaction that it is used in: one commit, one rollback', async () => {
    const seen: string[] = [];
    await begin(async (tx) => {
      await begin(async (inner) => {
        await write(inner, 'inner');
        inner.afterCommit(() => void seen.push('work'));
      }, tx);
      seen.push(`inner returned: ${await isVisible('inner')}`);
    });
    expect(seen).toEqual(['inner returned: false', 'work']);

    const failing = begin(async (tx) => {
      await write(tx, 'outer');
      await begin(async () => {
        throw new Error('The inner one failed.');
      }, tx);
    });
    await expect(failing).rejects.toThrow('The inner one failed.');
    expect(await isVisible('outer')).toBe(false);
  });

  it('logs work that fails, runs the rest, and answers normally', async () => {
    const runs: number[] = [];
    const result = await begin(async (tx) => {
      tx.afterCommit(() => {
        throw new Error('The worker is gone.');
      });
      tx.afterCommit(() => Promise.reject(new Error('This one too.')));
      tx.afterCommit(() => void runs.push(0));
      return 'done';
    });
    expect(result).toBe('done');
    expect(runs).toHaveLength(1);
    expect(logLines.map((line) => JSON.parse(line).event)).toEqual([
      'after_commit.failed',
      'after_commit.failed',
    ]);
  });

  it('keeps the work of concurrent transactions separate', async () => {
    const runs: number[] = [];
    const changes = Array.from({ length: 24 }, (_, index) =>
      begin(async (tx) => {
        tx.afterCommit(() => void runs.push(index));
        await write(tx, `row ${index}`);
        if (index % 2 === 1) throw new Error('The change failed.');
      }),
    );
    const outcomes = await Promise.allSettled(changes);
    const committed = outcomes.flatMap(({ status }, index) =>
      status === 'fulfilled' ? [index] : [],
    );
    expect(committed).toHaveLength(12);
    expect(runs.sort((one, other) => one - other)).toEqual(committed);
  });
});
