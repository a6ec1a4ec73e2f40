import {
  and,
  asc,
  eq,
  exists,
  gt,
  inArray,
  isNotNull,
  isNull,
  lt,
  not,
  or,
  type SQL,
  sql,
} from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import type { Db } from '../driver/client.ts';
import { lockKey } from '../driver/lock-keys.ts';
import { accountTokens } from '../tables/account-tokens.ts';
import { auditEvents } from '../tables/audit-events.ts';
import { auditOrigins } from '../tables/audit-origins.ts';
import { identityFlows } from '../tables/identity-flows.ts';
import { knownDevices } from '../tables/known-devices.ts';
import { otpChallenges } from '../tables/otp-challenges.ts';
import { outboxMessages } from '../tables/outbox-messages.ts';
import { passkeyChallenges } from '../tables/passkey-challenges.ts';
import { rateLimits } from '../tables/rate-limits.ts';
import { sessions } from '../tables/sessions.ts';
import { totpAuthenticators } from '../tables/totp-authenticators.ts';
import { users } from '../tables/users.ts';

/**
 * Each function is one statement that removes at most `limit` rows, the oldest first by an index,
 * and returns their number. Locked rows are skipped, so that any number of workers share the work
 * and none of them waits for a request (DP-6).
 */
type Batch = { readonly before: Date; readonly limit: number };

type Kind = {
  readonly table: PgTable;
  readonly key: PgColumn;
  /** Indexed: the column that `before` is compared with. */
  readonly at: PgColumn;
  readonly also?: SQL | undefined;
};

/**
 * Whether this transaction may purge: one at a time across all instances. Does not wait; released
 * with the transaction.
 */
export async function tryPurgeLock(db: Db): Promise<boolean> {
  const rows = await db
    .select({ taken: sql<boolean>`pg_try_advisory_xact_lock(${lockKey('purge')})` })
    .from(sql`(select 1) as one`);
  return rows[0]?.taken === true;
}

async function purgeOldest(db: Db, kind: Kind, { before, limit }: Batch): Promise<number> {
  // A CTE with FOR UPDATE runs exactly once; a subquery in IN may run again and take more rows than
  // LIMIT.
  const doomed = db.$with('doomed').as(
    db
      .select({ key: kind.key })
      .from(kind.table)
      .where(and(lt(kind.at, before), kind.also))
      .orderBy(asc(kind.at))
      .limit(limit)
      .for('update', { skipLocked: true }),
  );
  const rows = await db
    .with(doomed)
    .delete(kind.table)
    .where(inArray(kind.key, db.select({ key: doomed.key }).from(doomed)))
    .returning({ key: kind.key });
  return rows.length;
}

export function purgeChallenges(db: Db, batch: Batch): Promise<number> {
  return purgeOldest(
    db,
    { table: otpChallenges, key: otpChallenges.id, at: otpChallenges.expiresAt },
    batch,
  );
}

export function purgePasskeyChallenges(db: Db, batch: Batch): Promise<number> {
  return purgeOldest(
    db,
    { table: passkeyChallenges, key: passkeyChallenges.id, at: passkeyChallenges.expiresAt },
    batch,
  );
}

export function purgeIdentityFlows(db: Db, batch: Batch): Promise<number> {
  return purgeOldest(
    db,
    { table: identityFlows, key: identityFlows.id, at: identityFlows.expiresAt },
    batch,
  );
}

export function purgeAccountTokens(db: Db, batch: Batch): Promise<number> {
  return purgeOldest(
    db,
    { table: accountTokens, key: accountTokens.id, at: accountTokens.expiresAt },
    batch,
  );
}

/** By their absolute expiry, which is indexed and fixed: revoked and idle ones go with the rest. */
export function purgeSessions(db: Db, batch: Batch): Promise<number> {
  return purgeOldest(
    db,
    { table: sessions, key: sessions.id, at: sessions.absoluteExpiresAt },
    batch,
  );
}

export function purgeRateLimits(db: Db, batch: Batch): Promise<number> {
  return purgeOldest(
    db,
    { table: rateLimits, key: rateLimits.key, at: rateLimits.windowEndsAt },
    batch,
  );
}

/** Mails that were sent or have failed. One that waits stays, however old. */
export function purgeMails(db: Db, batch: Batch): Promise<number> {
  const also = or(isNotNull(outboxMessages.sentAt), isNotNull(outboxMessages.failedAt));
  return purgeOldest(
    db,
    { table: outboxMessages, key: outboxMessages.id, at: outboxMessages.createdAt, also },
    batch,
  );
}

export function purgeKnownDevices(db: Db, batch: Batch): Promise<number> {
  return purgeOldest(
    db,
    { table: knownDevices, key: knownDevices.id, at: knownDevices.lastSeenAt },
    batch,
  );
}

