import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from '../../app.ts';
import { secondsAfter } from '../../clock.ts';
import {
  purgeAccountTokens,
  purgeChallenges,
  purgeKnownDevices,
  purgeMails,
  purgeRateLimits,
  purgeSessions,
  purgeUnverifiedUsers,
  shortenOrigins,
  takeFullOrigins,
} from '../../db/queries/retention.ts';
import { shortenAddress } from '../audit/shorten-address.ts';
import { describeDevice } from '../sessions/session-view.ts';

export type RetentionApp = Pick<App, 'config' | 'db' | 'clock' | 'log'>;

export type PurgeKind =
  | 'unverifiedAccounts'
  | 'sessions'
  | 'challenges'
  | 'accountTokens'
  | 'mails'
  | 'knownDevices'
  | 'rateLimits'
  | 'shortenedOrigins';

/** Rows of each kind that a pass has dealt with. */
export type PurgeCounts = Readonly<Record<PurgeKind, number>>;

/** Rows a statement: a few milliseconds, so that nothing that meets one of its locks waits for long. */
const batchSize = 500;
/** Milliseconds between two statements, so that a long pass leaves the database to its requests. */
const pause = 10;
/** Seconds that a device is remembered without a sign-in. */
const deviceMemory = 400 * 24 * 3600;

type Options = {
  /** Asked between two statements; true ends the pass early. */
  readonly isStopping?: () => boolean;
  /** Told before and after each batch, for measurements. */
  readonly onStatement?: () => void;
  readonly onBatch?: (kind: PurgeKind, rows: number) => void;
};

/**
 * Removes what is over and makes old addresses coarse, in small batches until nothing is left (DP-6). Any number of processes may do so
 * at once. Rejects where the database fails; what was done stays done.
 */
export async function purgeExpired(app: RetentionApp, options: Options = {}): Promise<PurgeCounts> {
  const now = app.clock.now();
  const { retention } = app.config;
  const ago = (seconds: number): Date => secondsAfter(now, -seconds);
  const steps: readonly [PurgeKind, (limit: number) => Promise<number>][] = [
    ['challenges', (limit) => purgeChallenges(app.db, { before: ago(retention.codes), limit })],
    ['accountTokens', (limit) => purgeAccountTokens(app.db, { before: ago(retention.codes), limit })],
    [
      'unverifiedAccounts',
      (limit) => purgeUnverifiedUsers(app.db, { before: ago(retention.unverifiedAccounts), limit, now }),
    ],
    ['sessions', (limit) => purgeSessions(app.db, { before: ago(retention.sessions), limit })],
    ['mails', (limit) => purgeMails(app.db, { before: ago(retention.codes), limit })],
    ['knownDevices', (limit) => purgeKnownDevices(app.db, { before: ago(deviceMemory), limit })],
    ['rateLimits', (limit) => purgeRateLimits(app.db, { before: now, limit })],
    ['shortenedOrigins', (limit) => shortenBatch(app, { before: ago(retention.addresses), limit, now })],
  ];
  const counts: Record<PurgeKind, number> = {
    unverifiedAccounts: 0,
    sessions: 0,
    challenges: 0,
    accountTokens: 0,
    mails: 0,
    knownDevices: 0,
    rateLimits: 0,
    shortenedOrigins: 0,
  };
  for (const [kind, step] of steps) {
    for (let rows = batchSize; rows === batchSize && options.isStopping?.() !== true; ) {
      options.onStatement?.();
      rows = await step(batchSize);
      counts[kind] += rows;
      options.onBatch?.(kind, rows);
      if (rows > 0) await sleep(pause);
    }
  }
  return counts;
}

async function shortenBatch(app: RetentionApp, input: { before: Date; limit: number; now: Date }): Promise<number> {
  return app.db.transaction(async (tx) => {
    const full = await takeFullOrigins(tx, { before: input.before, limit: input.limit });
    const rows = full.map(({ eventId, ipAddress, userAgent }) => ({
      eventId,
      ipAddress: ipAddress === null ? null : shortenAddress(ipAddress),
      userAgent: describeDevice(userAgent),
    }));
    await shortenOrigins(tx, { rows, now: input.now });
    return rows.length;
  });
}
