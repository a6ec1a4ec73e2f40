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

  it('EM-5 leases no row that is sent, failed, postponed or leased', async () => {
    const { db } = test.database;
    await markMessageSent(db, { id: idOf(0), now });
    await markMessageFailed(db, { id: idOf(1), attempts: 0, now, lastError: 'x' });
    await postponeMessage(db, {
      id: idOf(2),
      attempts: 0,
      availableAt: secondsAfter(now, 1),
      lastError: 'x',
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
});
