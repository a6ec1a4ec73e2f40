import { and, desc, eq, gte, lt, type SQL, sql } from 'drizzle-orm';
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

/**
 * Events of all users, the newest first, starting after `before`: of one type, about or by one
 * user, or all; at most `limit`. Events by a user and events about them are queried separately, so
 * that each is read in index order. One type is a range and not an equality: from an equality
 * PostgreSQL might assume that the newest events overall soon include that type, which is wrong
 * after a flood of failed sign-ins.
 */
export async function listAuditEvents(
  db: Db,
  input: { type: string | null; userId: string | null; before: string | null; limit: number },
): Promise<AuditEntry[]> {
  const { type, userId, before, limit } = input;
  const inOrderOfTypes = type !== null && userId === null;
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
  const older = before === null ? [] : [lt(auditEvents.id, before)];
  if (userId === null) return read(type === null ? older : ofType(type, before));
  const fit = [...older, ...(type === null ? [] : [eq(auditEvents.type, type)])];
  const about = await read([eq(auditEvents.subjectId, userId), ...fit]);
  const by = await read([
    ...fit,
    eq(auditEvents.actorId, userId),
    sql`${auditEvents.actorId} is distinct from ${auditEvents.subjectId}`,
  ]);
  return [...about, ...by].sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit);
}

/** Greater than every id. */
const lastId = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

function ofType(type: string, before: string | null): SQL[] {
  const below = sql`(${auditEvents.type}, ${auditEvents.id})
    < (${type}, ${before ?? lastId}::uuid)`;
  return [gte(auditEvents.type, type), below];
}
