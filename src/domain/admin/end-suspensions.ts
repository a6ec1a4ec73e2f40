import type { App } from '../../app.ts';
import { endSuspensions as open } from '../../db/queries/user-administration.ts';
import { recordAudit } from '../audit/record.ts';

export type SuspensionApp = Pick<App, 'clock' | 'db' | 'random' | 'log' | 'keys' | 'metrics'>;

/** Accounts of one transaction. */
const batch = 100;

/**
 * Opens every account whose suspension has ended; returns their number. The sessions that the
 * suspension has ended stay ended (SE-11). Any number of processes may run it at once: each account
 * is opened by one of them.
 */
export async function endSuspensions(
  app: SuspensionApp,
  { isStopping = () => false }: { readonly isStopping?: () => boolean } = {},
): Promise<number> {
  const server = { ...app, request: null, viewer: null, by: 'server' } as const;
  let total = 0;
  for (let isMore = true; isMore && !isStopping(); ) {
    const opened = await app.db.transaction(async (tx) => {
      const users = await open(tx, { now: app.clock.now(), limit: batch });
      for (const { id: subjectId } of users)
        await recordAudit(server, {
          db: tx,
          type: 'user.reinstated',
          outcome: 'SUCCESS',
          subjectId,
        });
      return users.length;
    });
    total += opened;
    isMore = opened === batch;
  }
  return total;
}
