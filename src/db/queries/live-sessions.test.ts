import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemRandom } from '../../random.ts';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { putPeople } from '../../testing/people-rows.ts';
import { openPostgres } from '../driver/client.ts';
import { sessions } from '../tables/sessions.ts';
import { users } from '../tables/users.ts';
import { createSessionLookup, type SessionLookup } from './live-sessions.ts';

const now = new Date('2026-05-01T12:00:00.000Z');
const later = new Date(now.getTime() + 60_000);
const people = 60;

let home: TestDatabase;
let lookUp: SessionLookup;
let texts: string[] = [];
const known = Array.from({ length: people }, () => ({
  userId: systemRandom.id(now),
  sessionId: systemRandom.id(now),
}));

beforeAll(async () => {
  // The clock stands still: no statement counts as hanging, however slow the machine is.
  vi.useFakeTimers({ toFake: ['performance'] });
  home = await createTestDatabase({ onStatement: (text) => texts.push(text) });
  const { db } = home.database;
  lookUp = createSessionLookup(db, () => now);
  await putPeople(db, {
    known,
    now,
    sessionOf: (n) => ({
      refreshHash: Buffer.from([n]),
      idleExpiresAt: later,
      absoluteExpiresAt: later,
    }),
  });
});
afterAll(async () => {
  await home.drop();
  vi.useRealTimers();
});
beforeEach(() => {
  texts = [];
});

const at = (n: number) => known[n] ?? { userId: '', sessionId: '' };

it('SE-7 GQ-18 gives each of many requests its own session, in few statements', async () => {
  const found = await Promise.all(known.map(lookUp));
  expect(found.map((live) => [live?.user.id, live?.session.id, live?.session.userId])).toEqual(
    known.map(({ userId, sessionId }) => [userId, sessionId, userId]),
  );
  // The first goes out single, the others batched; the size of a batch does not change its
  // statement.
  expect(texts).toHaveLength(2);
  await Promise.all(known.slice(0, 7).map(lookUp));
  expect(texts).toHaveLength(3);
  expect(new Set(texts).size).toBe(2);
});

it('decodes a row as Drizzle does, and of the session only what requests need', async () => {
  const { id, userId, unseenGeneration, authenticatedAt, methods, provedMethods } = sessions;
  const [row] = await home.database.db
    .select({ id, userId, unseenGeneration, authenticatedAt, methods, provedMethods })
    .from(sessions)
    .where(eq(sessions.id, at(3).sessionId));
  const [user] = await home.database.db
    .select()
    .from(users)
    .where(eq(users.id, at(3).userId));
  const live = await lookUp(at(3));
  expect(live?.session).toEqual(row);
  expect(live?.user).toEqual(user);
});

it('AZ-3 finds no session under another user or an unknown id, but the others', async () => {
  const [mine, foreign, unknown] = await Promise.all([
    lookUp(at(0)),
    lookUp({ sessionId: at(0).sessionId, userId: at(1).userId }),
    lookUp({ sessionId: systemRandom.id(now), userId: at(1).userId }),
  ]);
  expect(mine?.user.id).toBe(at(0).userId);
  expect([foreign, unknown]).toEqual([null, null]);
});

type Ending = {
  readonly session?: Partial<typeof sessions.$inferInsert>;
  readonly user?: { suspendedAt: Date | null };
};

async function change({ session, user }: Ending): Promise<void> {
  const { db } = home.database;
  if (session)
    await db
      .update(sessions)
      .set(session)
      .where(eq(sessions.id, at(10).sessionId));
  if (user)
    await db
      .update(users)
      .set(user)
      .where(eq(users.id, at(10).userId));
}

const again: Ending = {
  session: { revokedAt: null, idleExpiresAt: later, absoluteExpiresAt: later },
  user: { suspendedAt: null },
};

describe.each<[string, Ending]>([
  ['revoked', { session: { revokedAt: now } }],
  ['idle for too long', { session: { idleExpiresAt: now } }],
  ['past its end', { session: { absoluteExpiresAt: now } }],
  ['of a suspended user', { user: { suspendedAt: now } }],
])('SE-7 SE-11 AZ-3 finds none that is %s, from the next question on', (_, ending) => {
  afterEach(() => change(again));

  it('in a single look-up', async () => {
    expect(await lookUp(at(10))).not.toBeNull();
    await change(ending);
    texts = [];
    expect(await lookUp(at(10))).toBeNull();
    expect(texts.filter((text) => !text.includes('unnest'))).toHaveLength(1);
  });

  it('in a batched look-up', async () => {
    // A statement is always in flight, so that others wait for the next one.
    let asking = true;
    const others = Promise.all(
      [20, 21, 22].map(async (n) => {
        while (asking) await lookUp(at(n));
      }),
    );
    for (let round = 0; round < 10; round += 1) {
      expect(await lookUp(at(10))).not.toBeNull();
      await change(ending);
      texts = [];
      expect(await lookUp(at(10))).toBeNull();
      expect(texts.filter((text) => text.includes('unnest'))).not.toEqual([]);
      await change(again);
    }
    asking = false;
    await others;
  });
});

it('AV-6 rejects all waiting requests during an outage, and recovers', async () => {
  const url = new URL(home.url ?? '');
  const gone = openPostgres({
    url: url.href,
    maxConnections: 2,
    applicationName: 'latchkey-test',
    statementTimeoutMs: 1000,
  });
  const asks = createSessionLookup(gone.db, () => now);
  expect(await asks(at(0))).not.toBeNull();
  await gone.close();
  const ended = await Promise.allSettled(known.map(asks));
  expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(['rejected']));
  expect(await Promise.allSettled([asks(at(0))])).toEqual([
    expect.objectContaining({ status: 'rejected' }),
  ]);
});
