import { and, eq, inArray, isNull } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { type UserRow, users } from '../tables/users.ts';

export async function findUserByEmail(db: Db, input: { canonical: string }): Promise<UserRow | null> {
  const [row] = await db.select().from(users).where(eq(users.emailCanonical, input.canonical));
  return row ?? null;
}

export async function findUserById(db: Db, input: { id: string }): Promise<UserRow | null> {
  const [row] = await db.select().from(users).where(eq(users.id, input.id));
  return row ?? null;
}

/** In no order; ids without a row are left out. */
export async function findUsersByIds(db: Db, input: { ids: readonly string[] }): Promise<UserRow[]> {
  return db
    .select()
    .from(users)
    .where(inArray(users.id, [...input.ids]));
}

/** A new account, unverified and with no password; null where the address is taken. */
export async function insertUser(
  db: Db,
  input: { id: string; email: string; emailCanonical: string; now: Date },
): Promise<UserRow | null> {
  const [row] = await db
    .insert(users)
    .values({ id: input.id, email: input.email, emailCanonical: input.emailCanonical, createdAt: input.now })
    .onConflictDoNothing({ target: users.emailCanonical })
    .returning();
  return row ?? null;
}

/** The owner of the mailbox claims the account: it gets what that owner asked for, and nothing set by anyone before (RC-7). */
export async function claimUser(
  db: Db,
  input: { id: string; passwordHash: string | null; name: string | null; locale: string | null; now: Date },
): Promise<UserRow | null> {
  const [row] = await db
    .update(users)
    .set({
      emailVerifiedAt: input.now,
      passwordHash: input.passwordHash,
      passwordChangedAt: input.passwordHash === null ? null : input.now,
      ...(input.name === null ? {} : { name: input.name }),
      ...(input.locale === null ? {} : { locale: input.locale }),
    })
    .where(and(eq(users.id, input.id), isNull(users.emailVerifiedAt)))
    .returning();
  return row ?? null;
}

export async function recordLogin(db: Db, input: { id: string; now: Date }): Promise<UserRow | null> {
  const [row] = await db.update(users).set({ lastLoginAt: input.now }).where(eq(users.id, input.id)).returning();
  return row ?? null;
}

/** Compare-and-set: a rehash at sign-in never overwrites a password that was changed meanwhile (PW-14). */
export async function replacePasswordHash(
  db: Db,
  input: { id: string; oldHash: string; newHash: string },
): Promise<boolean> {
  const rows = await db
    .update(users)
    .set({ passwordHash: input.newHash })
    .where(and(eq(users.id, input.id), eq(users.passwordHash, input.oldHash)))
    .returning({ id: users.id });
  return rows.length === 1;
}
