import { and, asc, count, desc, gt, isNotNull, isNull, or, type SQL, sql } from 'drizzle-orm';
import { union } from 'drizzle-orm/pg-core';
import type { Db } from '../driver/client.ts';
import { type UserRow, users } from '../tables/users.ts';

export type UserFilter = {
  /** The start of an address or of a name, as a person typed it; null for all. */
  readonly search: string | null;
  readonly status: 'ACTIVE' | 'UNVERIFIED' | 'SUSPENDED' | null;
};

type Wanted = {
  readonly filter: UserFilter;
  readonly after: { readonly at: Date; readonly id: string } | null;
  readonly limit: number;
};

/** The largest number that countUsers counts exactly; beyond it estimates. */
export const mostCounted = 10_000;

/** Matching users, the newest first, starting after `after`; at most `limit`. */
export async function listUsers(db: Db, input: Wanted): Promise<UserRow[]> {
  const { search } = input.filter;
  return search === null ? listNewest(db, input) : listMatches(db, { ...input, search });
}

/** Users in the order of their ids, those after `after`; at most `limit`. */
export async function listUsersInOrder(
  db: Db,
  input: { after: string | null; limit: number },
): Promise<UserRow[]> {
  return db
    .select()
    .from(users)
    .where(input.after === null ? undefined : gt(users.id, input.after))
    .orderBy(asc(users.id))
    .limit(input.limit);
}

/**
 * How many users match: exact up to `mostCounted` and an estimate beyond it, so the cost is bounded
 * for millions of users.
 */
export async function countUsers(db: Db, { filter }: { filter: UserFilter }): Promise<number> {
  const few = await countFew(db, filter);
  return few ?? Math.max(mostCounted + 1, await estimateCount(db, filter));
}

async function listNewest(db: Db, { filter, after, limit }: Wanted): Promise<UserRow[]> {
  return db
    .select()
    .from(users)
    .where(and(inState(filter.status), isOlder(after)))
    .orderBy(desc(users.createdAt), desc(users.id))
    .limit(limit);
}

type Search = Wanted & { readonly search: string };

/**
 * No index has both the order of the text and that of time. A common prefix is soon found among the
 * newest users, a rare one by the index on texts. Each strategy is tried on a few rows, then on
 * many. What neither finds is common and old: it is read in the order of time until the page is
 * full. So the work stays bounded whatever PostgreSQL estimates: a cached plan knows nothing of the
 * text.
 */
async function listMatches(db: Db, input: Search): Promise<UserRow[]> {
  return (
    (await listAmongNewest(db, { ...input, window: 500 })) ??
    (await listAmongMatches(db, { ...input, most: 1000 })) ??
    (await listAmongNewest(db, { ...input, window: 50_000 })) ??
    (await listAmongMatches(db, { ...input, most: 5000 })) ??
    (await listInOrderOfTime(db, input))
  );
}

async function listInOrderOfTime(db: Db, input: Search): Promise<UserRow[]> {
  const { filter, after, limit, search } = input;
  return db
    .select()
    .from(users)
    .where(and(inState(filter.status), isOlder(after), or(...startsOf(search))))
    .orderBy(desc(users.createdAt), desc(users.id))
    .limit(limit);
}

/**
 * Null when the newest `window` users do not fill the page and there are more of them: of a rare
 * state the window holds all, however many users have the text.
 */
async function listAmongNewest(
  db: Db,
  input: Search & { window: number },
): Promise<UserRow[] | null> {
  const { filter, after, limit, search, window } = input;
  const newest = db
    .select()
    .from(users)
    .where(and(inState(filter.status), isOlder(after)))
    .orderBy(desc(users.createdAt), desc(users.id))
    .limit(window)
    // The conditions below name the columns of `users`.
    .as('users');
  const rows = await db
    .select()
    .from(newest)
    .where(or(...startsOf(search)))
    .orderBy(desc(newest.createdAt), desc(newest.id))
    .limit(limit);
  if (rows.length === limit) return rows;
  const [more] = await db
    .select({ id: users.id })
    .from(users)
    .where(and(inState(filter.status), isOlder(after)))
    .orderBy(desc(users.createdAt), desc(users.id))
    .offset(window)
    .limit(1);
  return more ? null : rows;
}

