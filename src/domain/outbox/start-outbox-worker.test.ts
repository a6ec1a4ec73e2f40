import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openPostgres } from '../../db/driver/client.ts';
import { outboxMessages } from '../../db/tables/outbox-messages.ts';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import {
  createCountingMailer,
  createOutboxApp,
  enqueueMail,
  type TestOutboxApp,
} from '../../testing/outbox-app.ts';
import type { OutboxApp } from './delivery.ts';
import { enqueueEmail } from './enqueue-email.ts';
import { startOutboxWorker } from './start-outbox-worker.ts';

const waitLong = { timeout: 60_000, interval: 20 };

describe('the outbox worker', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(() => test.drop());
  beforeEach(async () => {
    await test.database.db.delete(outboxMessages);
  });

  const mailTo = (to: string) => ({
    to,
    locale: null,
    content: { template: 'step-up-code', code: '042719' } as const,
  });
  const enqueue = (app: TestOutboxApp) =>
    enqueueMail({ ...app, db: test.database.db }, mailTo('ada@example.org'));
  const sentCount = async () =>
    (await test.database.db.select().from(outboxMessages)).filter(({ sentAt }) => sentAt !== null)
      .length;

  it('EM-5 two workers on one database send each of 200 mails once', async () => {
    const mailer = createCountingMailer({ milliseconds: 2 });
    const one = createOutboxApp({ db: test.database.db, mailer });
    await one.transaction(async (db) => {
      for (let count = 0; count < 200; count += 1)
        await enqueueEmail(one, { db, ...mailTo(`u${count}@example.org`) });
    });
    const second = openPostgres({
      url: test.url ?? '',
      maxConnections: 5,
      applicationName: 'second',
      statementTimeoutMs: 5000,
    });
    const other = createOutboxApp({ db: second.db, mailer, clock: one.clock });

    const workers = [one, other, one, other].map((app) =>
      startOutboxWorker(app, { pollSeconds: 0.02 }),
    );
    await vi.waitFor(async () => expect(await sentCount()).toBe(200), waitLong);
    await Promise.all(workers.map((worker) => worker.stop()));
    await second.close();

    expect(mailer.sends).toHaveLength(200);
    expect(new Set(mailer.sends).size).toBe(200);
    expect(mailer.overlaps).toEqual([]);
    const rows = await test.database.db.select().from(outboxMessages);
    expect(
      rows.every(({ attempts, sealedPayload }) => attempts === 1 && sealedPayload === null),
    ).toBe(true);
  });

  it('EM-5 sends at once when woken, and again what was enqueued while it was busy', async () => {
    const mailer = createCountingMailer({ milliseconds: 50 });
    const app = createOutboxApp({ db: test.database.db, mailer });
    const worker = startOutboxWorker(app, { pollSeconds: 3600 });
    await enqueue(app);
    worker.wake();
    await vi.waitFor(() => expect(mailer.sends).toHaveLength(1), waitLong);
    await enqueue(app);
    worker.wake();
    await vi.waitFor(async () => expect(await sentCount()).toBe(2), waitLong);
    await worker.stop();
  });

  it('EM-5 finds by polling what it was not woken for, as from another process', async () => {
    const mailer = createCountingMailer({ milliseconds: 0 });
    const app = createOutboxApp({ db: test.database.db, mailer });
    const worker = startOutboxWorker(app, { pollSeconds: 0.05 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await enqueue(app);
    await vi.waitFor(async () => expect(await sentCount()).toBe(1), waitLong);
    await worker.stop();
  });

  it('EM-5 stops after the delivery in flight, and takes no further row', async () => {
    const mailer = createCountingMailer({ milliseconds: 200 });
    const app = createOutboxApp({ db: test.database.db, mailer });
    for (let count = 0; count < 12; count += 1) await enqueue(app);
    const worker = startOutboxWorker(app, { pollSeconds: 0.01 });
    await vi.waitFor(() => expect(mailer.sends.length).toBeGreaterThan(0), waitLong);
    await worker.stop();
    const sent = await sentCount();
    expect(sent).toBe(mailer.sends.length);
    expect(sent).toBeLessThan(12);
    worker.wake();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(mailer.sends).toHaveLength(sent);
    await worker.stop();
  });

  it('EM-5 survives a database outage, which is one line of log', async () => {
    const mailer = createCountingMailer({ milliseconds: 0 });
    const gone = openPostgres({
      url: 'postgres://nobody:secret@127.0.0.1:1/none',
      maxConnections: 1,
      applicationName: 'gone',
      statementTimeoutMs: 1000,
    });
    let db = gone.db;
    const base = createOutboxApp({ db, mailer });
    const app: OutboxApp = Object.defineProperty({ ...base }, 'db', { get: () => db });
    await enqueue(base);

    const outages = () =>
      base.logLines.filter((line) => line.includes('does not reach the database'));
    const worker = startOutboxWorker(app, { pollSeconds: 0.02 });
    await vi.waitFor(() => expect(outages()).toHaveLength(1), waitLong);
    for (let count = 0; count < 5; count += 1) {
      worker.wake();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(outages()).toHaveLength(1);
    expect(outages()[0]).toContain('"reason":"ECONNREFUSED"');
    expect(base.logLines.join('')).not.toMatch(/secret|select|params/i);

    db = test.database.db;
    await vi.waitFor(async () => expect(await sentCount()).toBe(1), waitLong);
    expect(
      base.logLines.filter((line) => line.includes('reaches the database again')),
    ).toHaveLength(1);
    await worker.stop();
    await gone.close();
  });
});
