import { and, desc, gt, isNull, or, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { type SigningKeyRow, signingKeys } from '../tables/signing-keys.ts';

/** Keys that sign or still verify, the newest first. */
export async function listSigningKeys(db: Db, input: { now: Date }): Promise<SigningKeyRow[]> {
  return db
    .select()
    .from(signingKeys)
    .where(and(isNull(signingKeys.removedAt), or(isNull(signingKeys.expiresAt), gt(signingKeys.expiresAt, input.now))))
    .orderBy(desc(signingKeys.activeFrom), desc(signingKeys.kid));
}

/** One at a time on all instances, until the transaction ends: who comes second sees what the first has made. */
export async function lockSigningKeys(db: Db): Promise<void> {
  await db.select({ lock: sql`pg_advisory_xact_lock(7809634751936259450)` }).from(sql`(select 1) as one`);
}

export async function insertSigningKey(db: Db, row: typeof signingKeys.$inferInsert): Promise<void> {
  await db.insert(signingKeys).values(row);
}
