import { sql } from 'drizzle-orm';
import type { Database, Db } from '../driver/client.ts';

/**
 * Seconds by which each replica is behind the primary; `Infinity` for one that does not answer.
 * Rejects where the primary does not.
 */
export async function replicaLags({
  db,
  replicas,
}: Pick<Database, 'db' | 'replicas'>): Promise<number[]> {
  if (replicas.length === 0) return [];
  const [primary] = await db
    .select({ position: sql<string>`pg_current_wal_lsn()::text` })
    .from(sql`(select 1) as one`);
  const position = primary?.position ?? '';
  return Promise.all(
    replicas.map((replica) => lagOf(replica, position).catch(() => Number.POSITIVE_INFINITY)),
  );
}

/** A replica that has replayed all that the primary had written is not behind, however old that. */
async function lagOf(replica: Db, position: string): Promise<number> {
  const [row] = await replica
    .select({
      seconds: sql<number>`case
        when not pg_is_in_recovery() or pg_last_wal_replay_lsn() >= ${position}::pg_lsn then 0
        else coalesce(extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()), 0)
      end`.mapWith(Number),
    })
    .from(sql`(select 1) as one`);
  return Math.max(0, row?.seconds ?? 0);
}
