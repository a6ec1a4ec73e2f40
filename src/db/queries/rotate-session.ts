import { and, eq, isNull, lt, or, type SQL, sql } from 'drizzle-orm';
import { builtOnce } from '../driver/built-once.ts';
import type { Database, Db } from '../driver/client.ts';
import { gather } from '../driver/gather.ts';
import { type StatementOwner, sharedOwner } from '../driver/statement-owner.ts';
import { sessions } from '../tables/sessions.ts';
import { users } from '../tables/users.ts';
import { type IssuedSession, issuedSession } from './session-with-user.ts';
import { alive } from './sessions.ts';

export type Rotation = {
  readonly sessionId: string;
  readonly presentedHash: Uint8Array;
  readonly nextHash: Uint8Array;
  readonly now: Date;
  readonly idleExpiresAt: Date;
  /** Rotations in a window. */
  readonly limit: number;
  readonly windowEndsAt: Date;
};

/**
 * Moves a session on to the next refresh token, and reads it and its user anew, in one guarded
 * statement: of any number of callers with the same token, on any number of instances, one gets the
 * row (SE-3, SE-6). Null: the token is not the current one, session or user have ended, or the
 * session has used up its `limit` of rotations in a window.
 */
export async function rotateSession(db: Db, rotation: Rotation): Promise<IssuedSession | null> {
  const [row] = await ofOne(db, {
    sessionId: rotation.sessionId,
    presentedHash: rotation.presentedHash,
    nextHash: rotation.nextHash,
    ...termsOf(rotation),
  });
  return row ? issuedSession.of(row) : null;
}

/**
 * The same where several may go together. Null also where it was passed over: somebody else holds
 * the row, or its owner's time is over.
 */
export type SessionRotation = (
  rotation: Rotation & { readonly owner: StatementOwner },
) => Promise<IssuedSession | null>;

/**
 * Rotations of the whole process, many in one statement. It waits for no row: what somebody else
 * holds is passed over, and whoever asked is told null and goes on with `rotateSession`, alone. So
 * nobody waits for another's lock, and two statements that hold rows cannot wait for each other.
 * Rejects as a statement does, for all that are in it, but for one that was cancelled as the time
 * of some was over: the others go on.
 */
export function createSessionRotation(database: Pick<Database, 'during'>): SessionRotation {
  return gather(async (batch) => {
    const found: (IssuedSession | null)[] = batch.map(() => null);
    let wanted = batch.map((rotation, index) => ({ ...rotation, index })).filter(isInTime);
    while (wanted.length > 0) {
      try {
        for (const [position, session] of await moveOn(database, wanted)) {
          const { index } = wanted[position] ?? {};
          if (index === undefined) throw new Error('A session was moved on that nobody asked for.');
          found[index] = session;
        }
        break;
      } catch (error) {
        // Cancelled for those whose time was over: nothing has been done, and the others are in
        // time.
        const rest = wanted.filter(isInTime);
        if (rest.length === wanted.length) throw error;
        wanted = rest;
      }
    }
    return found;
  });
}

type Wanted = Parameters<SessionRotation>[0];

const isInTime = ({ owner }: Wanted): boolean => !owner.over?.aborted;

/** The sessions that were moved on, by their positions among the wanted. */
async function moveOn(
  database: Pick<Database, 'during'>,
  wanted: readonly Wanted[],
): Promise<[position: number, session: IssuedSession][]> {
  const { over, watch } = sharedOwner(wanted.map(({ owner }) => owner));
  // All came within the two seconds that one waits at the most: the last one's clock is
  // everybody's.
  const last = wanted.at(-1);
  if (!last) return [];
  const rows = await ofSeveral(database.during(over, watch), {
    ids: `{${wanted.map(({ sessionId }) => sessionId).join(',')}}`,
    presented: `{${wanted.map(({ presentedHash }) => elementOf(presentedHash)).join(',')}}`,
    next: `{${wanted.map(({ nextHash }) => elementOf(nextHash)).join(',')}}`,
    ...termsOf(last),
  });
  return rows.map((row) => [Number(row.at(-1)) - 1, issuedSession.of(row)]);
}

