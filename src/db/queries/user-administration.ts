import { and, asc, eq, isNotNull, isNull, type SQL, sql } from 'drizzle-orm';
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

/** Null when the user was already suspended. */
export async function suspendUser(
  db: Db,
  input: { id: string; now: Date },
): Promise<UserRow | null> {
  const [row] = await db
    .update(users)
    .set({ suspendedAt: input.now })
    .where(and(eq(users.id, input.id), isNull(users.suspendedAt)))
    .returning();
  return row ?? null;
}

/** Null when the user was not suspended. */
export async function reinstateUser(db: Db, input: { id: string }): Promise<UserRow | null> {
  const [row] = await db
    .update(users)
    .set({ suspendedAt: null })
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
