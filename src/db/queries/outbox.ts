import {
  and,
  asc,
  count,
  eq,
  gt,
  isNotNull,
  isNull,
  lte,
  max,
  min,
  ne,
  or,
  sql,
} from 'drizzle-orm';
import { farFuture } from '../../clock.ts';
import { builtOnce } from '../driver/built-once.ts';
import type { Db } from '../driver/client.ts';
import { type OutboxMessageRow, outboxMessages } from '../tables/outbox-messages.ts';
import { builtForRows, given, givenRow } from './built-rows.ts';

const written = [
  'id',
  'kind',
  'template',
  'sealedPayload',
  'availableAt',
  'expiresAt',
  'createdAt',
] as const;

const insert = builtOnce((db) =>
  db.insert(outboxMessages).values(givenRow(outboxMessages, written)),
);

export async function insertOutboxMessage(
  db: Db,
  row: Pick<OutboxMessageRow, (typeof written)[number]>,
): Promise<void> {
  await insert(db, row);
}

/**
 * A row that only this process may send until the lease ends. `attempts` includes this lease and
 * distinguishes it from later ones; `lastError` is that of the attempt before.
 */
export type LeasedMessage = Pick<
  OutboxMessageRow,
  'id' | 'kind' | 'template' | 'sealedPayload' | 'attempts' | 'expiresAt' | 'lastError'
>;

const leased = {
  id: outboxMessages.id,
  kind: outboxMessages.kind,
  template: outboxMessages.template,
  sealedPayload: outboxMessages.sealedPayload,
  attempts: outboxMessages.attempts,
  expiresAt: outboxMessages.expiresAt,
  lastError: outboxMessages.lastError,
};

const lease = builtForRows(leased, (db, columns) => {
  // A CTE with FOR UPDATE runs exactly once; a subquery in IN may run again and take more rows than
  // LIMIT.
  const due = db.$with('due').as(
    db
      .select({ id: outboxMessages.id, lastError: outboxMessages.lastError })
      .from(outboxMessages)
      .where(
        and(
          lte(outboxMessages.availableAt, given(outboxMessages.availableAt, 'horizon')),
          or(
            lte(outboxMessages.availableAt, given(outboxMessages.availableAt, 'now')),
            isNotNull(outboxMessages.lastError),
          ),
          isNull(outboxMessages.sentAt),
          isNull(outboxMessages.failedAt),
        ),
      )
      .orderBy(asc(outboxMessages.availableAt))
      .limit(sql.placeholder('limit'))
      .for('update', { skipLocked: true }),
  );
  // RETURNING gives the row as it is now, with its error cleared.
  const returned = { ...columns, lastError: due.lastError };
  return db
    .with(due)
    .update(outboxMessages)
    .set({
      availableAt: given(outboxMessages.availableAt, 'leaseUntil'),
      attempts: sql`${outboxMessages.attempts} + 1`,
      // An error stands only on a row that no worker holds: that tells it from a leased one.
      lastError: null,
    })
    .from(due)
    .where(eq(outboxMessages.id, due.id))
    .returning(returned);
});

/**
 * Leases up to `limit` due rows, the longest waiting first, and counts the attempt. One statement,
 * committed at once: no connection is held while a message is sent, and rows of a worker that dies
 * are due again at `leaseUntil`. With `postponed`, rows count as due that wait after a failure.
 */
export async function leaseDueMessages(
  db: Db,
  input: { now: Date; leaseUntil: Date; limit: number; postponed?: boolean },
): Promise<LeasedMessage[]> {
  const horizon = input.postponed ? farFuture : input.now;
  return lease(db, { ...input, horizon });
}

/** How many messages wait, and for how many seconds the oldest has waited. */
export async function outboxBacklog(
  db: Db,
  { now }: { now: Date },
): Promise<{ waiting: number; oldest: number }> {
  const [row] = await db
    .select({ waiting: count(), since: min(outboxMessages.createdAt) })
    .from(outboxMessages)
    .where(and(isNull(outboxMessages.sentAt), isNull(outboxMessages.failedAt)));
  const since = row?.since ?? now;
  return {
    waiting: row?.waiting ?? 0,
    oldest: Math.max(0, (now.getTime() - since.getTime()) / 1000),
  };
}

