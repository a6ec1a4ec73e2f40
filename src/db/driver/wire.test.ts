import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { createTestDatabase } from '../../testing/database.ts';
import { startEmbeddedPostgres } from '../../testing/embedded-postgres.ts';
import { withAdmin } from '../../testing/global-setup.ts';
import { startDatabaseGate } from '../../testing/tcp-gate.ts';
import { migratePostgres } from '../migrate.ts';
import { rateLimits } from '../tables/rate-limits.ts';
import { type Database, openPostgres } from './client.ts';
import { joinHosts } from './host-urls.ts';

const open = (url: string): Database =>
  openPostgres({
    url,
    maxConnections: 2,
    applicationName: 'latchkey-test',
    statementTimeoutMs: 500,
  });
const write = ({ db }: Database) =>
  db
    .insert(rateLimits)
    .values({ key: crypto.getRandomValues(Buffer.alloc(8)), count: 1, windowEndsAt: new Date() });

describe('the connections of a pool', { timeout: 120_000 }, () => {
  it('AV-6 to a machine that has fallen silent are dropped, and new ones are opened', async () => {
    const home = await createTestDatabase();
    const { gate, url } = await startDatabaseGate(home.url);
    const database = open(url);
    await write(database);
    gate.silence();
    const statements = await Promise.allSettled([
      write(database),
      database.db.transaction(async () => 'begun'),
    ]);
    // TCP alone would wait a quarter of an hour, longer than this test may take.
    expect(statements.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await gate.open();
    // Both connections are opened again.
    await Promise.all([write(database), write(database)]);
    await database.close();
    await gate.close();
    await home.drop();
  });

  it('AV-6 to a host that refuses writes are closed, so that the primary is found', async () => {
    // A server of its own: the setting is the whole server's, as where it is about to hand over.
    const home = await startEmbeddedPostgres();
    await migratePostgres(home.url);
    const refuseWrites = (value: string) =>
      withAdmin(home.url, async (sql) => {
        await sql`set default_transaction_read_only = off`;
        // biome-ignore lint/plugin: `on` or `off`.
        await sql.unsafe(`alter system set default_transaction_read_only = ${value}`);
        await sql`select pg_reload_conf()`;
      });
    const takesWrites = async () => {
      const [row] = await withAdmin(home.url, (sql) => sql`show default_transaction_read_only`);
      return row?.['default_transaction_read_only'] === 'off';
    };
    await refuseWrites('on');
    while (await takesWrites()) await sleep(20);
    const one = open(home.url);
    const two = open(joinHosts([home.url, home.url.replace('127.0.0.1', 'localhost')]));
    await expect(write(one)).rejects.toMatchObject({ cause: { code: '25006' } });
    await expect(write(two)).rejects.toMatchObject({ cause: { code: 'NO_PRIMARY' } });
    expect(await one.unpinned()).toEqual([
      { name: 'default_transaction_read_only', value: 'on', wanted: 'off' },
    ]);
    await refuseWrites('off');
    while (!(await takesWrites())) await sleep(20);
    await write(one);
    await write(two);
    for (const database of [one, two]) await database.close();
    await home.stop();
  });

  it('AV-6 that closed just before a statement was written are replaced at once', async () => {
    const home = await createTestDatabase();
    const connect = vi.spyOn(Socket.prototype, 'connect');
    const database = openPostgres({
      url: home.url ?? '',
      maxConnections: 1,
      applicationName: 'latchkey-test',
      statementTimeoutMs: 60_000,
    });
    await database.ping();
    const [socket]: unknown[] = connect.mock.contexts;
    connect.mockRestore();
    // The `close` events come right after this, and only then would the driver write.
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (!(socket instanceof Socket)) throw new Error('There is no connection.');
    socket.destroy();
    await expect(database.ping()).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    // Over the same connection it would wait for a minute.
    await database.ping();
    await database.close();
    await home.drop();
  });
});
