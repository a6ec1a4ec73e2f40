import { eq } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../../random.ts';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { putPeople } from '../../testing/people-rows.ts';
import { type Database, openPostgres } from '../driver/client.ts';
import { databaseFailure } from '../driver/failures.ts';
import { sessions } from '../tables/sessions.ts';
import { users } from '../tables/users.ts';
import {
  createSessionRotation,
  type Rotation,
  rotateSession,
  type SessionRotation,
} from './rotate-session.ts';
import { revokeAllSessions } from './sessions.ts';

const now = new Date('2026-05-01T12:00:00.000Z');
const later = new Date(now.getTime() + 60_000);
const people = 60;
const limit = 300;

let home: TestDatabase;
/** A second instance. */
let elsewhere: Database;
let rotate: SessionRotation;
let texts: string[] = [];
const known = Array.from({ length: people }, () => ({
  userId: systemRandom.id(now),
  sessionId: systemRandom.id(now),
}));
const at = (n: number) => known[n] ?? { userId: '', sessionId: '' };

/** Bytes as a hash is: 32, quotes and backslashes and zeros among them. */
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
const together = (n: number, more: Partial<Rotation> = {}) =>
  rotate({ ...rotationOf(n, more), owner: { over: null } });

const rowOf = async (n: number) => {
  const [row] = await home.database.db
    .select()
    .from(sessions)
    .where(eq(sessions.id, at(n).sessionId));
  if (!row) throw new Error('There is no such session.');
  return row;
};

beforeAll(async () => {
  home = await createTestDatabase({ onStatement: (text) => texts.push(text) });
  elsewhere = openPostgres({
    url: home.url ?? '',
    maxConnections: 10,
    applicationName: 'latchkey-test',
    statementTimeoutMs: 10_000,
  });
  rotate = createSessionRotation(home.database);
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
  texts = [];
});

/** Both ways under the same conditions. */
const ways: readonly [string, (n: number, more?: Partial<Rotation>) => Promise<unknown>][] = [
  // The first goes out before, the three others in one statement.
  [
    'with others',
    async (n, more) => {
      const { idleExpiresAt = later, windowEndsAt = later } = more ?? {};
      const beside = [20, 21].map((other) => together(other, { idleExpiresAt, windowEndsAt }));
      const asked = together(n, more);
      await Promise.all([...beside, together(22, { idleExpiresAt, windowEndsAt })]);
      return asked;
    },
  ],
  ['alone', (n, more) => rotateSession(home.database.db, rotationOf(n, more))],
];

/** Holds what `statement` locks until it is told to let go, on a connection of its own. */
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

