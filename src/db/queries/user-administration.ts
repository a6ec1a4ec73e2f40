import { and, asc, eq, inArray, isNotNull, isNull, lte, or, type SQL, sql } from 'drizzle-orm';
import type { Db } from '../driver/client.ts';
import { type UserRow, users } from '../tables/users.ts';

/**
 * The ids of the administrators who can sign in, with their rows locked until the transaction ends;
 * always in the order of ids, so that two transactions cannot deadlock.
 */
export async function holdAdmins(db: Db): Promise<string[]> {
  const rows = await db
    .select({ id: users.id })
    .from(users)
    .where(isActiveAdmin())
    .orderBy(asc(users.id))
    .for('no key update');
  return rows.map(({ id }) => id);
}

/** Everyone with the role, in any state, in the order of ids, which is that of time. */
export async function listAdmins(db: Db, input: { limit: number }): Promise<UserRow[]> {
  return db.select().from(users).where(isAdmin()).orderBy(asc(users.id)).limit(input.limit);
}

/** How many administrators can sign in. */
export async function countAdmins(db: Db): Promise<number> {
  const [row] = await db
    .select({ count: sql<number>`count(*)::int` })
    .from(users)
    .where(isActiveAdmin());
  return row?.count ?? 0;
}

/** Written out, so that the partial index on administrators is used. */
function isAdmin(): SQL {
  return sql`${users.roles} @> '{admin}'::text[]`;
}

function isActiveAdmin() {
  return and(isAdmin(), isNull(users.suspendedAt), isNotNull(users.emailVerifiedAt));
}

/** A user's row in any state, locked until the transaction ends. */
export async function holdAnyUser(db: Db, input: { id: string }): Promise<UserRow | null> {
  const [row] = await db.select().from(users).where(eq(users.id, input.id)).for('no key update');
  return row ?? null;
}

/** Null when the user was already suspended until then. */
export async function suspendUser(
  db: Db,
  input: { id: string; now: Date; until: Date | null },
): Promise<UserRow | null> {
  const { id, now, until } = input;
  const isAnother = sql`${users.suspendedUntil} is distinct from
    ${until === null ? null : until.toISOString()}::timestamptz`;
  const [row] = await db
    .update(users)
    .set({
      suspendedAt: sql`coalesce(${users.suspendedAt}, ${now.toISOString()}::timestamptz)`,
      suspendedUntil: until,
    })
    .where(and(eq(users.id, id), or(isNull(users.suspendedAt), isAnother)))
    .returning();
  return row ?? null;
}

/**
 * Opens the accounts whose suspension has ended, the longest ended first; at most `limit`. Each is
 * opened by one of several callers at once.
 */
export async function endSuspensions(
  db: Db,
  input: { now: Date; limit: number },
): Promise<Pick<UserRow, 'id'>[]> {
  const isOver = and(isNotNull(users.suspendedAt), lte(users.suspendedUntil, input.now));
  const due = db
    .$with('due')
    .as(
      db
        .select({ id: users.id })
        .from(users)
        .where(isOver)
        .orderBy(asc(users.suspendedUntil))
        .limit(input.limit)
        .for('no key update', { skipLocked: true }),
    );
  return db
    .with(due)
    .update(users)
    .set({ suspendedAt: null, suspendedUntil: null })
    .where(inArray(users.id, db.select({ id: due.id }).from(due)))
    .returning({ id: users.id });
}

/** Null when the user was not suspended. */
export async function reinstateUser(db: Db, input: { id: string }): Promise<UserRow | null> {
  const [row] = await db
    .update(users)
    .set({ suspendedAt: null, suspendedUntil: null })
    .where(and(eq(users.id, input.id), isNotNull(users.suspendedAt)))
    .returning();
  return row ?? null;
}

export async function setUserRoles(
  db: Db,
  input: { id: string; roles: readonly string[] },
): Promise<UserRow | null> {
  const [row] = await db
    .update(users)
    .set({ roles: [...input.roles] })
    .where(eq(users.id, input.id))
    .returning();
  return row ?? null;
}

/**
 * An account created by an administrator, which takes over an unverified one. Null when the address
 * has a verified or suspended account.
 */
export async function putInvitedUser(
  db: Db,
  input: {
    id: string;
    email: string;
    emailCanonical: string;
    name: string | null;
    roles: readonly string[];
    locale: string | null;
    now: Date;
  },
): Promise<UserRow | null> {
  const { id, email, emailCanonical, name, locale, now } = input;
  const roles = [...input.roles];
  const [row] = await db
    .insert(users)
    .values({ id, email, emailCanonical, name, roles, locale, invitedAt: now, createdAt: now })
    .onConflictDoUpdate({
      target: users.emailCanonical,
      set: {
        email,
        name,
        roles,
        locale,
        invitedAt: now,
        passwordHash: null,
        passwordChangedAt: null,
      },
      setWhere: sql`${users.emailVerifiedAt} is null and ${users.suspendedAt} is null`,
    })
    .returning();
  return row ?? null;
}