/** Authenticator apps whose enrolment was never confirmed. */
export function purgePendingFactors(db: Db, batch: Batch): Promise<number> {
  const also = isNull(totpAuthenticators.confirmedAt);
  const { id, expiresAt } = totpAuthenticators;
  return purgeOldest(db, { table: totpAuthenticators, key: id, at: expiresAt, also }, batch);
}

/**
 * Unverified accounts created before that time that have no open code or link. Suspended ones stay:
 * they keep an address blocked on purpose.
 */
export function purgeUnverifiedUsers(db: Db, batch: Batch & { now: Date }): Promise<number> {
  const openChallenge = db
    .select({ id: otpChallenges.id })
    .from(otpChallenges)
    .where(
      and(
        eq(otpChallenges.userId, users.id),
        isNull(otpChallenges.consumedAt),
        gt(otpChallenges.expiresAt, batch.now),
      ),
    );
  const openToken = db
    .select({ id: accountTokens.id })
    .from(accountTokens)
    .where(
      and(
        eq(accountTokens.userId, users.id),
        isNull(accountTokens.endedAt),
        gt(accountTokens.expiresAt, batch.now),
      ),
    );
  const also = and(
    isNull(users.emailVerifiedAt),
    isNull(users.suspendedAt),
    // An administrator's invitation, or an import, restarts the time.
    or(isNull(users.invitedAt), lt(users.invitedAt, batch.before)),
    not(exists(openChallenge)),
    not(exists(openToken)),
  );
  return purgeOldest(db, { table: users, key: users.id, at: users.createdAt, also }, batch);
}

/** Origins of events before that time that are still stored in full. */
export async function takeFullOrigins(
  db: Db,
  { before, limit }: Batch,
): Promise<{ eventId: string; ipAddress: string | null; userAgent: string | null }[]> {
  return db
    .select({
      eventId: auditOrigins.eventId,
      ipAddress: auditOrigins.ipAddress,
      userAgent: auditOrigins.userAgent,
    })
    .from(auditOrigins)
    .where(and(lt(auditOrigins.at, before), isNull(auditOrigins.shortenedAt)))
    .orderBy(asc(auditOrigins.at))
    .limit(limit)
    .for('update', { skipLocked: true });
}

/** Replaces full values by coarse ones, all rows in one statement. */
export async function shortenOrigins(
  db: Db,
  input: {
    rows: readonly { eventId: string; ipAddress: string | null; userAgent: string | null }[];
    now: Date;
  },
): Promise<void> {
  if (input.rows.length === 0) return;
  const values = JSON.stringify(
    input.rows.map(({ eventId, ipAddress, userAgent }) => [eventId, ipAddress, userAgent]),
  );
  const coarse = sql`jsonb_array_elements(${values}::jsonb) as coarse(value)`;
  await db
    .update(auditOrigins)
    .set({
      ipAddress: sql`coarse.value ->> 1`,
      userAgent: sql`coarse.value ->> 2`,
      accountKey: null,
      shortenedAt: input.now,
    })
    .from(coarse)
    .where(eq(auditOrigins.eventId, sql`(coarse.value ->> 0)::uuid`));
}

/** Whether the role may remove events, which the servers' of docs/database-roles.sql may not. */
export async function mayPurgeAuditEvents(db: Db): Promise<boolean> {
  const rows = await db
    .select({
      may: sql<boolean>`has_table_privilege('audit_events', 'DELETE')
      and has_table_privilege('audit_events', 'UPDATE')`,
    })
    .from(sql`(select 1) as one`);
  return rows[0]?.may === true;
}

/** Events before that time, with where they came from. Their ids are UUIDv7 and sort by time. */
export async function purgeAuditEvents(db: Db, { before, limit }: Batch): Promise<number> {
  const milliseconds = before.getTime().toString(16).padStart(12, '0');
  const first = `${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}-0000-0000-000000000000`;
  const doomed = db.$with('doomed').as(
    db
      .select({ id: auditEvents.id })
      .from(auditEvents)
      .where(and(lt(auditEvents.id, first), lt(auditEvents.at, before)))
      .orderBy(asc(auditEvents.id))
      .limit(limit)
      .for('update', { skipLocked: true }),
  );
  const origins = db.$with('origins').as(
    db
      .delete(auditOrigins)
      .where(inArray(auditOrigins.eventId, db.select({ id: doomed.id }).from(doomed)))
      .returning({ id: auditOrigins.eventId }),
  );
  const rows = await db
    .with(doomed, origins)
    .delete(auditEvents)
    .where(inArray(auditEvents.id, db.select({ id: doomed.id }).from(doomed)))
    .returning({ id: auditEvents.id });
  return rows.length;
}
