import { and, eq, max, sql } from 'drizzle-orm';
import type { Db } from '../driver/client.ts';
import { accountTokens } from '../tables/account-tokens.ts';
import { identities } from '../tables/identities.ts';
import { passkeys } from '../tables/passkeys.ts';
import { recoveryCodes } from '../tables/recovery-codes.ts';
import { totpAuthenticators } from '../tables/totp-authenticators.ts';

/**
 * The latest moment that is stored of a user's changes of address and of factors; null without any.
 */
export async function latestStampedChange(
  db: Db,
  { userId }: { userId: string },
): Promise<Date | null> {
  const changes = db
    .select({ at: max(accountTokens.createdAt) })
    .from(accountTokens)
    .where(and(eq(accountTokens.userId, userId), eq(accountTokens.purpose, 'UNDO_EMAIL_CHANGE')));
  const apps = db
    .select({ at: max(totpAuthenticators.confirmedAt) })
    .from(totpAuthenticators)
    .where(eq(totpAuthenticators.userId, userId));
  const codes = db
    .select({ at: max(recoveryCodes.createdAt) })
    .from(recoveryCodes)
    .where(eq(recoveryCodes.userId, userId));
  const added = db
    .select({ at: max(passkeys.createdAt) })
    .from(passkeys)
    .where(eq(passkeys.userId, userId));
  const linked = db
    .select({ at: max(identities.createdAt) })
    .from(identities)
    .where(eq(identities.userId, userId));
  const all = [changes, apps, codes, added, linked].map((each) => sql`(${each})`);
  const latest = sql<Date | null>`greatest(${sql.join(all, sql`, `)})`;
  const [row] = await db
    .select({ at: latest.mapWith(accountTokens.createdAt) })
    .from(sql`(select 1) as one`);
  return row?.at ?? null;
}
