import { and, eq, isNotNull, isNull, type SQL } from 'drizzle-orm';
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
      totpEnabledAt: null,
      ...(input.name === null ? {} : { name: input.name }),
      ...(input.locale === null ? {} : { locale: input.locale }),
    })
    .where(and(eq(users.id, input.id), isNull(users.emailVerifiedAt), isNull(users.suspendedAt)))
    .returning();
  return row ?? null;
}

/**
 * The user's row as it is now, held until the transaction ends, so that nobody changes password, factors or status meanwhile. Null
 * where the account may not sign in, or its password is not the one that the caller has checked: told by the hash that was compared,
 * or by when it had been set.
 */
export async function holdUser(
  db: Db,
  input: { id: string; passwordHash?: string; passwordChangedAt?: Date | null },
): Promise<UserRow | null> {
  const { id, passwordHash, passwordChangedAt } = input;
  const seen: SQL[] = passwordHash === undefined ? [] : [eq(users.passwordHash, passwordHash)];
  if (passwordChangedAt === null) seen.push(isNull(users.passwordChangedAt));
  else if (passwordChangedAt !== undefined) seen.push(eq(users.passwordChangedAt, passwordChangedAt));
  const [row] = await db
    .select()
    .from(users)
    .where(and(...mayAct(id), ...seen))
    .for('no key update');
  return row ?? null;
}

/** Null where the account may not sign in. */
export async function recordLogin(db: Db, input: { id: string; now: Date }): Promise<UserRow | null> {
  const [row] = await db
    .update(users)
    .set({ lastLoginAt: input.now })
    .where(and(...mayAct(input.id)))
    .returning();
  return row ?? null;
}

function mayAct(id: string): SQL[] {
  return [eq(users.id, id), isNull(users.suspendedAt), isNotNull(users.emailVerifiedAt)];
}

/** Null: no authenticator app is asked for any more. Call it in the transaction that changes totp_authenticators. */
export async function setTotpEnabledAt(db: Db, input: { id: string; at: Date | null }): Promise<void> {
  await db.update(users).set({ totpEnabledAt: input.at }).where(eq(users.id, input.id));
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
