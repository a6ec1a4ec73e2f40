import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { secondsAfter } from '../../clock.ts';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { outboxMessages } from '../tables/outbox-messages.ts';
import {
  insertOutboxMessage,
  leaseDueMessages,
  markMessageFailed,
  markMessageSent,
  postponeMessage,
  releasePostponed,
} from './outbox.ts';

const now = new Date('2026-11-23T08:41:00.000Z');
const leaseUntil = secondsAfter(now, 60);
const idOf = (index: number) => `0193f5f0-0000-7000-8000-${String(index).padStart(12, '0')}`;

describe('rows of the outbox, on PostgreSQL and on PGlite', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(() => test.drop());
  beforeEach(async () => {
    const { db } = test.database;
    await db.delete(outboxMessages);
    for (let index = 0; index < 6; index += 1) {
      await insertOutboxMessage(db, {
        kind: 'mail',
        id: idOf(index),
        template: 'none',
        sealedPayload: Uint8Array.of(index),
        availableAt: secondsAfter(now, -index),
        expiresAt: secondsAfter(now, 600),
        createdAt: now,
      });
    }
  });

  const onlyLeased = async (limit: number) => {
    const order = 'newestOrPostponed';
    const [row, ...more] = await leaseDueMessages(test.database.db, {
      now,
      leaseUntil,
      limit,
      order,
    });
    expect(more).toEqual([]);
    return row;
  };

  it('EM-5 leases no row that is sent, failed, postponed or leased', async () => {
    const { db } = test.database;
    await markMessageSent(db, { id: idOf(0), now });
    await markMessageFailed(db, { id: idOf(1), attempts: 0, now, lastError: 'x' });
    await postponeMessage(db, {
      id: idOf(2),
      attempts: 0,
      availableAt: secondsAfter(now, 1),
      lastError: 'x',
      waitsForProvider: true,
    });
    expect(
      (await leaseDueMessages(db, { now, leaseUntil, limit: 2 })).map(({ id }) => id).sort(),
    ).toEqual([idOf(4), idOf(5)]);
    const [last, ...more] = await leaseDueMessages(db, { now, leaseUntil, limit: 100 });
    expect(more).toEqual([]);
    expect(last).toEqual({
      id: idOf(3),
      kind: 'mail',
      template: 'none',
      sealedPayload: expect.any(Uint8Array),
      attempts: 1,
      expiresAt: secondsAfter(now, 600),
      lastError: null,
    });
    expect(last?.sealedPayload).toHaveLength(1);
  });

  it('EM-5 two concurrent workers never get the same row', async () => {
    const { db } = test.database;
    const taken = await Promise.all(
      Array.from({ length: 6 }, () => leaseDueMessages(db, { now, leaseUntil, limit: 2 })),
    );
    const ids = taken.flat().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('X-39 releases what waits for the provider little by little, the newest first', async () => {
    const { db } = test.database;
    const later = secondsAfter(now, 300);
    const postpone = (index: number, availableAt: Date, waitsForProvider: boolean) =>
      postponeMessage(db, {
        id: idOf(index),
        attempts: 0,
        availableAt,
        lastError: 'x',
        waitsForProvider,
      });
    for (let index = 0; index < 6; index += 1)
      await db
        .update(outboxMessages)
        .set({ createdAt: secondsAfter(now, index) })
        .where(eq(outboxMessages.id, idOf(index)));
    await postpone(0, secondsAfter(now, 0.2), true);
    for (const index of [1, 2, 3]) await postpone(index, later, true);
    await postpone(4, later, false);
    await db
      .update(outboxMessages)
      .set({ availableAt: leaseUntil })
      .where(eq(outboxMessages.id, idOf(5)));
    await releasePostponed(db, { now, perSecond: 2 });
    const rows = await db.select().from(outboxMessages).orderBy(outboxMessages.id);
    const waits = rows.map(({ availableAt }) => (availableAt.getTime() - now.getTime()) / 1000);
    // The row that is leased, and the one that waits for its recipient, stay as they are.
    expect(waits).toEqual([0.2, 1, 0.5, 0, 300, 60]);
  });

  it('X-39 as a probe leases what was tried least, and the newest of that', async () => {
    const { db } = test.database;
    await db
      .update(outboxMessages)
      .set({ createdAt: secondsAfter(now, 1), attempts: 1 })
      .where(eq(outboxMessages.id, idOf(5)));
    await db
      .update(outboxMessages)
      .set({ createdAt: secondsAfter(now, 0.5) })
      .where(eq(outboxMessages.id, idOf(3)));
    expect(await onlyLeased(1)).toMatchObject({ id: idOf(3) });
    await leaseDueMessages(db, { now, leaseUntil, limit: 6 });
    await postponeMessage(db, {
      id: idOf(1),
      attempts: 1,
      availableAt: secondsAfter(now, 300),
      lastError: 'x',
      waitsForProvider: false,
    });
    expect(await onlyLeased(6)).toBeUndefined();
    await postponeMessage(db, {
      id: idOf(2),
      attempts: 1,
      availableAt: secondsAfter(now, 300),
      lastError: 'x',
      waitsForProvider: true,
    });
    expect(await onlyLeased(6)).toMatchObject({ id: idOf(2), attempts: 2, lastError: 'x' });
  });
});
