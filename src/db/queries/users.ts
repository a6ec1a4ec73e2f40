import {
  and,
  desc,
  eq,
  getTableColumns,
  isNotNull,
  isNull,
  ne,
  type Placeholder,
  type SQL,
  sql,
} from 'drizzle-orm';
import { builtOnce } from '../driver/built-once.ts';
import type { Db } from '../driver/client.ts';
import { otpChallenges } from '../tables/otp-challenges.ts';
import { type UserRow, users } from '../tables/users.ts';
import { isAnyOf } from './any-of.ts';
import { builtForRows, given, givenRow } from './built-rows.ts';

const wholeUser = getTableColumns(users);

const byEmail = builtForRows(wholeUser, (db, columns) =>
  db
    .select(columns)
    .from(users)
    .where(eq(users.emailCanonical, sql.placeholder('canonical'))),
);

export async function findUserByEmail(
  db: Db,
  input: { canonical: string },
): Promise<UserRow | null> {
  const [row] = await byEmail(db, input);
  return row ?? null;
}

/** An open registration of an account that is not verified. */
export type OpenRegistration = {
  readonly id: string;
  readonly passwordHash: string;
  readonly name: string | null;
  readonly locale: string | null;
};

const forSignIn = builtForRows(
  {
    ...wholeUser,
    registrationId: otpChallenges.id,
    pendingPasswordHash: otpChallenges.pendingPasswordHash,
    pendingName: otpChallenges.pendingName,
    pendingLocale: otpChallenges.pendingLocale,
  },
  (db, columns) =>
    db
      .select(columns)
      .from(users)
      .leftJoin(
        otpChallenges,
        and(
          eq(otpChallenges.userId, users.id),
          isNull(users.emailVerifiedAt),
          eq(otpChallenges.purpose, 'VERIFY_EMAIL'),
          isNull(otpChallenges.consumedAt),
          isNotNull(otpChallenges.pendingPasswordHash),
        ),
      )
      .where(eq(users.emailCanonical, sql.placeholder('canonical')))
      .orderBy(desc(otpChallenges.createdAt))
      .limit(1),
);

/** The account of an address, with its newest open registration, expired or not. */
export async function findForSignIn(
  db: Db,
  input: { canonical: string },
): Promise<{ user: UserRow; registration: OpenRegistration | null } | null> {
  const [row] = await forSignIn(db, input);
  if (!row) return null;
  const { registrationId, pendingPasswordHash, pendingName, pendingLocale, ...user } = row;
  const registration =
    pendingPasswordHash === null
      ? null
      : {
          id: registrationId,
          passwordHash: pendingPasswordHash,
          name: pendingName,
          locale: pendingLocale,
        };
  return { user, registration };
}

const byId = builtForRows(wholeUser, (db, columns) =>
  db
    .select(columns)
    .from(users)
    .where(eq(users.id, sql.placeholder('id'))),
);

export async function findUserById(db: Db, input: { id: string }): Promise<UserRow | null> {
  const [row] = await byId(db, input);
  return row ?? null;
}

/** In no particular order; ids without a row are left out. */
export async function findUsersByIds(
  db: Db,
  input: { ids: readonly string[] },
): Promise<UserRow[]> {
  return input.ids.length === 0 ? [] : db.select().from(users).where(isAnyOf(users.id, input.ids));
}

/** The ids of those of these users who have a password. */
export async function findIdsWithPassword(
  db: Db,
  input: { ids: readonly string[] },
): Promise<string[]> {
  const rows = await db
    .select({ id: users.id })
    .from(users)
    .where(and(isAnyOf(users.id, input.ids), isNotNull(users.passwordHash)));
  return rows.map(({ id }) => id);
}

const insertUnlessTaken = builtOnce((db) =>
  db
    .insert(users)
    .values(givenRow(users, ['id', 'email', 'emailCanonical', 'createdAt']))
    .onConflictDoNothing({ target: users.emailCanonical }),
);

/** A new account, unverified and without a password; nothing when the address is taken. */
export async function insertUser(
  db: Db,
  { now: createdAt, ...input }: { id: string; email: string; emailCanonical: string; now: Date },
): Promise<void> {
  await insertUnlessTaken(db, { ...input, createdAt });
}

const claim = builtForRows(wholeUser, (db, columns) =>
  db
    .update(users)
    .set({
      ...givenRow(users, ['emailVerifiedAt', 'passwordHash', 'passwordChangedAt']),
      name: sql`coalesce(${sql.placeholder('name')}, ${users.name})`,
      locale: sql`coalesce(${sql.placeholder('locale')}, ${users.locale})`,
    })
    .where(
      and(
        eq(users.id, sql.placeholder('id')),
        isNull(users.emailVerifiedAt),
        isNull(users.suspendedAt),
        sql`(${sql.placeholder('passwordHash')}::text is null or ${users.invitedAt} is null)`,
      ),
    )
    .returning(columns),
);