/** How the provider has taken mail lately, as the rows tell it. */
export type MailTroubles = {
  /** Mails that wait after a failed attempt. */
  readonly waiting: number;
  /** Mails that were given up in the last hour, except those over a budget. */
  readonly givenUp: number;
  /** Whether a mail went out after the oldest of these was written. */
  readonly hasSentSince: boolean;
  /** The reason of one of them; null without any. */
  readonly reason: string | null;
};

/** For `latchkey doctor`, which has no worker to ask. */
export async function mailTroubles(db: Db, { now }: { now: Date }): Promise<MailTroubles> {
  const hourAgo = new Date(now.getTime() - 3_600_000);
  const isWaiting = and(isNull(outboxMessages.sentAt), isNull(outboxMessages.failedAt));
  const [row] = await db
    .select({
      waiting: sql<number>`count(*) filter (where ${isWaiting})`.mapWith(Number),
      givenUp: sql<number>`count(${outboxMessages.failedAt})`.mapWith(Number),
      since: min(outboxMessages.createdAt),
      reason: max(outboxMessages.lastError),
    })
    .from(outboxMessages)
    .where(
      and(
        isNotNull(outboxMessages.lastError),
        ne(outboxMessages.lastError, 'over_budget'),
        or(isWaiting, gt(outboxMessages.failedAt, hourAgo)),
      ),
    );
  if (!row?.since) return { waiting: 0, givenUp: 0, hasSentSince: true, reason: null };
  const sent = await db
    .select({ id: outboxMessages.id })
    .from(outboxMessages)
    .where(and(gt(outboxMessages.sentAt, row.since), ne(outboxMessages.template, 'none')))
    .limit(1);
  const { waiting, givenUp, reason } = row;
  return { waiting, givenUp, hasSentSince: sent.length > 0, reason };
}

const markSent = builtOnce((db) =>
  db
    .update(outboxMessages)
    .set({
      sentAt: given(outboxMessages.sentAt, 'now'),
      failedAt: null,
      sealedPayload: null,
      lastError: null,
    })
    .where(and(eq(outboxMessages.id, sql.placeholder('id')), isNull(outboxMessages.sentAt))),
);

/** Marks the message as sent and erases its contents, whichever worker has the lease by now. */
export async function markMessageSent(db: Db, input: { id: string; now: Date }): Promise<void> {
  await markSent(db, input);
}

/** Postpones the row; does nothing when another worker has leased it since. */
export async function postponeMessage(
  db: Db,
  input: { id: string; attempts: number; availableAt: Date; lastError: string },
): Promise<void> {
  await db
    .update(outboxMessages)
    .set({ availableAt: input.availableAt, lastError: input.lastError })
    .where(stillLeased(input));
}

/**
 * Marks the message as failed and erases its contents; does nothing when another worker has leased
 * it since.
 */
export async function markMessageFailed(
  db: Db,
  input: { id: string; attempts: number; now: Date; lastError: string },
): Promise<void> {
  await db
    .update(outboxMessages)
    .set({ failedAt: input.now, sealedPayload: null, lastError: input.lastError })
    .where(stillLeased(input));
}

/** Makes every message due that waits after a failure; leased ones stay with their workers. */
export async function releasePostponed(db: Db, { now }: { now: Date }): Promise<void> {
  await db
    .update(outboxMessages)
    .set({ availableAt: now })
    .where(
      and(
        isNull(outboxMessages.sentAt),
        isNull(outboxMessages.failedAt),
        isNotNull(outboxMessages.lastError),
        gt(outboxMessages.availableAt, now),
      ),
    );
}

/** Takes back that a message was given up, with the contents that it had. */
export async function reviveMessage(
  db: Db,
  input: { id: string; sealedPayload: Uint8Array | null; now: Date; lastError: string },
): Promise<void> {
  await db
    .update(outboxMessages)
    .set({
      failedAt: null,
      sealedPayload: input.sealedPayload,
      availableAt: input.now,
      lastError: input.lastError,
    })
    .where(and(eq(outboxMessages.id, input.id), isNotNull(outboxMessages.failedAt)));
}

function stillLeased(input: { id: string; attempts: number }) {
  return and(
    eq(outboxMessages.id, input.id),
    eq(outboxMessages.attempts, input.attempts),
    isNull(outboxMessages.sentAt),
    isNull(outboxMessages.failedAt),
  );
}
