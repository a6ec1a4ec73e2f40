import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secondsAfter } from '../../clock.ts';
import { suspendUser } from '../../db/queries/user-administration.ts';
import { findUserById } from '../../db/queries/users.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { registerPerson } from '../../testing/people.ts';
import { auditOf } from '../../testing/rows.ts';
import { startSuspensionWorker } from './start-suspension-worker.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

async function suspended(): Promise<string> {
  const { id } = await registerPerson(server);
  const now = server.clock.now();
  await suspendUser(server.app.db, { id, now, until: secondsAfter(now, 60) });
  return id;
}

describe('the worker that ends suspensions', () => {
  it('opens accounts that are due by the clock, and nothing more once it has stopped', async () => {
    const first = await suspended();
    const worker = startSuspensionWorker(server.app, { everySeconds: 0.01 });
    server.clock.advance(61);
    await expect
      .poll(async () => (await findUserById(server.app.db, { id: first }))?.suspendedAt)
      .toBeNull();
    await worker.stop();
    const second = await suspended();
    server.clock.advance(61);
    expect(await findUserById(server.app.db, { id: second })).toMatchObject({
      suspendedAt: expect.any(Date),
    });
    expect(await auditOf(server, second, 'user.reinstated')).toEqual([]);
  });

  it('says once that the database is away, and goes on when it is back', async () => {
    const id = await suspended();
    server.clock.advance(61);
    let isAway = true;
    let tries = 0;
    const db: TestServer['app']['db'] = Object.create(server.app.db, {
      transaction: {
        value: (...rest: Parameters<typeof server.app.db.transaction>) => {
          tries += 1;
          if (isAway) return Promise.reject(new Error('away'));
          return server.app.db.transaction(...rest);
        },
      },
    });
    const told = () => server.logLines.filter((line) => line.includes('suspensions.failed')).length;
    const before = told();
    const worker = startSuspensionWorker({ ...server.app, db }, { everySeconds: 0.01 });
    await expect.poll(() => tries).toBeGreaterThan(3);
    expect(told() - before).toBe(1);
    isAway = false;
    await expect
      .poll(async () => (await findUserById(server.app.db, { id }))?.suspendedAt)
      .toBeNull();
    await worker.stop();
  });
});
