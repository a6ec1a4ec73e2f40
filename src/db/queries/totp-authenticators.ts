import { and, eq, gt, gte, isNotNull, isNull, lt, or, sql } from 'drizzle-orm';
import { builtOnce } from '../driver/built-once.ts';
import type { Db } from '../driver/client.ts';
import { type TotpAuthenticatorRow, totpAuthenticators } from '../tables/totp-authenticators.ts';

/** Begins an enrolment and replaces a pending one; an active authenticator stays active (OT-14). */
export async function putPendingTotp(
  db: Db,
  row: { id: string; userId: string; sealedSecret: Uint8Array; createdAt: Date; expiresAt: Date },
): Promise<void> {
  const { id, sealedSecret, createdAt, expiresAt } = row;
  await db
    .insert(totpAuthenticators)
    .values(row)
    .onConflictDoUpdate({
      target: totpAuthenticators.userId,
      targetWhere: isNull(totpAuthenticators.confirmedAt),
      set: { id, sealedSecret, createdAt, expiresAt },
    });
}

export async function findPendingTotp(
  db: Db,
  input: { id: string; userId: string; now: Date },
): Promise<TotpAuthenticatorRow | null> {
  const [row] = await db
    .select()
    .from(totpAuthenticators)
    .where(
      and(
        eq(totpAuthenticators.id, input.id),
        eq(totpAuthenticators.userId, input.userId),
        isNull(totpAuthenticators.confirmedAt),
        gt(totpAuthenticators.expiresAt, input.now),
      ),
    );
  return row ?? null;
}

/** The active authenticator. */
export async function findTotp(
  db: Db,
  input: { userId: string },
): Promise<TotpAuthenticatorRow | null> {
  const [row] = await db
    .select()
    .from(totpAuthenticators)
    .where(
      and(eq(totpAuthenticators.userId, input.userId), isNotNull(totpAuthenticators.confirmedAt)),
    );
  return row ?? null;
}

/**
 * Activates a pending authenticator, with the time step of the code that confirmed it. Null when it
 * is gone, expired or already active.
 */
export async function confirmTotp(
  db: Db,
  input: { id: string; userId: string; step: number; confirmedAt: Date; now: Date },
): Promise<TotpAuthenticatorRow | null> {
  const [row] = await db
    .update(totpAuthenticators)
    .set({ confirmedAt: input.confirmedAt, lastStep: input.step })
    .where(
      and(
        eq(totpAuthenticators.id, input.id),
        eq(totpAuthenticators.userId, input.userId),
        isNull(totpAuthenticators.confirmedAt),
        gt(totpAuthenticators.expiresAt, input.now),
      ),
    )
    .returning();
  return row ?? null;
}

/**
 * Moves the last accepted step forward, never back: of any number of concurrent callers with the
 * same code, on any instance, one gets true (OT-12; RFC 6238 5.2). The secret is stored again with
 * it, under the current key.
 */
export async function advanceTotpStep(
  db: Db,
  input: { id: string; step: number; sealedSecret: Uint8Array },
): Promise<boolean> {
  const rows = await db
    .update(totpAuthenticators)
    .set({ lastStep: input.step, sealedSecret: input.sealedSecret })
    .where(
      and(
        eq(totpAuthenticators.id, input.id),
        isNotNull(totpAuthenticators.confirmedAt),
        lt(totpAuthenticators.lastStep, input.step),
      ),
    )
    .returning({ id: totpAuthenticators.id });
  return rows.length === 1;
}

/** Removes the active authenticator, and leaves a pending one. */
export async function deleteConfirmedTotp(db: Db, input: { userId: string }): Promise<void> {
  await db
    .delete(totpAuthenticators)
    .where(
      and(eq(totpAuthenticators.userId, input.userId), isNotNull(totpAuthenticators.confirmedAt)),
    );
}

const deleteOf = builtOnce((db) =>
  db.delete(totpAuthenticators).where(eq(totpAuthenticators.userId, sql.placeholder('userId'))),
);

/** Removes the active and the pending one. */
export async function deleteTotp(db: Db, input: { userId: string }): Promise<void> {
  await deleteOf(db, input);
}

/** Removes the active one where it was confirmed at or after `since`, and any pending one. */
export async function deleteTotpSince(
  db: Db,
  input: { userId: string; since: Date },
): Promise<void> {
  await db
    .delete(totpAuthenticators)
    .where(
      and(
        eq(totpAuthenticators.userId, input.userId),
        or(
          isNull(totpAuthenticators.confirmedAt),
          gte(totpAuthenticators.confirmedAt, input.since),
        ),
      ),
    );
}
