import {
  and,
  asc,
  count,
  desc,
  eq,
  gt,
  inArray,
  isNotNull,
  isNull,
  lte,
  ne,
  notInArray,
  or,
  type SQL,
  sql,
} from 'drizzle-orm';
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

const isOpen = and(isNull(outboxMessages.sentAt), isNull(outboxMessages.failedAt));

/** A row that the provider did not take; an error stands only on a row that no worker holds. */
const waitsForProvider = and(
  isNotNull(outboxMessages.lastError),
  sql`${outboxMessages.waitsForProvider} is not false`,
);

const isDue = lte(outboxMessages.availableAt, given(outboxMessages.availableAt, 'now'));

function leaseOf(condition: SQL | undefined, order: readonly SQL[]) {
  return builtForRows(leased, (db, columns) => {
    // A CTE with FOR UPDATE runs exactly once; a subquery in IN may run again and take more rows
    // than LIMIT.
    const due = db.$with('due').as(
      db
        .select({ id: outboxMessages.id, lastError: outboxMessages.lastError })
        .from(outboxMessages)
        .where(and(condition, isOpen))
        .orderBy(...order)
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
        lastError: null,
        waitsForProvider: null,
      })
      .from(due)
      .where(eq(outboxMessages.id, due.id))
      .returning(returned);
  });
}

// What was tried least, so that no mail that always fails is the only probe; the newest of these,
// because a user waits for it.
const newestFirst = [asc(outboxMessages.attempts), desc(outboxMessages.createdAt)];

const leases = {
  longestWaiting: leaseOf(isDue, [asc(outboxMessages.availableAt)]),
  newest: leaseOf(isDue, newestFirst),
  newestOrPostponed: leaseOf(or(isDue, waitsForProvider), newestFirst),
};

/**
 * Which due messages go first: those that have waited longest, or the newest of those that were
 * tried least; `newestOrPostponed` counts what waits for the provider as due.
 */
export type LeaseOrder = keyof typeof leases;

/**
 * Leases up to `limit` due rows, the longest waiting first unless told otherwise, and counts the
 * attempt. One statement, committed at once: no connection is held while a message is sent, and
 * rows of a worker that dies are due again at `leaseUntil`.
 */
export async function leaseDueMessages(
  db: Db,
  input: { now: Date; leaseUntil: Date; limit: number; order?: LeaseOrder },
): Promise<LeasedMessage[]> {
  const { order = 'longestWaiting', ...values } = input;
  return leases[order](db, values);
}

/** A mail to an address that has proved nothing, and that was refused for it. */
type Unproven = {
  /** The reason on its row. */
  readonly reason: string;
  readonly templates: ReadonlySet<string>;
};

/**
 * How many messages wait, and for how many seconds the oldest has waited; mails that were refused
 * for an unproven address wait in vain, and do not count as the oldest.
 */
export async function outboxBacklog(
  db: Db,
  { now, unproven }: { now: Date; unproven: Unproven },
): Promise<{ waiting: number; oldest: number }> {
  const { attempts, createdAt, lastError, template } = outboxMessages;
  // A row that a worker holds has no reason: it is the next attempt of one that had it.
  const isTriedAgain = and(
    isNull(lastError),
    inArray(template, [...unproven.templates]),
    gt(attempts, 1),
  );
  const isInVain = or(sql`${lastError} is not distinct from ${unproven.reason}`, isTriedAgain);
  const [row] = await db
    .select({
      waiting: count(),
      since: sql`min(${createdAt}) filter (where not (${isInVain}))`.mapWith(createdAt),
    })
    .from(outboxMessages)
    .where(isOpen);
  const since: Date = row?.since ?? now;
  return {
    waiting: row?.waiting ?? 0,
    oldest: Math.max(0, (now.getTime() - since.getTime()) / 1000),
  };
}

/** How the provider has taken mail lately, as the rows tell it, without what our limits hold. */
export type MailTroubles = {
  /** Mails that wait after a failed attempt. */
  readonly waiting: number;
  /** Mails that were given up in the last hour. */
  readonly givenUp: number;
  /** Mails that wait or were given up because of an unproven address; they are in neither. */
  readonly unproven: number;
  /** Whether a mail went out after the oldest of these was written. */
  readonly hasSentSince: boolean;
  /** The reason of one of them; null without any. */
  readonly reason: string | null;
};

