import type { Logger } from 'pino';
import type { Clock } from './clock.ts';
import type { Config } from './config/read-config.ts';
import type { Database, Db } from './db/driver/client.ts';
import type { Transaction } from './db/driver/transaction.ts';
import type { SessionLookup } from './db/queries/live-sessions.ts';
import type { Mailer } from './mail/mailer.ts';
import type { Metrics } from './observability/metrics.ts';
import type { Tracing } from './observability/tracing.ts';
import type {
  BreachedPasswords,
  IdentityProviders,
  KeyRing,
  PasswordHasher,
  Watch,
} from './ports.ts';
import type { Random } from './random.ts';
import type { SecretKeys } from './secret-keys.ts';

/**
 * Everything that a domain verb may use, assembled by hand in compose.ts; tests assemble the same.
 */
export type App = {
  readonly config: Config;
  readonly database: Database;
  readonly db: Db;
  /** For reads that tolerate replication lag: lists that administrators and gateways read. */
  readonly readDb: Db;
  /**
   * The only way in which a request checks whether its session is active; shared by all requests of
   * the process.
   */
  readonly lookUpSession: SessionLookup;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly keys: SecretKeys;
  readonly hasher: PasswordHasher;
  readonly breachedPasswords: BreachedPasswords;
  readonly identityProviders: IdentityProviders;
  readonly keyRing: KeyRing;
  readonly mailer: Mailer;
  /**
   * Runs a change in one transaction and, after its commit, the work enlisted with
   * `tx.afterCommit`.
   */
  transaction<Result>(run: (tx: Transaction) => Promise<Result>): Promise<Result>;
  /** Tells this process's outbox worker that rows wait; the code that enqueues a row enlists it. */
  readonly wakeOutbox: () => void;
  /** What the administrators' overview shows. */
  readonly watch: Watch;
  readonly metrics: Metrics;
  /** Null when no collector is configured. */
  readonly tracing: Tracing | null;
};
