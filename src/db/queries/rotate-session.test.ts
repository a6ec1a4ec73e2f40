import { eq } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../../random.ts';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { putPeople } from '../../testing/people-rows.ts';
import { type Database, openPostgres } from '../driver/client.ts';
import { sessions } from '../tables/sessions.ts';
import { users } from '../tables/users.ts';
import { type Rotation, rotateSession } from './rotate-session.ts';
import { revokeAllSessions } from './sessions.ts';

const now = new Date('2026-05-01T12:00:00.000Z');
const later = new Date(now.getTime() + 60_000);
const people = 60;
const limit = 300;

let home: TestDatabase;
/** A second instance. */
let elsewhere: Database;
const known = Array.from({ length: people }, () => ({
  userId: systemRandom.id(now),
  sessionId: systemRandom.id(now),
}));
const at = (n: number) => known[n] ?? { userId: '', sessionId: '' };

/** 32 bytes like a hash, with quotes, backslashes and zeros among them. */
const hashOf = (n: number, generation: number): Buffer =>
  Buffer.concat([Buffer.from([0, 34, 92, 39, 44, 125, n, generation]), Buffer.alloc(24, n)]);
const rotationOf = (n: number, more: Partial<Rotation> = {}): Rotation => ({
  sessionId: at(n).sessionId,
  presentedHash: hashOf(n, 0),
  nextHash: hashOf(n, 1),
  now,
  idleExpiresAt: later,
  limit,
  windowEndsAt: later,
  ...more,
});
const rotate = (n: number, more: Partial<Rotation> = {}, { db } = home.database) =>
  rotateSession(db, rotationOf(n, more));

const rowOf = async (n: number) => {
  const [row] = await home.database.db
    .select()
    .from(sessions)
    .where(eq(sessions.id, at(n).sessionId));
  if (!row) throw new Error('There is no such session.');
  return row;
};

beforeAll(async () => {
  home = await createTestDatabase();
  elsewhere = openPostgres({
    url: home.url ?? '',
    maxConnections: 10,
    applicationName: 'latchkey-test',
    statementTimeoutMs: 10_000,
  });
});
afterAll(async () => {
  await elsewhere.close();
  await home.drop();
});
beforeEach(async () => {
  const { db } = home.database;
  await db.delete(users);
  await putPeople(db, {
    known,
    now,
    sessionOf: (n) => ({
      refreshHash: hashOf(n, 0),
      lastUsedAt: new Date(now.getTime() - 1000),
      idleExpiresAt: new Date(now.getTime() + 1000),
      absoluteExpiresAt: later,
    }),
  });
});

/** Holds the lock that `lock` takes until it is released, on its own connection. */
async function hold(
  lock: (tx: postgres.TransactionSql) => Promise<unknown>,
): Promise<() => Promise<void>> {
  const sql = postgres(home.url ?? '', { max: 1, onnotice: () => {} });
  let letGo = (): void => {};
  const isOver = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let holding: Promise<unknown> = Promise.resolve();
  await new Promise<void>((isHeld, reject) => {
    holding = sql.begin(async (tx) => {
      await lock(tx);
      isHeld();
      await isOver;
    });
    holding.catch(reject);
  });
  return async () => {
    letGo();
    await holding;
    await sql.end();
  };
}

type Change = {
  readonly session?: Partial<typeof sessions.$inferInsert>;
  readonly user?: { suspendedAt: Date };
};
const refusals: readonly [string, Change, Partial<Rotation>][] = [
  ['a token that is not the current one', {}, { presentedHash: hashOf(10, 7) }],
  ['another session’s token', {}, { presentedHash: hashOf(11, 0) }],
  ['an unknown session', {}, { sessionId: systemRandom.id(now) }],
  ['a session that was revoked', { session: { revokedAt: now } }, {}],
  ['a session idle for too long', { session: { idleExpiresAt: now } }, {}],
  ['a session past its end', { session: { absoluteExpiresAt: now } }, {}],
  ['a suspended user', { user: { suspendedAt: now } }, {}],
  ['a used-up window', { session: { refreshWindowCount: limit, refreshWindowEndsAt: later } }, {}],
];