/** For `latchkey doctor`, which has no worker to ask. */
export async function mailTroubles(
  db: Db,
  { now, unproven }: { now: Date; unproven: Pick<Unproven, 'reason'> },
): Promise<MailTroubles> {
  const { createdAt, failedAt, lastError } = outboxMessages;
  const hourAgo = new Date(now.getTime() - 3_600_000);
  const isUnproven = eq(lastError, unproven.reason);
  const isTelling = ne(lastError, unproven.reason);
  const [row] = await db
    .select({
      waiting: sql`count(*) filter (where ${isOpen} and ${isTelling})`.mapWith(Number),
      givenUp: sql`count(${failedAt}) filter (where ${isTelling})`.mapWith(Number),
      unproven: sql`count(*) filter (where ${isUnproven})`.mapWith(Number),
      since: sql`min(${createdAt}) filter (where ${isTelling})`.mapWith(createdAt),
      reason: sql<string | null>`max(${lastError}) filter (where ${isTelling})`,
    })
    .from(outboxMessages)
    .where(
      and(
        isNotNull(lastError),
        notInArray(lastError, ['over_budget', 'over_limit']),
        or(isOpen, gt(failedAt, hourAgo)),
      ),
    );
  const counts = { waiting: 0, givenUp: 0, unproven: row?.unproven ?? 0 };
  if (!row?.since) return { ...counts, hasSentSince: true, reason: null };
  const sent = await db
    .select({ id: outboxMessages.id })
    .from(outboxMessages)
    .where(and(gt(outboxMessages.sentAt, row.since), ne(outboxMessages.template, 'none')))
    .limit(1);
  const { since: _, ...troubles } = row;
  return { ...troubles, hasSentSince: sent.length > 0 };
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
  input: {
    id: string;
    attempts: number;
    availableAt: Date;
    lastError: string;
    waitsForProvider: boolean;
  },
): Promise<void> {
  const { availableAt, lastError, waitsForProvider } = input;
  await db
    .update(outboxMessages)
    .set({ availableAt, lastError, waitsForProvider })
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

/**
 * Makes the messages due that wait for the provider, so many a second and the newest first: all at
 * once, they would stand before every mail that is written meanwhile. Leased ones stay with their
 * workers, and none is postponed by it.
 */
export async function releasePostponed(
  db: Db,
  { now, perSecond }: { now: Date; perSecond: number },
): Promise<void> {
  // Locked rows are another worker's: waiting for them could deadlock two releases.
  const held = db.$with('held').as(
    db
      .select({ id: outboxMessages.id, createdAt: outboxMessages.createdAt })
      .from(outboxMessages)
      .where(and(isOpen, waitsForProvider, gt(outboxMessages.availableAt, now)))
      .for('update', { skipLocked: true }),
  );
  const ahead = sql`(row_number() over (order by ${held.createdAt} desc) - 1)`;
  const ranked = db.$with('ranked').as(
    db
      .select({
        id: held.id,
        seconds: sql<number>`${ahead} / ${perSecond}::float8`.as('seconds'),
      })
      .from(held),
  );
  const turn = sql`${now.toISOString()}::timestamptz + make_interval(secs => ${ranked.seconds})`;
  await db
    .with(held, ranked)
    .update(outboxMessages)
    .set({ availableAt: sql`least(${outboxMessages.availableAt}, ${turn})` })
    .from(ranked)
    .where(eq(outboxMessages.id, ranked.id));
}

/**
 * Makes a message due that was given up, with the contents that it had, or that waits for its
 * recipient: it is the provider that refuses it.
 */
export async function reviveMessage(
  db: Db,
  input: { id: string; sealedPayload: Uint8Array | null; now: Date; lastError: string },
): Promise<void> {
  const { id, sealedPayload, now, lastError } = input;
  const isSettled = or(isNotNull(outboxMessages.failedAt), isNotNull(outboxMessages.lastError));
  await db
    .update(outboxMessages)
    .set({ failedAt: null, sealedPayload, availableAt: now, lastError, waitsForProvider: true })
    .where(and(eq(outboxMessages.id, id), isNull(outboxMessages.sentAt), isSettled));
}

function stillLeased(input: { id: string; attempts: number }) {
  return and(eq(outboxMessages.id, input.id), eq(outboxMessages.attempts, input.attempts), isOpen);
}