/** Null when more than `most` users match. */
async function listAmongMatches(
  db: Db,
  input: Search & { most: number },
): Promise<UserRow[] | null> {
  const { filter, after, limit, search, most } = input;
  const found = matches(db, { search, most });
  // An array, which is looked up by the primary key: PostgreSQL may join a whole table instead.
  const isFound = sql`${users.id} = any (array(select ${found.id} from ${found}))`;
  const page = db
    .select()
    .from(users)
    .where(and(isFound, inState(filter.status), isOlder(after)))
    .orderBy(desc(users.createdAt), desc(users.id))
    .limit(limit)
    .as('page');
  const all = db
    .select({ count: count().as('count') })
    .from(found)
    .as('all_found');
  const rows = await db
    .with(found)
    .select()
    .from(all)
    .leftJoin(page, sql`true`)
    .orderBy(desc(page.createdAt), desc(page.id));
  const isTooMany = (rows[0]?.all_found.count ?? 0) > most;
  return isTooMany ? null : rows.flatMap(({ page: user }) => user ?? []);
}

/**
 * Null when there are more than `mostCounted`, or too many match the text to check the state of
 * each.
 */
async function countFew(db: Db, { search, status }: UserFilter): Promise<number | null> {
  const most = mostCounted;
  if (search === null) {
    const some = db
      .select({ id: users.id })
      .from(users)
      .where(inState(status))
      // In index order, so that PostgreSQL reads the index and not the table.
      .orderBy(users.createdAt, users.id)
      .limit(most + 1)
      .as('some');
    const [row] = await db.select({ count: count() }).from(some);
    return row && row.count <= most ? row.count : null;
  }
  const found = matches(db, { search, most });
  const fit =
    status === null
      ? sql`true`
      : sql`${found.id} in (select ${users.id} from ${users}
          where ${inState(status)} and ${users.id} = ${found.id})`;
  const [row] = await db
    .with(found)
    .select({ all: count(), fit: sql<number>`count(*) filter (where ${fit})`.mapWith(Number) })
    .from(found);
  return row && row.all <= most ? row.fit : null;
}

/**
 * From a sample of some 20,000 users across the table, and PostgreSQL's own estimate of the table's
 * size.
 */
async function estimateCount(db: Db, { search, status }: UserFilter): Promise<number> {
  const total = sql`(select greatest(reltuples, 1) from pg_class where oid = ${'users'}::regclass)`;
  if (search === null && status === null) {
    const [row] = await db.select({ total: total.mapWith(Number) }).from(sql`(select 1) as one`);
    return row?.total ?? 0;
  }
  const fits = and(inState(status), search === null ? undefined : or(...startsOf(search)));
  const [row] = await db
    .select({
      share: sql<number>`avg(case when ${fits} then 1 else 0 end)`.mapWith(Number),
      total: total.mapWith(Number),
    })
    .from(sql`${users} tablesample system (least(100, 100 * 20000 / ${total}))`);
  return Math.round((row?.share ?? 0) * (row?.total ?? 0));
}

/**
 * The ids of users whose address or name starts with the text, up to one more than `most` of each.
 */
function matches(db: Db, { search, most }: { search: string; most: number }) {
  const [byEmail, byName] = startsOf(search);
  const idsOf = (starts: SQL) =>
    db
      .select({ id: users.id })
      .from(users)
      .where(starts)
      .limit(most + 1);
  return db.$with('found').as(union(idsOf(byEmail), idsOf(byName)));
}

/**
 * Sorts after every text with the given prefix: the last code point of Unicode, which is not a
 * character.
 */
const last = '\u{10ffff}';

/**
 * Whether the address or the name starts with the text, as ranges: PostgreSQL turns LIKE with a
 * parameter into an index range only when it plans again each time. No character of the text is a
 * wildcard (AZ-9).
 */
function startsOf(search: string): [SQL, SQL] {
  const email = search.toLowerCase();
  return [
    sql`(${users.emailCanonical} ~>=~ ${email} and ${users.emailCanonical} ~<~ ${email + last})`,
    // PostgreSQL lower-cases both sides, so that the index and the text agree on every letter.
    sql`(lower(${users.name}) ~>=~ lower(${search})
      and lower(${users.name}) ~<~ (lower(${search}) || ${last}))`,
  ];
}

function inState(status: UserFilter['status']): SQL | undefined {
  if (status === 'SUSPENDED') return isNotNull(users.suspendedAt);
  if (status === 'UNVERIFIED') return and(isNull(users.suspendedAt), isNull(users.emailVerifiedAt));
  return status === 'ACTIVE'
    ? and(isNull(users.suspendedAt), isNotNull(users.emailVerifiedAt))
    : undefined;
}

function isOlder(than: Wanted['after']): SQL | undefined {
  if (than === null) return undefined;
  return sql`(${users.createdAt}, ${users.id})
    < (${than.at.toISOString()}::timestamptz, ${than.id}::uuid)`;
}
