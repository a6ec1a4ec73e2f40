import { purgeExpired } from '../domain/retention/purge-expired.ts';
import { withDatabase } from './with-database.ts';

/**
 * Removes all expired rows from DATABASE_URL and prints how many. Running servers do this by
 * themselves.
 */
export async function purge(options: { json?: boolean }): Promise<void> {
  await withDatabase('purge', async (app) => {
    const counts = await purgeExpired(app);
    if (options.json) process.stdout.write(`${JSON.stringify(counts)}\n`);
    else
      for (const [kind, count] of Object.entries(counts))
        process.stdout.write(`${kind}: ${count}\n`);
  });
}
