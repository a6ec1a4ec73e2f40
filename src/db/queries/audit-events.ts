import { and, count, desc, eq, gte, lt, type SQL, sql } from 'drizzle-orm';
import { builtOnce } from '../driver/built-once.ts';
import type { Db } from '../driver/client.ts';
import { type AuditEventRow, auditEvents } from '../tables/audit-events.ts';
import { type AuditOriginRow, auditOrigins } from '../tables/audit-origins.ts';
import { given, givenRow } from './built-rows.ts';

/** An event with its origin, as far as that is still stored. */
export type AuditEntry = AuditEventRow &
  Pick<AuditOriginRow, 'ipAddress' | 'userAgent' | 'shortenedAt'>;

const entry = {
  event: auditEvents,
  ipAddress: auditOrigins.ipAddress,
  userAgent: auditOrigins.userAgent,
  shortenedAt: auditOrigins.shortenedAt,
};

const insertEvent = (db: Db) =>
  db
    .insert(auditEvents)
    .values(
      givenRow(auditEvents, [
        'id',
        'at',
        'type',
        'outcome',
        'actorId',
        'subjectId',
        'sessionHash',
        'requestId',
        'detail',
      ]),
    );

const writeEvent = builtOnce(insertEvent);

/** The event's `at` is also its origin's. */
const writeWithOrigin = builtOnce((db) => {
  const written = db.$with('written').as(insertEvent(db).returning({ id: auditEvents.id }));
  return db
    .with(written)
    .insert(auditOrigins)
    .values({
      ...givenRow(auditOrigins, ['at', 'personId', 'accountKey', 'ipAddress', 'userAgent']),
      eventId: given(auditOrigins.eventId, 'id'),
    });
});

/** Writes an event and its origin in one statement. */
export async function insertAuditEvent(
  db: Db,
  input: {
    event: AuditEventRow;
    origin: Omit<AuditOriginRow, 'eventId' | 'at' | 'shortenedAt'> | null;
  },
): Promise<void> {
  const { event, origin } = input;
  if (origin === null) await writeEvent(db, event);
  else await writeWithOrigin(db, { ...event, ...origin });
}

/**
 * Events about a user, the newest first, starting after `before`. Ids are UUIDv7 and sort by time.
 */
export async function findEventsAbout(
  db: Db,
  input: { subjectId: string; before: string | null; limit: number },
): Promise<AuditEntry[]> {
  const rows = await db
    .select(entry)
    .from(auditEvents)
    .leftJoin(auditOrigins, eq(auditOrigins.eventId, auditEvents.id))
    .where(
      and(
        eq(auditEvents.subjectId, input.subjectId),
        ...(input.before === null ? [] : [lt(auditEvents.id, input.before)]),
      ),
    )
    .orderBy(desc(auditEvents.id))
    .limit(input.limit);
  return rows.map(({ event, ...origin }) => ({ ...event, ...origin }));
}

/** Whether there is an event of a type about a user that is not older than `since`. */
export async function hasEventSince(
  db: Db,
  input: { subjectId: string; type: string; since: Date },
): Promise<boolean> {
  const rows = await db
    .select({ id: auditEvents.id })
    .from(auditEvents)
    .where(
      and(
        eq(auditEvents.subjectId, input.subjectId),
        eq(auditEvents.type, input.type),
        gte(auditEvents.at, input.since),
      ),
    )
    .limit(1);
  return rows.length > 0;
}

type WantedEvents = {
  readonly type: string | null;
  /** Whom they are about or who did them; null for all. */
  readonly userId: string | null;
  /** Who did them to others; null for all. */
  readonly actorId: string | null;
  readonly since: Date | null;
  /** Up to there, and not at it. */
  readonly until: Date | null;
  /** An id. */
  readonly before: string | null;
  readonly limit: number;
};

/**
 * Events of all users, the newest first, starting after `before`: of one type, about or by one
 * user, or all; at most `limit`. Events by a user and events about them are queried separately, so
 * that each is read in index order. One type is a range and not an equality: from an equality
 * PostgreSQL might assume that the newest events overall soon include that type, which is wrong
 * after a flood of failed sign-ins.
 */
export async function listAuditEvents(db: Db, input: WantedEvents): Promise<AuditEntry[]> {
  const { type, userId, actorId, limit } = input;
  const bounds = boundsOf(input);
  const inOrderOfTypes = type !== null && userId === null && actorId === null;
  const read = async (who: SQL[]): Promise<AuditEntry[]> => {
    const rows = await db
      .select(entry)
      .from(auditEvents)
      .leftJoin(auditOrigins, eq(auditOrigins.eventId, auditEvents.id))
      .where(and(...who))
      .orderBy(...(inOrderOfTypes ? [desc(auditEvents.type)] : []), desc(auditEvents.id))
      .limit(limit);
    return rows.map(({ event, ...origin }) => ({ ...event, ...origin }));
  };
  if (inOrderOfTypes) return read(ofType(type, bounds));
  const fit = [
    gte(auditEvents.id, bounds.from),
    lt(auditEvents.id, bounds.below),
    ...(type === null ? [] : [eq(auditEvents.type, type)]),
  ];
  if (actorId !== null) {
    const about = userId === null ? [] : [eq(auditEvents.subjectId, userId)];
    return read([...doneBy(actorId), ...about, ...fit]);
  }
  if (userId === null) return read(fit);
  const about = await read([eq(auditEvents.subjectId, userId), ...fit]);
  const by = await read([...doneBy(userId), ...fit]);
  return [...about, ...by].sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit);
}

/** Written as the partial index has it. */
function doneBy(userId: string): SQL[] {
  return [
    eq(auditEvents.actorId, userId),
    sql`${auditEvents.actorId} is distinct from ${auditEvents.subjectId}`,
  ];
}

/** How many events of a type there are since a moment; counts no further than `most`. */
export async function countEventsSince(
  db: Db,
  input: { type: string; since: Date; most: number },
): Promise<number> {
  const some = db
    .select({ id: auditEvents.id })
    .from(auditEvents)
    .where(and(...ofType(input.type, { from: firstIdAt(input.since), below: lastId })))
    .orderBy(desc(auditEvents.type), desc(auditEvents.id))
    .limit(input.most)
    .as('some');
  const [row] = await db.select({ count: count() }).from(some);
  return row?.count ?? 0;
}

/** Ids from `from` up to, and without, `below`. */
type IdRange = { readonly from: string; readonly below: string };

const firstId = '00000000-0000-0000-0000-000000000000';
/** Greater than every id. */
const lastId = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

function boundsOf({ since, until, before }: WantedEvents): IdRange {
  const end = until === null ? lastId : firstIdAt(until);
  return {
    from: since === null ? firstId : firstIdAt(since),
    below: before !== null && before < end ? before : end,
  };
}

/** Not greater than any id of that millisecond: a UUIDv7 begins with it (RFC 9562 5.7). */
function firstIdAt(moment: Date): string {
  const milliseconds = Math.min(Math.max(0, moment.getTime()), 2 ** 48 - 1);
  const hex = milliseconds.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-0000-0000-000000000000`;
}

function ofType(type: string, { from, below }: IdRange): SQL[] {
  const place = sql`(${auditEvents.type}, ${auditEvents.id})`;
  return [sql`${place} >= (${type}, ${from}::uuid)`, sql`${place} < (${type}, ${below}::uuid)`];
}
