import { sql } from 'drizzle-orm';
import type { Db } from '../driver/client.ts';

/** The database's clock, in milliseconds since 1970: all servers share it. */
export async function databaseTime(db: Db): Promise<number> {
  const at = sql<number>`extract(epoch from clock_timestamp()) * 1000`.mapWith(Number);
  const [row] = await db.select({ at }).from(sql`(select 1) as one`);
  return row?.at ?? Number.NaN;
}
