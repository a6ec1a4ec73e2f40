import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { expect, it } from 'vitest';
import { createTestDatabase } from '../../testing/database.ts';
import { startTcpGate } from '../../testing/tcp-gate.ts';
import { rateLimits } from '../tables/rate-limits.ts';
import { type Db, openPostgres } from './client.ts';

const insert = (db: Db) =>
  db.insert(rateLimits).values({ key: Buffer.from('x'), count: 1, windowEndsAt: new Date() });
const holdOn = (db: Db) => db.select({ waited: sql`pg_sleep(5)` }).from(sql`(select 1) as one`);

it.each([
  { cutAt: 'under a statement', goOn: false },
  { cutAt: 'under a statement', goOn: true },
  { cutAt: 'between statements', goOn: false },
  { cutAt: 'between statements', goOn: true },
])(
  'AV-6 a transaction whose connection closes $cutAt does not continue on another: $goOn',
  async ({ cutAt, goOn }) => {
    const home = await createTestDatabase();
    const target = new URL(home.url ?? '');
    const gate = await startTcpGate({ host: target.hostname, port: Number(target.port) });
    const url = new URL(target);
    url.port = String(gate.port);
    const { db, close } = openPostgres({
      url: url.href,
      maxConnections: 1,
      applicationName: 'latchkey-test',
      statementTimeoutMs: 10_000,
    });
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('uncaughtException', note).on('unhandledRejection', note);

    let late: unknown = 'not tried';
    const steps = new EventEmitter();
    const begun = once(steps, 'begun');
    const proceed = once(steps, 'proceed');
    const done = once(steps, 'done');
    const transaction = db.transaction(async (tx) => {
      try {
        await insert(tx);
        const held = cutAt === 'under a statement' ? holdOn(tx).catch(() => {}) : null;
        steps.emit('begun');
        await held;
        await proceed;
        if (goOn) late = await insert(tx).catch((error: unknown) => error);
      } finally {
        steps.emit('done');
      }
    });
    const rejected = expect(transaction).rejects.toThrow();
    await Promise.race([begun, transaction]);
    await gate.cut();
    await rejected;
    await gate.open();
    // The pool's only connection is available again, and others use it.
    while (
      (await db
        .select()
        .from(rateLimits)
        .catch(() => null)) === null
    )
      await sleep(50);
    steps.emit('proceed');
    await done;
    // The driver would send a commit or a rollback at the end of this turn of the event loop.
    await sleep(100);

    if (goOn) expect(late).toBeInstanceOf(Error);
    expect(await db.select().from(rateLimits)).toEqual([]);
    expect(unhandled).toEqual([]);
    process.off('uncaughtException', note).off('unhandledRejection', note);
    await close();
    await gate.close();
    await home.drop();
  },
  120_000,
);
