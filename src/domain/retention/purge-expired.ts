import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from '../../app.ts';
import { secondsAfter } from '../../clock.ts';
import type { Db } from '../../db/driver/client.ts';
import {
  mayPurgeAuditEvents,
  purgeAccountTokens,
  purgeAuditEvents,
  purgeChallenges,
  purgeIdentityFlows,
  purgeKnownDevices,
  purgeMails,
  purgePasskeyChallenges,
  purgePendingFactors,
  purgeRateLimits,
  purgeSessions,
  purgeUnverifiedUsers,
  shortenOrigins,
  takeFullOrigins,
  tryPurgeLock,
} from '../../db/queries/retention.ts';
import { describeDevice } from '../origins/describe-device.ts';
import { shortenAddress } from '../origins/shorten-address.ts';

export type RetentionApp = Pick<App, 'config' | 'db' | 'clock' | 'log'>;

export type PurgeKind =
  | 'unverifiedAccounts'
  | 'sessions'
  | 'challenges'
  | 'passkeyChallenges'
  | 'identityFlows'
  | 'accountTokens'
  | 'mails'
  | 'pendingFactors'
  | 'knownDevices'
  | 'rateLimits'
  | 'shortenedOrigins'
  | 'auditEvents';

/** The number of rows of each kind that a pass has processed. */
export type PurgeCounts = Readonly<Record<PurgeKind, number>>;

/** Rows of the first statement of a kind; later statements adapt to the speed of the database. */
const firstBatch = 100;
const [fewestRows, mostRows] = [50, 500];
/**
 * The target range of milliseconds per statement, so that no request waits long for one of its
 * locks.
 */
const [quick, slow] = [10, 25];
/** Milliseconds between two statements, which leaves the database free for requests. */
const pause = 10;
/** Seconds that a device is remembered after its last sign-in. */
const deviceMemory = 400 * 24 * 3600;

type Options = {
  /** Checked between two statements; true ends the pass early. */
  readonly isStopping?: () => boolean;
  /** Leaves the work to another process that is already at it (an advisory lock for each batch). */
  readonly alone?: boolean;
  /** Called before and after each batch, for measurements. */
  readonly onStatement?: () => void;
  readonly onBatch?: (kind: PurgeKind, rows: number) => void;
};

/**
 * Deletes expired rows and truncates old addresses, in small batches until nothing is left (DP-6).
 * Any number of processes may run it at once. Rejects where the database fails; completed batches
 * stay done.
 */
export async function purgeExpired(app: RetentionApp, options: Options = {}): Promise<PurgeCounts> {
  const counts: Record<PurgeKind, number> = {
    unverifiedAccounts: 0,
    sessions: 0,
    challenges: 0,
    passkeyChallenges: 0,
    identityFlows: 0,
    accountTokens: 0,
    mails: 0,
    pendingFactors: 0,
    knownDevices: 0,
    rateLimits: 0,
    shortenedOrigins: 0,
    auditEvents: 0,
  };
  const batch = async (step: Step, limit: number): Promise<number | null> => {
    return app.db.transaction(async (tx) => {
      if (options.alone === true && !(await tryPurgeLock(tx))) return null;
      return step(tx, limit);
    });
  };
  for (const [kind, step] of stepsOf(app)) {
    let limit = firstBatch;
    for (let isMore = true; isMore && options.isStopping?.() !== true; ) {
      options.onStatement?.();
      const begin = app.clock.now().getTime();
      const rows = await batch(step, limit);
      if (rows === null) return counts;
      counts[kind] += rows;
      options.onBatch?.(kind, rows);
      isMore = rows === limit;
      limit = nextLimit(limit, app.clock.now().getTime() - begin);
      if (rows > 0) await sleep(pause);
    }
  }
  return counts;
}

/** Deletes, or shortens, at most `limit` rows; the number of them. */
type Step = (db: Db, limit: number) => Promise<number>;

function stepsOf(app: RetentionApp): readonly (readonly [PurgeKind, Step])[] {
  const now = app.clock.now();
  const { retention } = app.config;
  const ago = (seconds: number): Date => secondsAfter(now, -seconds);
  return [
    ['challenges', (db, limit) => purgeChallenges(db, { before: ago(retention.codes), limit })],
    [
      'passkeyChallenges',
      (db, limit) => purgePasskeyChallenges(db, { before: ago(retention.codes), limit }),
    ],
    [
      'identityFlows',
      (db, limit) => purgeIdentityFlows(db, { before: ago(retention.codes), limit }),
    ],
    [
      'accountTokens',
      (db, limit) => purgeAccountTokens(db, { before: ago(retention.codes), limit }),
    ],
    [
      'unverifiedAccounts',
      (db, limit) =>
        purgeUnverifiedUsers(db, { before: ago(retention.unverifiedAccounts), limit, now }),
    ],
    ['sessions', (db, limit) => purgeSessions(db, { before: ago(retention.sessions), limit })],
    ['mails', (db, limit) => purgeMails(db, { before: ago(retention.codes), limit })],
    [
      'pendingFactors',
      (db, limit) => purgePendingFactors(db, { before: ago(retention.codes), limit }),
    ],
    ['knownDevices', (db, limit) => purgeKnownDevices(db, { before: ago(deviceMemory), limit })],
    ['rateLimits', (db, limit) => purgeRateLimits(db, { before: now, limit })],
    [
      'shortenedOrigins',
      (db, limit) => shortenBatch(db, { before: ago(retention.addresses), limit, now }),
    ],
    [
      'auditEvents',
      async (db, limit) => {
        const { audit } = retention;
        if (audit === null) return 0;
        if (await mayPurgeAuditEvents(db))
          return purgeAuditEvents(db, { before: ago(audit), limit });
        app.log.error(
          { event: 'retention.not_permitted' },
          'RETENTION_AUDIT is set, and the role may not remove events of the audit trail: run ' +
            'latchkey purge as the owner of the tables.',
        );
        return 0;
      },
    ],
  ];
}

/** More rows where the previous statement was quick, fewer where it was slow. In milliseconds. */
function nextLimit(limit: number, took: number): number {
  if (took > slow) return Math.max(fewestRows, Math.floor(limit / 2));
  return took < quick ? Math.min(mostRows, limit * 2) : limit;
}

/** Within a transaction: what is read is held until it is written. */
async function shortenBatch(
  db: Db,
  input: { before: Date; limit: number; now: Date },
): Promise<number> {
  const full = await takeFullOrigins(db, { before: input.before, limit: input.limit });
  // Parsing a User-Agent takes longer than the rest, and most rows share a few of them.
  const devices = new Map(
    [...new Set(full.map(({ userAgent }) => userAgent))].map((agent) => [
      agent,
      describeDevice(agent),
    ]),
  );
  const rows = full.map(({ eventId, ipAddress, userAgent }) => ({
    eventId,
    ipAddress: ipAddress === null ? null : shortenAddress(ipAddress),
    userAgent: devices.get(userAgent) ?? null,
  }));
  await shortenOrigins(db, { rows, now: input.now });
  return rows.length;
}
