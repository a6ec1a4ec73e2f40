import { and, desc, eq, gt, isNull, lt, ne, or, sql } from 'drizzle-orm';
import type { Db } from '../driver/client.ts';
import { type SigningKeyRow, signingKeys } from '../tables/signing-keys.ts';

/** Keys that sign, will sign or still verify, the newest first. */
export async function listSigningKeys(db: Db, input: { now: Date }): Promise<SigningKeyRow[]> {
  return db
    .select()
    .from(signingKeys)
    .where(
      and(
        isNull(signingKeys.removedAt),
        or(isNull(signingKeys.expiresAt), gt(signingKeys.expiresAt, input.now)),
      ),
    )
    .orderBy(desc(signingKeys.activeFrom), desc(signingKeys.kid));
}

/** Every key that there is a row of, the newest first. */
export async function listAllSigningKeys(db: Db): Promise<SigningKeyRow[]> {
  return db.select().from(signingKeys).orderBy(desc(signingKeys.activeFrom), desc(signingKeys.kid));
}

/**
 * One at a time on all instances, until the transaction ends: who comes second sees what the first
 * has made.
 */
export async function lockSigningKeys(db: Db): Promise<void> {
  await db
    .select({ lock: sql`pg_advisory_xact_lock(7809634751936259450)` })
    .from(sql`(select 1) as one`);
}

export async function insertSigningKey(
  db: Db,
  row: typeof signingKeys.$inferInsert,
): Promise<void> {
  await db.insert(signingKeys).values(row);
}

/** Gives every key that has no end yet one, but for `exceptKid`. */
export async function endOtherSigningKeys(
  db: Db,
  input: { exceptKid: string; expiresAt: Date },
): Promise<void> {
  await db
    .update(signingKeys)
    .set({ expiresAt: input.expiresAt })
    .where(and(ne(signingKeys.kid, input.exceptKid), isNull(signingKeys.expiresAt)));
}

export async function endSigningKey(
  db: Db,
  input: { kid: string; expiresAt: Date },
): Promise<void> {
  await db
    .update(signingKeys)
    .set({ expiresAt: input.expiresAt })
    .where(eq(signingKeys.kid, input.kid));
}

/** Lets a key that waits sign from now on. */
export async function activateSigningKey(db: Db, input: { kid: string; now: Date }): Promise<void> {
  await db.update(signingKeys).set({ activeFrom: input.now }).where(eq(signingKeys.kid, input.kid));
}

/** Takes a key away for good; false where there is none of that kid that was not removed before. */
export async function removeSigningKey(
  db: Db,
  input: { kid: string; now: Date },
): Promise<boolean> {
  const rows = await db
    .update(signingKeys)
    .set({ removedAt: input.now })
    .where(and(eq(signingKeys.kid, input.kid), isNull(signingKeys.removedAt)))
    .returning({ kid: signingKeys.kid });
  return rows.length === 1;
}

/**
 * Destroys the rows, sealed private parts and all, of keys that have verified nothing since
 * `before`.
 */
export async function purgeSigningKeys(db: Db, input: { before: Date }): Promise<void> {
  await db
    .delete(signingKeys)
    .where(or(lt(signingKeys.expiresAt, input.before), lt(signingKeys.removedAt, input.before)));
}
