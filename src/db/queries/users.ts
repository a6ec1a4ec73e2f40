import { and, eq, isNotNull, isNull, ne, type SQL, sql } from 'drizzle-orm';
import type { Db } from '../driver/client.ts';
import { type UserRow, users } from '../tables/users.ts';
import { isAnyOf } from './any-of.ts';

export async function findUserByEmail(
  db: Db,
  input: { canonical: string },
): Promise<UserRow | null> {
  const [row] = await db.select().from(users).where(eq(users.emailCanonical, input.canonical));
  return row ?? null;
}

export async function findUserById(db: Db, input: { id: string }): Promise<UserRow | null> {
  const [row] = await db.select().from(users).where(eq(users.id, input.id));
  return row ?? null;
}

/** In no order; ids without a row are left out. */
export async function findUsersByIds(
  db: Db,
  input: { ids: readonly string[] },
): Promise<UserRow[]> {
  return input.ids.length === 0 ? [] : db.select().from(users).where(isAnyOf(users.id, input.ids));
}

/** A new account, unverified and with no password; null where the address is taken. */
export async function insertUser(
  db: Db,
  input: { id: string; email: string; emailCanonical: string; now: Date },
): Promise<UserRow | null> {
  const [row] = await db
    .insert(users)
    .values({
      id: input.id,
      email: input.email,
      emailCanonical: input.emailCanonical,
      createdAt: input.now,
    })
    .onConflictDoNothing({ target: users.emailCanonical })
    .returning();
  return row ?? null;
}

/**
 * The owner of the mailbox claims the account: it gets what that owner asked for, and nothing set
 * by anyone before (RC-7) but by the operator, who has invited them.
 */
export async function claimUser(
  db: Db,
  input: {
    id: string;
    passwordHash: string | null;
    name: string | null;
    locale: string | null;
    now: Date;
  },
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
    .where(
      and(
        eq(users.id, input.id),
        isNull(users.emailVerifiedAt),
        isNull(users.suspendedAt),
        ...(input.passwordHash === null ? [] : [isNull(users.invitedAt)]),
      ),
    )
    .returning();
  return row ?? null;
}

/**
 * The user's row as it is now, held until the transaction ends, so that nobody changes password,
 * factors or status meanwhile. Null where the account may not sign in, or its password is not the
 * one that the caller has checked: told by the hash that was compared, or by when it had been set.
 */
export async function holdUser(
  db: Db,
  input: { id: string; passwordHash?: string; passwordChangedAt?: Date | null },
): Promise<UserRow | null> {
  const { id, passwordHash, passwordChangedAt } = input;
  const seen: SQL[] = passwordHash === undefined ? [] : [eq(users.passwordHash, passwordHash)];
  if (passwordChangedAt === null) seen.push(isNull(users.passwordChangedAt));
  else if (passwordChangedAt !== undefined)
    seen.push(eq(users.passwordChangedAt, passwordChangedAt));
  const [row] = await db
    .select()
    .from(users)
    .where(and(...mayAct(id), ...seen))
    .for('no key update');
  return row ?? null;
}

