import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import type { App } from './app.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Config } from './config/read-config.ts';
import type { Database } from './db/driver/client.ts';
import { inTransaction } from './db/driver/transaction.ts';
import { createSessionLookup } from './db/queries/live-sessions.ts';
import { outboxBacklog } from './db/queries/outbox.ts';
import { replicaLags } from './db/queries/replica-lag.ts';
import { startSuspensionWorker } from './domain/admin/start-suspension-worker.ts';
import { createWatch } from './domain/admin/watch.ts';
import { checkTemplates } from './domain/emails/check-templates.ts';
import { createIdentityProviders } from './domain/identities/identity-providers.ts';
import { unprovenMails } from './domain/outbox/delivery.ts';
import { startOutboxWorker } from './domain/outbox/start-outbox-worker.ts';
import { openBreachedPasswords } from './domain/passwords/breached-passwords.ts';
import {
  createHashSemaphore,
  type HashSemaphore,
  hashSemaphoreWidth,
} from './domain/passwords/hash-semaphore.ts';
import { createPasswordHasher } from './domain/passwords/hasher.ts';
import { budgets } from './domain/rate-limits/budgets.ts';
import { startRetentionWorker } from './domain/retention/start-retention-worker.ts';
import { createKeyRing } from './domain/signing-keys/key-ring.ts';
import { createEgress, type Egress } from './egress/egress.ts';
import type { Mailer } from './mail/mailer.ts';
import { type Metrics, noMetrics } from './observability/metrics.ts';
import type { Tracing } from './observability/tracing.ts';
import { type Random, systemRandom } from './random.ts';
import { createSecretKeys } from './secret-keys.ts';

type Parts = {
  readonly config: Config;
  readonly database: Database;
  readonly mailer: Mailer;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly metrics?: Metrics;
  readonly tracing?: Tracing | null;
  /** Tests give one that has a resolver of their own. */
  readonly egress?: Egress;
  /** Tests hash at 4; configuration cannot (CF-5). */
  readonly bcryptCost?: number;
};

export type ComposedApp = { readonly app: App; stop(): Promise<void> };

/** Passwords that wait at each slot of the semaphore: a few seconds of work, then OVERLOADED. */
const hashQueue = 24;
const outboxPollSeconds = 5;
const suspensionPollSeconds = 30;
const retentionSchedule = { firstAfter: 5 * 60, every: 60 * 60 };

/** Assembles the App and starts the background work. Migrations must have been applied. */
export async function compose(parts: Parts): Promise<ComposedApp> {
  const { config, database, mailer, tracing = null } = parts;
  const base = composeBase(parts);
  const { clock, keys, log, metrics, random } = base;
  const hashes = composeHashSemaphore(config);
  const keyRing = createKeyRing(base);
  if (config.mailTemplatesDirectory !== null) await checkTemplates(config.mailTemplatesDirectory);
  // Configuration allows plain http to this machine alone.
  const allowLoopback = config.breachedPasswords.url.startsWith('http:');
  const { egress = createEgress({ allowLoopback }) } = parts;
  const breachedPasswords = openBreachedPasswords({ ...base, egress });
  const worker = startOutboxWorker(base, { pollSeconds: outboxPollSeconds });
  const retention = startRetentionWorker(base, retentionSchedule);
  const suspensions = startSuspensionWorker(base, { everySeconds: suspensionPollSeconds });
  const app: App = {
    ...base,
    keyRing,
    hasher: createPasswordHasher({
      cost: parts.bcryptCost ?? config.bcryptCost,
      keys,
      semaphore: hashes.semaphore,
      random,
      log,
    }),
    breachedPasswords,
    identityProviders: createIdentityProviders({
      ...base,
      egress: parts.egress ?? createEgress({ allowLoopback: config.identityAllowPrivate }),
    }),
    // `this`: a request's context has its own db, which is cancelled with the request.
    transaction(run) {
      return inTransaction(this, run);
    },
    wakeOutbox: worker.wake,
    watch: createWatch(base),
    tracing,
  };
  metrics.watch({
    budgets: Object.keys(budgets),
    hashes: () => ({ ...hashes.semaphore.load(), width: hashes.width }),
    pool: () => database.load(),
    outbox: () => outboxBacklog(database.db, { now: clock.now(), unproven: unprovenMails }),
    mailRefusals: worker.refusals,
    lastPurge: retention.lastPass,
    signingKey: () => ({
      age: (clock.now().getTime() - keyRing.signing().activeFrom.getTime()) / 1000,
      rotation: config.signingKeyRotation,
    }),
    replicaLags: () => replicaLags(database),
  });
  try {
    await keyRing.load();
  } catch (error) {
    await suspensions.stop();
    await retention.stop();
    await worker.stop();
    throw error;
  }
  keyRing.start();
  return {
    app,
    stop: async () => {
      keyRing.stop();
      await suspensions.stop();
      await retention.stop();
      await worker.stop();
      await mailer.close();
    },
  };
}

/** What the background work needs, too. */
function composeBase(parts: Parts) {
  const { config, database, mailer, log, metrics = noMetrics } = parts;
  const { clock = systemClock, random = systemRandom } = parts;
  return {
    config,
    database,
    db: database.db,
    readDb: database.readDb,
    lookUpSession: createSessionLookup(database.db, () => clock.now()),
    clock,
    random,
    log,
    keys: createSecretKeys(config.secretKeys),
    mailer,
    metrics,
  };
}

function composeHashSemaphore(config: Config): { width: number; semaphore: HashSemaphore } {
  const width = hashSemaphoreWidth({
    cores: availableParallelism(),
    processes: config.workers,
    threads: config.threadPoolSize,
    wanted: config.bcryptConcurrency,
  });
  return { width, semaphore: createHashSemaphore({ width, queue: hashQueue * width }) };
}
