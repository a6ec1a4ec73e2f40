import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { lookInto } from '../../testing/raw-sql.ts';
import { rateLimits } from '../tables/rate-limits.ts';
import { type Database, openPostgres } from './client.ts';

let home: TestDatabase;
let database: Database;
let sockets: Set<Socket>;
beforeAll(async () => {
  home = await createTestDatabase();
});
afterAll(() => home.drop());

const read = () => database.db.select().from(rateLimits);
const write = () =>
  database.db.insert(rateLimits).values({
    key: crypto.getRandomValues(Buffer.alloc(8)),
    count: 1,
    windowEndsAt: new Date(0),
  });
const change = () =>
  database.db.transaction(async (tx) => {
    await tx.insert(rateLimits).values({
      key: crypto.getRandomValues(Buffer.alloc(8)),
      count: 2,
      windowEndsAt: new Date(0),
    });
  });

describe('X-25 idle connections that are all cut at once', () => {
  beforeEach(async () => {
    sockets = new Set();
    const connect = vi.spyOn(Socket.prototype, 'connect');
    database = openPostgres({
      url: home.url ?? '',
      maxConnections: 4,
      applicationName: 'latchkey-cut',
      statementTimeoutMs: 10_000,
    });
    await Promise.all(Array.from({ length: 4 }, read));
    for (const socket of connect.mock.contexts as unknown[])
      if (socket instanceof Socket) sockets.add(socket);
    connect.mockRestore();
    expect(sockets.size).toBe(4);
    // Longer than what counts as rested.
    await sleep(80);
    return () => database.close();
  });

  /** So that the next statement is written before the driver hears of it. */
  const cut = async (): Promise<void> => {
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (const socket of sockets) socket.destroy();
  };

  it.each([
    ['a read', read],
    ['a write', write],
    ['a transaction', change],
  ])('keep %s from nothing', async (_, run) => {
    await cut();
    await run();
  });

  it('keep no one of many from anything, and each write is done once', async () => {
    await database.db.delete(rateLimits);
    await sleep(80);
    await cut();
    const all = [read, write, change];
    await Promise.all(Array.from({ length: 12 }, (_, n) => all[n % 3]?.()));
    expect(await read()).toHaveLength(8);
  });

  it('also where the server ends their sessions', async () => {
    await lookInto(
      { database: home },
      (sql) => sql`select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'latchkey-cut' and datname = current_database()`,
    );
    await Promise.all([read(), write(), change(), read(), write(), change()]);
  });

  it('do not let a write be sent twice that may have been executed', async () => {
    await database.db.delete(rateLimits);
    const written = write();
    // Sent at once, since the connection has been used just now.
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (const socket of sockets) socket.destroy();
    await written.catch(() => {});
    expect((await read()).length).toBeLessThanOrEqual(1);
  });
});