/** Null where the account may not sign in. */
export async function recordLogin(
  db: Db,
  input: { id: string; now: Date },
): Promise<UserRow | null> {
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

/**
 * Null: no authenticator app is asked for any more. Call it in the transaction that changes
 * totp_authenticators.
 */
export async function setTotpEnabledAt(
  db: Db,
  input: { id: string; at: Date | null },
): Promise<void> {
  await db.update(users).set({ totpEnabledAt: input.at }).where(eq(users.id, input.id));
}

/**
 * Compare-and-set: a rehash at sign-in never overwrites a password that was changed meanwhile
 * (PW-14).
 */
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

/**
 * A password in place of the one that was seen; null where another change, a rehash or a suspension
 * came first (PW-14).
 */
export async function changePasswordHash(
  db: Db,
  input: { id: string; seenHash: string | null; passwordHash: string; now: Date },
): Promise<UserRow | null> {
  const { id, seenHash, passwordHash, now } = input;
  const [row] = await db
    .update(users)
    .set({ passwordHash, passwordChangedAt: now })
    .where(
      and(
        eq(users.id, id),
        isNull(users.suspendedAt),
        seenHash === null ? isNull(users.passwordHash) : eq(users.passwordHash, seenHash),
      ),
    )
    .returning();
  return row ?? null;
}

/**
 * A password by a link to the mailbox, which proves the address too. Null where the account has
 * another address by now or is suspended, which a reset does not undo (RC-6).
 */
export async function resetPasswordHash(
  db: Db,
  input: { id: string; emailCanonical: string; passwordHash: string; now: Date },
): Promise<UserRow | null> {
  const { id, emailCanonical, passwordHash, now } = input;
  const [row] = await db
    .update(users)
    .set({
      passwordHash,
      passwordChangedAt: now,
      emailVerifiedAt: sql`coalesce(${users.emailVerifiedAt}, ${now.toISOString()}::timestamptz)`,
    })
    .where(
      and(eq(users.id, id), eq(users.emailCanonical, emailCanonical), isNull(users.suspendedAt)),
    )
    .returning();
  return row ?? null;
}

/** Leaves the account without a password, until a link to its mailbox sets one. */
export async function removePasswordHash(db: Db, input: { id: string; now: Date }): Promise<void> {
  await db
    .update(users)
    .set({ passwordHash: null, passwordChangedAt: input.now })
    .where(eq(users.id, input.id));
}

/** What an owner may change without proving anything again. Fields that are left out stay. */
export async function updateProfile(
  db: Db,
  input: {
    id: string;
    changes: { readonly name?: string | null; readonly locale?: string | null };
  },
): Promise<UserRow | null> {
  const { name, locale } = input.changes;
  const changes = {
    ...(name === undefined ? {} : { name }),
    ...(locale === undefined ? {} : { locale }),
  };
  if (Object.keys(changes).length === 0) return findUserById(db, { id: input.id });
  const [row] = await db.update(users).set(changes).where(eq(users.id, input.id)).returning();
  return row ?? null;
}

type Address = { readonly email: string; readonly emailCanonical: string };

/**
 * The confirmed address in place of the one that was seen; null where the account has changed
 * meanwhile. Rejects with a unique violation where somebody else has it by now (RC-9).
 */
export async function changeEmail(
  db: Db,
  input: Address & { id: string; seenCanonical: string; now: Date },
): Promise<UserRow | null> {
  const { id, email, emailCanonical, seenCanonical, now } = input;
  const [row] = await db
    .update(users)
    .set({ email, emailCanonical, emailVerifiedAt: now })
    .where(
      and(eq(users.id, id), eq(users.emailCanonical, seenCanonical), isNull(users.suspendedAt)),
    )
    .returning();
  return row ?? null;
}

/**
 * The former address again, and no password until its owner sets one. Rejects with a unique
 * violation where the address is taken.
 */
export async function restoreEmail(
  db: Db,
  input: Address & { id: string; now: Date },
): Promise<UserRow | null> {
  const { id, email, emailCanonical, now } = input;
  const [row] = await db
    .update(users)
    .set({
      email,
      emailCanonical,
      emailVerifiedAt: now,
      passwordHash: null,
      passwordChangedAt: now,
    })
    .where(eq(users.id, id))
    .returning();
  return row ?? null;
}

/**
 * Removes a row that nobody has proved, for one who has proved the mailbox (RC-7); answers with its
 * id, null where there was none.
 */
export async function deleteUnverifiedHolder(
  db: Db,
  input: { emailCanonical: string; exceptId: string },
): Promise<string | null> {
  const [row] = await db
    .delete(users)
    .where(
      and(
        eq(users.emailCanonical, input.emailCanonical),
        ne(users.id, input.exceptId),
        isNull(users.emailVerifiedAt),
        isNull(users.suspendedAt),
      ),
    )
    .returning({ id: users.id });
  return row?.id ?? null;
}

/** Erases a user, and by cascade whatever hangs on the row; null where it was gone. */
export async function deleteUser(db: Db, input: { id: string }): Promise<UserRow | null> {
  const [row] = await db.delete(users).where(eq(users.id, input.id)).returning();
  return row ?? null;
}