/** Bytes as an element of an array in PostgreSQL's text form. */
function elementOf(bytes: Uint8Array): string {
  return `"\\\\x${Buffer.from(bytes).toString('hex')}"`;
}

function termsOf({ now, idleExpiresAt, limit, windowEndsAt }: Rotation) {
  return {
    now: now.toISOString(),
    idleExpiresAt: idleExpiresAt.toISOString(),
    limit,
    windowEndsAt: windowEndsAt.toISOString(),
  };
}

/**
 * SECURITY: what a rotation changes and under which conditions, the same whichever statement it is
 * part of.
 */
function rotation({ presentedHash, nextHash }: { presentedHash: SQL; nextHash: SQL }) {
  const now = sql`${sql.placeholder('now')}::timestamptz`;
  const windowIsOver = sql`(${sessions.refreshWindowEndsAt} is null or ${sessions.refreshWindowEndsAt} <= ${now})`;
  return {
    changes: {
      refreshHash: nextHash,
      previousRefreshHash: presentedHash,
      refreshGeneration: sql`${sessions.refreshGeneration} + 1`,
      rotatedAt: now,
      lastUsedAt: now,
      idleExpiresAt: sql`least(${sql.placeholder('idleExpiresAt')}::timestamptz, ${sessions.absoluteExpiresAt})`,
      refreshWindowCount: sql`case when ${windowIsOver} then 1 else ${sessions.refreshWindowCount} + 1 end`,
      refreshWindowEndsAt: sql`case when ${windowIsOver} then ${sql.placeholder('windowEndsAt')}::timestamptz else ${sessions.refreshWindowEndsAt} end`,
    },
    isAllowed: and(
      eq(users.id, sessions.userId),
      eq(sessions.refreshHash, presentedHash),
      alive(sql.placeholder('now')),
      isNull(users.suspendedAt),
      or(windowIsOver, lt(sessions.refreshWindowCount, sql.placeholder('limit'))),
    ),
  };
}

const ofOne = builtOnce((db) => {
  const { changes, isAllowed } = rotation({
    presentedHash: sql`${sql.param(sql.placeholder('presentedHash'), sessions.refreshHash)}`,
    nextHash: sql`${sql.param(sql.placeholder('nextHash'), sessions.refreshHash)}`,
  });
  return db
    .update(sessions)
    .set(changes)
    .from(users)
    .where(and(eq(sessions.id, sql.placeholder('sessionId')), isAllowed))
    .returning(issuedSession.list());
});

/**
 * For several, with the same text and one plan however many (live-sessions says why). Their rows
 * are locked first, those that can be at once. A row that another statement has changed meanwhile
 * is looked at anew by both halves.
 */
const ofSeveral = builtOnce((db) => {
  const free = db
    .select({ id: sessions.id })
    .from(sessions)
    .where(sql`${sessions.id} = wanted.id and ${sessions.refreshHash} = wanted.presented`)
    .limit(1)
    .for('no key update', { skipLocked: true })
    .as('free');
  const held = db.$with('held').as(
    db
      .select({
        id: free.id,
        presented: sql<Uint8Array>`wanted.presented`.as('presented'),
        next: sql<Uint8Array>`wanted.next`.as('next'),
        position: sql<number>`wanted.position::int`.as('position'),
      })
      .from(
        sql`unnest((select ${sql.placeholder('ids')}::uuid[]), (select ${sql.placeholder('presented')}::bytea[]), (select ${sql.placeholder('next')}::bytea[])) with ordinality as wanted (id, presented, next, position)`,
      )
      .crossJoinLateral(free),
  );
  const { changes, isAllowed } = rotation({
    presentedHash: sql`${held.presented}`,
    nextHash: sql`${held.next}`,
  });
  return db
    .with(held)
    .update(sessions)
    .set(changes)
    .from(held)
    .innerJoin(users, sql`true`)
    .where(and(eq(sessions.id, held.id), isAllowed))
    .returning({ ...issuedSession.list(), position: sql`${held.position}`.as('position') });
});