describe('a rotation', () => {
  it.each(refusals)(
    'SE-2 SE-7 AZ-3 RL-8 is refused for %s, and changes nothing',
    async (_what, change, more) => {
      const { db } = home.database;
      const { sessionId, userId } = at(10);
      if (change.session)
        await db.update(sessions).set(change.session).where(eq(sessions.id, sessionId));
      if (change.user) await db.update(users).set(change.user).where(eq(users.id, userId));
      const before = await rowOf(10);
      expect(await rotate(10, more)).toBeNull();
      expect(await rowOf(10)).toEqual(before);
      expect((await rowOf(11)).refreshGeneration).toBe(0);
    },
  );

  it('SE-3 SE-4 SE-5 replaces the token and extends idle expiry up to the absolute', async () => {
    const beyond = new Date(later.getTime() + 60_000);
    const moved = await rotate(10, { idleExpiresAt: beyond });
    expect(moved).toMatchObject({
      session: {
        id: at(10).sessionId,
        userId: at(10).userId,
        lastUsedAt: now,
        idleExpiresAt: later,
      },
      user: { id: at(10).userId, email: 'p10@x.org' },
    });
    const row = await rowOf(10);
    expect(row).toMatchObject({
      refreshGeneration: 1,
      rotatedAt: now,
      lastUsedAt: now,
      idleExpiresAt: later,
      refreshWindowCount: 1,
      refreshWindowEndsAt: later,
    });
    expect(Buffer.from(row.refreshHash)).toEqual(hashOf(10, 1));
    expect(Buffer.from(row.previousRefreshHash ?? [])).toEqual(hashOf(10, 0));
  });

  it('RL-8 counts within a window and starts at one in the next', async () => {
    const { db } = home.database;
    const set = (values: Change['session'] & object) =>
      db
        .update(sessions)
        .set(values)
        .where(eq(sessions.id, at(10).sessionId));
    await set({ refreshWindowCount: limit - 1, refreshWindowEndsAt: later });
    expect(await rotate(10)).not.toBeNull();
    expect(await rowOf(10)).toMatchObject({
      refreshWindowCount: limit,
      refreshWindowEndsAt: later,
    });
    await set({ refreshWindowEndsAt: now });
    const next = new Date(later.getTime() + 5);
    expect(
      await rotate(10, {
        presentedHash: hashOf(10, 1),
        nextHash: hashOf(10, 2),
        windowEndsAt: next,
      }),
    ).not.toBeNull();
    expect(await rowOf(10)).toMatchObject({ refreshWindowCount: 1, refreshWindowEndsAt: next });
  });
});

describe('concurrent rotations', () => {
  it('SE-3 of one token, on two instances: one gets it', async () => {
    for (let generation = 0; generation < 10; generation += 1) {
      const step = { presentedHash: hashOf(10, generation), nextHash: hashOf(10, generation + 1) };
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, count) =>
          rotate(10, step, count % 2 === 0 ? home.database : elsewhere),
        ),
      );
      expect(answers.filter((one) => one !== null)).toHaveLength(1);
      expect((await rowOf(10)).refreshGeneration).toBe(generation + 1);
    }
  });

  it('SE-3 of one token and of a wrong one: the right one gets it', async () => {
    const wrong = { presentedHash: hashOf(10, 9), nextHash: hashOf(10, 8) };
    const [a, b, c] = await Promise.all([rotate(10, wrong), rotate(10), rotate(10, wrong)]);
    expect([a, c]).toEqual([null, null]);
    expect(b?.session.id).toBe(at(10).sessionId);
    expect(Buffer.from((await rowOf(10)).refreshHash)).toEqual(hashOf(10, 1));
  });

  it('SE-3 wait for a locked row, each only for its own', async () => {
    const release = await hold(
      (tx) => tx`select 1 from sessions where id = ${at(10).sessionId} for update`,
    );
    const waiting = rotate(10);
    // The row is locked until all of these have answered.
    const others = await Promise.all([11, 12, 13].map((n) => rotate(n)));
    expect(others.map((one) => one?.session.id)).toEqual([11, 12, 13].map((n) => at(n).sessionId));
    expect((await rowOf(10)).refreshGeneration).toBe(0);
    await release();
    expect((await waiting)?.session.id).toBe(at(10).sessionId);
  });

  it('SE-11 concurrent with ending all sessions: none fails, no ended one rotates', async () => {
    const { db } = home.database;
    // All of one user, so that ending them locks many rows at once.
    await db.update(sessions).set({ userId: at(0).userId });
    for (let round = 0; round < 10; round += 1) {
      await db.update(sessions).set({ revokedAt: null, refreshGeneration: 0 });
      await Promise.all(
        [...known.keys()].map((n) =>
          db
            .update(sessions)
            .set({ refreshHash: hashOf(n, 0) })
            .where(eq(sessions.id, at(n).sessionId)),
        ),
      );
      const [answers, ended] = await Promise.all([
        Promise.all([...known.keys()].toReversed().map((n) => rotate(n))),
        revokeAllSessions(elsewhere.db, {
          userId: at(0).userId,
          now,
          reason: `round-${round}`,
        }),
      ]);
      expect(ended).toHaveLength(people);
      const rows = await db.select().from(sessions);
      expect(rows.filter(({ revokedAt }) => revokedAt === null)).toEqual([]);
      expect(rows.filter(({ refreshGeneration }) => refreshGeneration === 1)).toHaveLength(
        answers.filter((one) => one !== null).length,
      );
    }
  }, 120_000);

  it('GQ-15 are cancelled at the deadline and do not happen afterwards', async () => {
    const release = await hold((tx) => tx`lock table sessions in access exclusive mode`);
    const end = new AbortController();
    const late = rotateSession(home.database.during(end.signal), rotationOf(11));
    const inTime = rotate(12);
    await new Promise((resolve) => setTimeout(resolve, 300));
    end.abort();
    // While the table is still locked.
    await expect(late).rejects.toMatchObject({ cause: { code: '57014' } });
    await release();
    expect((await inTime)?.session.id).toBe(at(12).sessionId);
    expect((await rowOf(11)).refreshGeneration).toBe(0);
    const begun = rotateSession(home.database.during(end.signal), rotationOf(13));
    await expect(begun).rejects.toMatchObject({ cause: { code: 'OPERATION_OVER' } });
    expect((await rowOf(13)).refreshGeneration).toBe(0);
  });
});