/**
 * The owner of the mailbox claims the account: it gets what that owner entered, and keeps nothing
 * that was set before (RC-7) except by the operator who invited them.
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
  const [row] = await claim(db, {
    ...input,
    emailVerifiedAt: input.now,
    passwordChangedAt: input.passwordHash === null ? null : input.now,
  });
  return row ?? null;
}

const lockByEmail = builtForRows(wholeUser, (db, columns) =>
  db
    .select(columns)
    .from(users)
    .where(eq(users.emailCanonical, sql.placeholder('canonical')))
    .for('no key update'),
);

/**
 * The account that has the address now, in any state, locked until the transaction ends. Null also
 * where it was deleted or given another address while this waited for its row.
 */
export async function holdUserByEmail(
  db: Db,
  input: { canonical: string },
): Promise<UserRow | null> {
  const [row] = await lockByEmail(db, input);
  return row ?? null;
}

const lockUnfinished = builtForRows(wholeUser, (db, columns) =>
  db
    .select(columns)
    .from(users)
    .where(
      and(
        eq(users.emailCanonical, sql.placeholder('canonical')),
        isNull(users.emailVerifiedAt),
        isNull(users.suspendedAt),
        isNull(users.invitedAt),
      ),
    )
    .for('no key update'),
);

/**
 * The account of an address that was registered and never verified, locked until the transaction
 * ends; no other account's row is waited for. An invited user has no registration to finish.
 */
export async function holdUnfinishedUser(
  db: Db,
  input: { canonical: string },
): Promise<UserRow | null> {
  const [row] = await lockUnfinished(db, input);
  return row ?? null;
}

/** Locks the row of a user who may sign in; `seen` is what it must still contain. */
const holding = (seen?: SQL) =>
  builtForRows(wholeUser, (db, columns) =>
    db
      .select(columns)
      .from(users)
      .where(and(...mayAct(sql.placeholder('id')), seen))
      .for('no key update'),
  );
const hold = holding();
const holdByHash = holding(eq(users.passwordHash, sql.placeholder('passwordHash')));
const holdByChange = holding(
  sql`${users.passwordChangedAt} is not distinct from
    ${given(users.passwordChangedAt, 'passwordChangedAt')}`,
);

/**
 * Reads the user's row and locks it until the transaction ends, so that password, factors and
 * status cannot change meanwhile. Null when the account may not sign in, or its password is no
 * longer the one that the caller checked, identified by its hash or by when it was set.
 */
export async function holdUser(
  db: Db,
  input:
    | { id: string }
    | { id: string; passwordHash: string }
    | { id: string; passwordChangedAt: Date | null },
): Promise<UserRow | null> {
  const statement =
    'passwordHash' in input ? holdByHash : 'passwordChangedAt' in input ? holdByChange : hold;
  const [row] = await statement(db, input);
  return row ?? null;
}

const writeLogin = builtOnce((db) =>
  db
    .update(users)
    .set({ lastLoginAt: given(users.lastLoginAt, 'now') })
    .where(and(...mayAct(sql.placeholder('id'))))
    .returning({ id: users.id }),
);

/** False when the account may not sign in. */
export async function recordLogin(db: Db, input: { id: string; now: Date }): Promise<boolean> {
  return (await writeLogin(db, input)).length === 1;
}

function mayAct(id: Placeholder): SQL[] {
  return [eq(users.id, id), isNull(users.suspendedAt), isNotNull(users.emailVerifiedAt)];
}

/**
 * Null: no authenticator app is required any more. Call it in the transaction that changes
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
 * Replaces the password that was seen; null when another change, a rehash or a suspension came
 * first (PW-14).
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
 * Sets a password through a link to the mailbox, which also verifies the address. Null when the
 * account has another address by now or is suspended, which a reset does not undo (RC-6).
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

/** Leaves the account without a password until a link to its mailbox sets one. */
export async function removePasswordHash(db: Db, input: { id: string; now: Date }): Promise<void> {
  await db
    .update(users)
    .set({ passwordHash: null, passwordChangedAt: input.now })
    .where(eq(users.id, input.id));
}

/** The fields that an owner may change without proving anything again; omitted fields stay. */
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
 * Replaces the address that was seen by the confirmed one; null when the account has changed
 * meanwhile. Rejects with a unique violation when another user has the address by now (RC-9).
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
 * Restores the former address and removes the password until its owner sets one. Rejects with a
 * unique violation when the address is taken.
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
 * Removes an unverified row for a caller who has proved the mailbox (RC-7); returns its id, or null
 * when there was none.
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

/** Deletes a user, and by cascade all rows that reference it; null when it was already gone. */
export async function deleteUser(db: Db, input: { id: string }): Promise<UserRow | null> {
  const [row] = await db.delete(users).where(eq(users.id, input.id)).returning();
  return row ?? null;
}
