import { and, desc, eq, gt, gte, isNull, lt, ne, or, sql } from 'drizzle-orm';
import { farFuture } from '../../clock.ts';
import type { Db } from '../driver/client.ts';
import { lockKey } from '../driver/lock-keys.ts';
import { type SigningKeyRow, signingKeys } from '../tables/signing-keys.ts';

/** Keys that sign, will sign or still verify, the newest first; without standby keys. */
export async function listSigningKeys(db: Db, input: { now: Date }): Promise<SigningKeyRow[]> {
  return db
    .select()
    .from(signingKeys)
    .where(
      and(
        isNull(signingKeys.removedAt),
        lt(signingKeys.activeFrom, farFuture),
        or(isNull(signingKeys.expiresAt), gt(signingKeys.expiresAt, input.now)),
      ),
    )
    .orderBy(desc(signingKeys.activeFrom), desc(signingKeys.kid));
}

/**
 * Keys that are published and sign only when they are needed, which gives them a time in place of
 * the far future; the newest first.
 */
export async function listStandbyKeys(db: Db): Promise<SigningKeyRow[]> {
  return db
    .select()
    .from(signingKeys)
    .where(and(isNull(signingKeys.removedAt), gte(signingKeys.activeFrom, farFuture)))
    .orderBy(desc(signingKeys.createdAt), desc(signingKeys.kid));
}

/** Every stored key, the newest first. */
export async function listAllSigningKeys(db: Db): Promise<SigningKeyRow[]> {
  return db.select().from(signingKeys).orderBy(desc(signingKeys.activeFrom), desc(signingKeys.kid));
}

/**
 * Locks out all other instances until the transaction ends, so that a second one sees the first
 * one's keys.
 */
export async function lockSigningKeys(db: Db): Promise<void> {
  await db
    .select({ lock: sql`pg_advisory_xact_lock(${lockKey('signingKeys')})` })
    .from(sql`(select 1) as one`);
}

export async function insertSigningKey(
  db: Db,
  row: typeof signingKeys.$inferInsert,
): Promise<void> {
  await db.insert(signingKeys).values(row);
}

/** Sets the expiry of every key that has none, except `exceptKid` and standby keys. */
export async function endOtherSigningKeys(
  db: Db,
  input: { exceptKid: string; expiresAt: Date },
): Promise<void> {
  await db
    .update(signingKeys)
    .set({ expiresAt: input.expiresAt })
    .where(
      and(
        ne(signingKeys.kid, input.exceptKid),
        isNull(signingKeys.expiresAt),
        lt(signingKeys.activeFrom, farFuture),
      ),
    );
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

/** Lets a waiting key sign from now on. */
export async function activateSigningKey(db: Db, input: { kid: string; now: Date }): Promise<void> {
  await db.update(signingKeys).set({ activeFrom: input.now }).where(eq(signingKeys.kid, input.kid));
}

/** Removes a key permanently; false when there is no key of that kid, or it was removed before. */
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
 * Deletes the rows, with their sealed private parts, of keys that stopped verifying before
 * `before`.
 */
export async function purgeSigningKeys(db: Db, input: { before: Date }): Promise<void> {
  await db
    .delete(signingKeys)
    .where(or(lt(signingKeys.expiresAt, input.before), lt(signingKeys.removedAt, input.before)));
}
