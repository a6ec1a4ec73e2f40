import { secondsAfter } from '../../clock.ts';
import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import { countEndedSessions, evictSessions } from '../../db/queries/sessions.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { enqueueEmail } from '../outbox/enqueue-email.ts';
import { type EndReason, recordEnds } from './end-sessions.ts';

/** Seconds within which a user gets at most one notice of an evicted session. */
const noticeEvery = 24 * 3600;
const reason: EndReason = 'evicted';

type Input = {
  readonly db: Transaction;
  readonly session: { readonly id: string };
  readonly user: UserRow;
};

/**
 * Ends the least recently used sessions beyond `sessionLimit`, and tells the user (SE-14).
 * `session` stays.
 */
export async function makeRoom(ctx: Context, { db, session, user }: Input): Promise<void> {
  const now = ctx.clock.now();
  const keep = ctx.config.sessionLimit;
  const evicted = await evictSessions(db, {
    userId: user.id,
    exceptId: session.id,
    keep,
    now,
    reason,
  });
  const [first] = evicted;
  if (!first) return;
  const ids = evicted.map(({ id }) => id);
  await recordEnds(ctx, { db, userId: user.id, reason }, ids);

  const since = secondsAfter(now, -noticeEvery);
  const lately = await countEndedSessions(db, { userId: user.id, reason, since });
  if (lately > evicted.length) return;
  await enqueueEmail(ctx, {
    db,
    to: user.email,
    locale: user.locale,
    content: { template: 'session-evicted', at: now.toISOString(), device: first.device },
  });
}
