import { fileURLToPath } from 'node:url';
import { drizzle as drizzlePostgres } from 'drizzle-orm/postgres-js';
import { migrate as migratePostgresFolder } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { createPrimaryFinder } from './driver/find-primary.ts';

/** The same two levels up from src/db and from dist/db. */
export const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url));

/** "latchkey" in ASCII, cut to 63 bits: the advisory lock key that all instances share. */
const migrationLock = '7809634751936259449';

/**
 * Applies missing migrations. Safe to run from many instances at once: one applies, the others wait
 * and find nothing to do.
 */
export async function migratePostgres(url: string): Promise<void> {
  // Drizzle's migrator takes no lock (drizzle-orm#874). A session lock needs a connection of its
  // own.
  const findPrimary = createPrimaryFinder(url);
  const sql = postgres(await findPrimary(), {
    max: 1,
    connect_timeout: 10,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: 'latchkey-migrate' },
  });
  try {
    await sql`select pg_advisory_lock(${migrationLock}::bigint)`;
    await migratePostgresFolder(drizzlePostgres(sql), { migrationsFolder });
    await sql`select pg_advisory_unlock(${migrationLock}::bigint)`;
  } finally {
    await sql.end({ timeout: 5 });
  }
}
