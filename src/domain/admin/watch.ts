import type { App } from '../../app.ts';
import { secondsAfter } from '../../clock.ts';
import { configWarnings } from '../../config/config-warnings.ts';
import { inspectRunning } from '../../db/inspect-running.ts';
import { countEventsSince } from '../../db/queries/audit-events.ts';
import { mailTroubles, outboxBacklog } from '../../db/queries/outbox.ts';
import { hasForeignPasskeys } from '../../db/queries/passkeys.ts';
import { listAdmins } from '../../db/queries/user-administration.ts';
import type { Finding, SignInCounts, Watch } from '../../ports.ts';
import type { AuditType } from '../audit/record.ts';
import { unprovenMails } from '../outbox/delivery.ts';
import { checkSigningKeys } from '../signing-keys/check-signing-keys.ts';
import {
  judgeAdmins,
  judgeClock,
  judgeKeys,
  judgeMailTroubles,
  judgeMigrations,
  judgePasskeys,
  judgeServer,
} from './findings.ts';
import { mostAdmins } from './list-administrators.ts';

type Watched = Pick<App, 'config' | 'database' | 'db' | 'readDb' | 'clock' | 'keys'>;

/** Seconds for which an answer is kept. */
const kept = { findings: 30, signIns: 60 };
/** Seconds that the counts go back. */
const countedFor = 24 * 3600;
/** Beyond it a count says only that there are more. */
const countLimit = 10_000;

/** What a sign-in's failure leaves in the trail. */
const failures = [
  'login.failed',
  'otp.failed',
  'passkey.failed',
  'identity.login_failed',
] as const satisfies readonly AuditType[];

/** For the administrators' overview, made once a process. */
export function createWatch(app: Watched): Watch {
  return {
    findings: keep(app, { seconds: kept.findings, read: () => examine(app) }),
    signIns: keep(app, { seconds: kept.signIns, read: () => countSignIns(app) }),
  };
}

/** Answers with what was read before, as long as it is fresh; callers at once share one reading. */
function keep<T>(
  { clock }: Pick<App, 'clock'>,
  { seconds, read }: { readonly seconds: number; readonly read: () => Promise<T> },
): () => Promise<T> {
  let last: { readonly until: Date; readonly value: Promise<T> } | null = null;
  return () => {
    const now = clock.now();
    if (last !== null && now < last.until) return last.value;
    const value = read();
    const next = { until: secondsAfter(now, seconds), value };
    last = next;
    value.catch(() => {
      if (last === next) last = null;
    });
    return value;
  };
}

/**
 * What `latchkey doctor` finds and a running server can tell. SECURITY: no secret and no host name
 * is in it, since a browser shows it.
 */
async function examine(app: Watched): Promise<Finding[]> {
  const { config, db, clock } = app;
  const now = clock.now();
  const warnings = configWarnings(config).map(
    (message): Finding => ({ check: 'configuration', status: 'warning', message }),
  );
  const mail = judgeMailTroubles(await mailTroubles(db, { now, unproven: unprovenMails }));
  const { waiting } = await outboxBacklog(db, { now, unproven: unprovenMails });
  const { rpId } = config.passkeys;
  const passkeys = judgePasskeys(await hasForeignPasskeys(db, { rpId }));
  return [
    ...(warnings.length > 0 ? warnings : [complete]),
    ...(await examineDatabase(app)),
    judgeKeys(await checkSigningKeys(app), config),
    mail ?? { check: 'mail', status: 'ok', message: `${waiting} wait to be sent` },
    ...(passkeys === null ? [] : [passkeys]),
    ...judgeAdmins(await listAdmins(db, { limit: mostAdmins }), now),
  ];
}

async function examineDatabase({ config, database, db, clock }: Watched): Promise<Finding[]> {
  const running = await inspectRunning(db, () => clock.now());
  const message = `PostgreSQL ${running.version} within the server, for development`;
  const server: Finding[] =
    database.kind === 'pglite'
      ? [{ check: 'database', status: 'ok', message }]
      : [...judgeServer(running, config), judgeClock(running)];
  return [...server, judgeMigrations(running, config)];
}

const complete: Finding = { check: 'configuration', status: 'ok', message: 'complete' };

async function countSignIns({ readDb, clock }: Watched): Promise<SignInCounts> {
  const since = secondsAfter(clock.now(), -countedFor);
  const count = (type: string): Promise<number> =>
    countEventsSince(readDb, { type, since, most: countLimit });
  const signIns = await count('session.opened');
  let failedSignIns = 0;
  for (const type of failures) failedSignIns += await count(type);
  return { signIns, failedSignIns: Math.min(failedSignIns, countLimit), countLimit, since };
}
