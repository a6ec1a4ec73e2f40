import type { App } from '../../app.ts';
import type { Db } from '../../db/driver/client.ts';
import { latestStampedChange } from '../../db/queries/stamped-changes.ts';

type Input = {
  /** The transaction that locks the user's row. */
  readonly db: Db;
  readonly userId: string;
};

/**
 * SECURITY: the moment to store of a change of address or of factors: later than every such change
 * before it, also where those were made by a server whose clock is ahead. The undo of a change of
 * address tells by these moments what came after it.
 */
export async function momentOfChange(
  { clock }: Pick<App, 'clock'>,
  { db, userId }: Input,
): Promise<Date> {
  const now = clock.now();
  const latest = await latestStampedChange(db, { userId });
  return latest === null || latest < now ? now : new Date(latest.getTime() + 1);
}
