import type { Db } from '../db/driver/client.ts';
import { sessions } from '../db/tables/sessions.ts';
import { users } from '../db/tables/users.ts';

/** The ids of a person with one session. */
export type KnownPerson = { readonly userId: string; readonly sessionId: string };

type Row = typeof sessions.$inferInsert;
type SessionOf = (
  n: number,
) => Pick<Row, 'refreshHash' | 'idleExpiresAt' | 'absoluteExpiresAt'> &
  Partial<Pick<Row, 'lastUsedAt'>>;

/**
 * Inserts people with the addresses `p0@x.org` and so on, each with a session that began at `now`;
 * only for tests of queries.
 */
export async function putPeople(
  db: Db,
  { known, now, sessionOf }: { known: readonly KnownPerson[]; now: Date; sessionOf: SessionOf },
): Promise<void> {
  await db.insert(users).values(
    known.map(({ userId }, n) => ({
      id: userId,
      email: `p${n}@x.org`,
      emailCanonical: `p${n}@x.org`,
      createdAt: now,
    })),
  );
  await db.insert(sessions).values(
    known.map(({ userId, sessionId }, n) => ({
      id: sessionId,
      userId,
      createdAt: now,
      lastUsedAt: now,
      authenticatedAt: now,
      methods: ['pwd'],
      provedMethods: ['PASSWORD'],
      ...sessionOf(n),
    })),
  );
}
