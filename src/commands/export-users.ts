import { once } from 'node:events';
import { exportUsers } from '../domain/admin/export-users.ts';
import { tell } from './fail.ts';
import { withDatabase } from './with-database.ts';

/**
 * Writes every user to standard output, a page at a time, as fast as its reader takes them.
 */
export async function exportUsersTo({ after = null }: { after?: string | null }): Promise<void> {
  await withDatabase('export', async (app) => {
    let count = 0;
    for await (const users of exportUsers(app, { after })) {
      const lines = users.map((user) => `${JSON.stringify(user)}\n`).join('');
      if (!process.stdout.write(lines)) await once(process.stdout, 'drain');
      count += users.length;
    }
    tell(`${count} users exported.`);
  });
}
