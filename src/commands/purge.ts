import { purgeExpired } from '../domain/retention/purge-expired.ts';
import { withDatabase } from './with-database.ts';

/**
 * Removes what is over from DATABASE_URL, until nothing is left, and says how much it was. Running
 * servers do so by themselves.
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