describe.each(ways)('a rotation %s', (_way, run) => {
  it.each(refusals)(
    'SE-2 SE-7 AZ-3 RL-8 is refused for %s, and changes nothing',
    async (_what, change, more) => {
      const { db } = home.database;
      const { sessionId, userId } = at(10);
      if (change.session)
        await db.update(sessions).set(change.session).where(eq(sessions.id, sessionId));
      if (change.user) await db.update(users).set(change.user).where(eq(users.id, userId));
      const before = await rowOf(10);
      expect(await run(10, more)).toBeNull();
      expect(await rowOf(10)).toEqual(before);
      expect((await rowOf(11)).refreshGeneration).toBe(0);
    },
  );

  it('SE-3 SE-4 SE-5 moves the token on, and the idle end no further than the absolute one', async () => {
    const beyond = new Date(later.getTime() + 60_000);
    const moved = await run(10, { idleExpiresAt: beyond });
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

  it('RL-8 counts in a window to its end, and then from one', async () => {
    const { db } = home.database;
    const set = (values: Change['session'] & object) =>
      db
        .update(sessions)
        .set(values)
        .where(eq(sessions.id, at(10).sessionId));
    await set({ refreshWindowCount: limit - 1, refreshWindowEndsAt: later });
    expect(await run(10)).not.toBeNull();
    expect(await rowOf(10)).toMatchObject({
      refreshWindowCount: limit,
      refreshWindowEndsAt: later,
    });
    await set({ refreshWindowEndsAt: now });
    const next = new Date(later.getTime() + 5);
    expect(
      await run(10, { presentedHash: hashOf(10, 1), nextHash: hashOf(10, 2), windowEndsAt: next }),
    ).not.toBeNull();
    expect(await rowOf(10)).toMatchObject({ refreshWindowCount: 1, refreshWindowEndsAt: next });
  });
});

describe('rotations at once', () => {
  it('GQ-18 move each session on to its own token and tell each its own, in a few statements', async () => {
    const moved = await Promise.all(known.map((_, n) => together(n)));
    expect(moved.map((one) => [one?.user.id, one?.session.id, one?.user.email])).toEqual(
      known.map(({ userId, sessionId }, n) => [userId, sessionId, `p${n}@x.org`]),
    );
    // The first goes out at once, the others together unless the machine stands still meanwhile, in
    // a text that does not tell how many.
    expect(texts.length).toBeLessThanOrEqual(4);
    expect(new Set(texts).size).toBe(1);
    for (const n of known.keys())
      expect(Buffer.from((await rowOf(n)).refreshHash)).toEqual(hashOf(n, 1));
  });

  it('SE-3 of one token give it to one, and to none where it is not the current one, whatever comes beside it', async () => {
    for (const wrongFirst of [true, false]) {
      const generation = wrongFirst ? 0 : 1;
      const right = () =>
        together(10, {
          presentedHash: hashOf(10, generation),
          nextHash: hashOf(10, generation + 1),
        });
      const wrong = () => together(10, { presentedHash: hashOf(10, 9), nextHash: hashOf(10, 8) });
      const first = together(30 + generation);
      const [a, b, c] = await Promise.all(
        wrongFirst ? [wrong(), right(), right()] : [right(), right(), wrong()],
      );
      await first;
      expect(wrongFirst ? a : c).toBeNull();
      expect((wrongFirst ? [b, c] : [a, b]).filter((one) => one !== null)).toHaveLength(1);
      expect(await rowOf(10)).toMatchObject({ refreshGeneration: generation + 1 });
      expect(Buffer.from((await rowOf(10)).refreshHash)).toEqual(hashOf(10, generation + 1));
    }
  });

  it('SE-3 on two instances: one gets it, and whoever it passed over can wait for it', async () => {
    const other = createSessionRotation(elsewhere);
    for (let generation = 0; generation < 10; generation += 1) {
      const step = { presentedHash: hashOf(10, generation), nextHash: hashOf(10, generation + 1) };
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, count) =>
          (count % 2 === 0 ? rotate : other)({ ...rotationOf(10, step), owner: { over: null } }),
        ),
      );
      const waited = await rotateSession(elsewhere.db, rotationOf(10, step));
      expect([...answers, waited].filter((one) => one !== null)).toHaveLength(1);
      expect((await rowOf(10)).refreshGeneration).toBe(generation + 1);
    }
  });

  it('SE-3 wait for no row that somebody holds: that one is passed over, the others are moved on, and it can be had after', async () => {
    const release = await hold(
      (tx) => tx`select 1 from sessions where id = ${at(10).sessionId} for update`,
    );
    // The row is held until all of these have answered.
    const answers = await Promise.all([10, 11, 12, 10, 13].map((n) => together(n)));
    expect(answers.map((one) => one?.session.id ?? null)).toEqual([
      null,
      at(11).sessionId,
      at(12).sessionId,
      null,
      at(13).sessionId,
    ]);
    const waiting = rotateSession(home.database.db, rotationOf(10));
    await release();
    expect((await waiting)?.session.id).toBe(at(10).sessionId);
  });

  it('SE-11 beside statements that end all sessions of a user: none fails, and none that has ended is moved on', async () => {
    const { db } = home.database;
    // All of one user, so that an ending holds many rows at once, in an order of its own.
    await db.update(sessions).set({ userId: at(0).userId });
    for (let round = 0; round < 20; round += 1) {
      await db.update(sessions).set({ revokedAt: null, refreshGeneration: 0 });
      const generation = round + 1;
      for (const n of known.keys())
        await db
          .update(sessions)
          .set({ refreshHash: hashOf(n, 0) })
          .where(eq(sessions.id, at(n).sessionId));
      const [answers, ended] = await Promise.all([
        Promise.all([...known.keys()].toReversed().map((n) => together(n))),
        revokeAllSessions(elsewhere.db, {
          userId: at(0).userId,
          now,
          reason: `round-${generation}`,
        }),
      ]);
      expect(ended).toHaveLength(people);
      const rows = await db.select().from(sessions);
      expect(rows.filter(({ revokedAt }) => revokedAt === null)).toEqual([]);
      expect(rows.filter(({ refreshGeneration }) => refreshGeneration === 1)).toHaveLength(
        answers.filter((one) => one !== null).length,
      );
    }
  });

  it('GQ-15 leave out whoever’s operation is over before they are sent', async () => {
    const over = AbortSignal.abort();
    const [, late, inTime] = await Promise.all([
      together(10),
      rotate({ ...rotationOf(11), owner: { over } }),
      together(12),
    ]);
    expect(late).toBeNull();
    expect(inTime?.session.id).toBe(at(12).sessionId);
    expect((await rowOf(11)).refreshGeneration).toBe(0);
    expect(await rotate({ ...rotationOf(13), owner: { over } })).toBeNull();
    expect((await rowOf(13)).refreshGeneration).toBe(0);
  });

  it('GQ-15 end with the first operation whose time is over, for that one: what it has been refused is not done afterwards', async () => {
    const release = await hold((tx) => tx`lock table sessions in access exclusive mode`);
    const end = new AbortController();
    const first = together(20);
    // These go in one statement, which waits for the table.
    const late = rotate({ ...rotationOf(11), owner: { over: end.signal } });
    const inTime = [
      rotate({ ...rotationOf(12), owner: { over: new AbortController().signal } }),
      rotate({ ...rotationOf(13), owner: { over: null } }),
    ];
    await new Promise((resolve) => setTimeout(resolve, 300));
    end.abort();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await release();
    expect((await first)?.session.id).toBe(at(20).sessionId);
    expect(await late).toBeNull();
    expect((await Promise.all(inTime)).map((one) => one?.session.id)).toEqual([
      at(12).sessionId,
      at(13).sessionId,
    ]);
    expect((await rowOf(11)).refreshGeneration).toBe(0);
    expect(Buffer.from((await rowOf(13)).refreshHash)).toEqual(hashOf(13, 1));
  });

  it('GQ-15 go on for nobody where the time of all is over', async () => {
    const release = await hold((tx) => tx`lock table sessions in access exclusive mode`);
    const end = new AbortController();
    const late = [11, 12].map((n) => rotate({ ...rotationOf(n), owner: { over: end.signal } }));
    await new Promise((resolve) => setTimeout(resolve, 300));
    end.abort();
    // While the table is held still.
    expect(await Promise.all(late)).toEqual([null, null]);
    await release();
    expect((await rowOf(11)).refreshGeneration).toBe(0);
    expect((await rowOf(12)).refreshGeneration).toBe(0);
  });

  it('tell each of their owners of the statement, and of its end', async () => {
    const told: string[] = [];
    const ownerOf = (name: string) => ({
      over: null,
      watch: (text: string) => {
        told.push(`${name} begins ${/update "sessions"/.test(text)}`);
        return () => void told.push(`${name} ends`);
      },
    });
    await Promise.all([
      together(10),
      rotate({ ...rotationOf(11), owner: ownerOf('one') }),
      rotate({ ...rotationOf(12), owner: ownerOf('two') }),
    ]);
    expect(told.sort()).toEqual(['one begins true', 'one ends', 'two begins true', 'two ends']);
  });

  it('AV-3 wait two seconds for statements that get no answer, and no longer', async () => {
    const release = await hold((tx) => tx`lock table sessions in access exclusive mode`);
    // Statements under way are stuck; those after them wait for a turn.
    const stuck: Promise<unknown>[] = [];
    for (let n = 0; n < 4; n += 1) {
      stuck.push(together(n));
      await new Promise((resolve) => setTimeout(resolve, 80));
    }
    const refused = await Promise.allSettled([together(10), together(11)]);
    await release();
    expect(refused.map((one) => one.status === 'rejected' && databaseFailure(one.reason))).toEqual([
      'unavailable',
      'unavailable',
    ]);
    expect((await Promise.all(stuck)).every((one) => one !== null)).toBe(true);
    expect((await rowOf(10)).refreshGeneration).toBe(0);
    // And then it goes on as before.
    expect(await together(10)).not.toBeNull();
  });
});
