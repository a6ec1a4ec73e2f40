import { and, count, desc, inArray, isNotNull, isNull, or, type SQL, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { type UserRow, users } from '../tables/users.ts';

export type UserFilter = {
  /** The start of an address or of a name, as a person typed it; null for all. */
  readonly search: string | null;
  readonly status: 'ACTIVE' | 'UNVERIFIED' | 'SUSPENDED' | null;
};

/** Users that fit, the newest first, from the one after `after` on; `limit` at most. */
export async function listUsers(
  db: Db,
  input: { filter: UserFilter; after: { at: Date; id: string } | null; limit: number },
): Promise<UserRow[]> {
  const { filter, after, limit } = input;
  const older =
    after && sql`(${users.createdAt}, ${users.id}) < (${after.at.toISOString()}::timestamptz, ${after.id}::uuid)`;
  return db
    .select()
    .from(users)
    .where(and(...conditions(filter), older ?? undefined))
    .orderBy(desc(users.createdAt), desc(users.id))
    .limit(limit);
}

export async function countUsers(db: Db, input: { filter: UserFilter }): Promise<number> {
  const [row] = await db
    .select({ count: count() })
    .from(users)
    .where(and(...conditions(input.filter)));
  return row?.count ?? 0;
}

function conditions({ search, status }: UserFilter): SQL[] {
  const found: (SQL | undefined)[] = [];
  if (search !== null) {
    const pattern = `${escapeLike(search)}%`;
    found.push(
      or(
        sql`${users.emailCanonical} like ${pattern.toLowerCase()}`,
        // PostgreSQL lower-cases both sides, so that the index and the pattern agree on every letter.
        sql`lower(${users.name}) like lower(${pattern})`,
      ),
    );
  }
  if (status === 'SUSPENDED') found.push(isNotNull(users.suspendedAt));
  if (status === 'UNVERIFIED') found.push(and(isNull(users.suspendedAt), isNull(users.emailVerifiedAt)));
  if (status === 'ACTIVE') found.push(and(isNull(users.suspendedAt), isNotNull(users.emailVerifiedAt)));
  return found.flatMap((condition) => condition ?? []);
}

/** Text in which no character means anything to LIKE (AZ-9). */
export function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

/** The users that there are of these, in no order. */
export async function findUsersByIds(db: Db, input: { ids: readonly string[] }): Promise<UserRow[]> {
  return input.ids.length === 0
    ? []
    : db
        .select()
        .from(users)
        .where(inArray(users.id, [...input.ids]));
}
