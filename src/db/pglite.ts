import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { drizzle } from 'drizzle-orm/pglite';
import { applyMigrations } from './apply-migrations.ts';
import type { Database } from './driver/client.ts';

/**
 * The embedded database of development, in its own folder. Production does not load this file: its
 * package is optional.
 */
export async function openEmbedded(folder: string): Promise<Database> {
  await mkdir(dirname(folder), { recursive: true });
  const client = await PGlite.create(folder);
  await migratePglite(client);
  return openPglite(client);
}

/** Applies missing migrations to the embedded database, which has only one process. */
export async function migratePglite(client: PGlite): Promise<void> {
  const ask = async (text: string, parameters: readonly string[] = []) =>
    (await client.query<Record<string, unknown>>(text, [...parameters])).rows;
  await applyMigrations({ ask }, () => {});
}

export function openPglite(client: PGlite): Database {
  const db = drizzle(client);
  return {
    kind: 'pglite',
    db,
    readDb: db,
    replicas: [],
    // It runs in this process on one connection: there is nothing to cancel and no one to wait for.
    during: () => db,
    load: () => null,
    readDuring: () => db,
    ping: async () => {
      await client.query('select 1');
    },
    unpinned: async () => [],
    lackingRights: async () => [],
    close: () => client.close(),
  };
}
