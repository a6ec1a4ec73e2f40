import type { Registry } from 'prom-client';
import { standardOutput } from './log-output.ts';

/** How full a semaphore is, and how many it admits at once. */
type Load = { readonly running: number; readonly waiting: number; readonly width: number };

/** The values that are read when the metrics page is requested, and the known budgets. */
type Gauges = {
  /** The names of all budgets of attempts. */
  readonly budgets: readonly string[];
  /** Password hashes in flight and waiting. */
  readonly hashes: () => Load;
  /**
   * Statements on a connection of the pool, and those waiting for one; null for a database without
   * a pool.
   */
  readonly pool: () => Load | null;
  /**
   * Mails that wait, and for how many seconds the oldest has. Rejects when the database does not
   * respond.
   */
  readonly outbox: () => Promise<Backlog>;
  /** Refusals of the mail provider in a row (ProviderHealth). */
  readonly mailRefusals: () => number;
  /** When the last purge ended that did not fail. */
  readonly lastPurge: () => Date;
  /** Seconds since the signing key signs, and after how many it is replaced; null: by hand only. */
  readonly signingKey: () => { readonly age: number; readonly rotation: number | null };
  /** Seconds by which each replica is behind; `Infinity` for one that does not answer. */
  readonly replicaLags: () => Promise<readonly number[]>;
};

/**
 * What came of a mail: accepted by the provider; not accepted, and tried again; given up, because
 * it was refused or had expired; or dropped, because a limit was used up.
 */
export type MailOutcome = 'sent' | 'postponed' | 'refused' | 'expired' | 'dropped';

/** What a list of breached passwords said; nothing, within its second. */
export type BreachOutcome = 'listed' | 'not_listed' | 'unanswered';

type Backlog = { readonly waiting: number; readonly oldest: number };

/** One process's metrics in the form sent between processes. */
export type Snapshot = readonly object[];

/** The counters. Every label has a fixed set of values: no input of a caller becomes a series. */
export type Metrics = {
  /** A GraphQL operation, by its root field (http/hooks/metrics) and `ok` or its error code. */
  operation(of: {
    readonly operation: string;
    readonly outcome: string;
    readonly seconds: number;
  }): void;
  /** Any request, by the route's pattern. */
  httpRequest(of: {
    readonly route: string;
    readonly method: string;
    readonly status: number;
  }): void;
  /** An event of the audit trail. */
  audited(of: { readonly type: string; readonly outcome: string }): void;
  /** A budget of attempts was used up. */
  limited(budget: string): void;
  mail(outcome: MailOutcome): void;
  /** A password was looked up in the list of breached ones. */
  breachCheck(outcome: BreachOutcome): void;
  /** A process replaced one that had crashed. */
  workerRestarted(): void;
  /** Seconds by which this machine's clock is ahead of the database's. */
  clockOffset(seconds: number): void;
  /** When the certificate expires that is served from now on; null where that is not known. */
  certificateServed(expiry: Date | null): void;
  watch(gauges: Gauges): void;
  snapshot(): Promise<Snapshot>;
};

const nothing = (): void => {};

/** Counts nothing: METRICS_PORT is off. */
export const noMetrics: Metrics = {
  operation: nothing,
  httpRequest: nothing,
  audited: nothing,
  limited: nothing,
  mail: nothing,
  breachCheck: nothing,
  workerRestarted: nothing,
  clockOffset: nothing,
  certificateServed: nothing,
  watch: nothing,
  snapshot: async () => [],
};

/** The media type of the page. */
export const metricsMediaType = 'text/plain; version=0.0.4; charset=utf-8';

const logins: Readonly<Record<string, string>> = {
  'session.opened': 'success',
  'login.failed': 'wrong_password',
  'otp.failed': 'wrong_code',
};

/** Milliseconds for which the outbox numbers are cached, however often the page is requested. */
const outboxMemory = 5000;

/**
 * This process's metrics, with those of Node and the process itself. The library is loaded here, so
 * that a server without METRICS_PORT does not load it.
 */
export async function createMetrics(): Promise<Metrics> {
  const client = await import('prom-client');
  const register: Registry = new client.Registry();
  client.collectDefaultMetrics({ register });
  // SECURITY: no version, not even on its own port (CF-7).
  register.removeSingleMetric('nodejs_version_info');
  const registers = [register];
  const limits = countLimits(client, registers);
  countDroppedLines(client, registers);
  return {
    ...countRequests(client, registers),
    ...countEvents(client, registers),
    ...countRestarts(client, registers),
    ...measureClock(client, registers),
    ...watchCertificate(client, registers),
    ...countMails(client, registers),
    ...countBreachChecks(client, registers),
    limited: limits.limited,
    watch: (gauges) => {
      limits.name(gauges.budgets);
      watchLoads(client, registers, gauges);
      watchOutbox(client, registers, gauges);
      watchMailProvider(client, registers, gauges);
      watchUpkeep(client, registers, gauges);
      watchReplicas(client, registers, gauges);
    },
    snapshot: () => register.getMetricsAsJSON(),
  };
}

type Client = typeof import('prom-client');
type Registers = Registry[];

function countRequests(
  { Counter, Histogram }: Client,
  registers: Registers,
): Pick<Metrics, 'operation' | 'httpRequest'> {
  const operations = new Counter({
    name: 'latchkey_operations_total',
    help: 'GraphQL operations by root field and outcome: ok, or the code of the error.',
    labelNames: ['operation', 'outcome'],
    registers,
  });
  const durations = new Histogram({
    name: 'latchkey_operation_duration_seconds',
    help: 'Seconds from the arrival of a GraphQL operation to its answer.',
    labelNames: ['operation'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const httpRequests = new Counter({
    name: 'latchkey_http_requests_total',
    help: 'HTTP requests by route, method and status.',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  return {
    operation: ({ operation, outcome, seconds }) => {
      operations.inc({ operation, outcome });
      durations.observe({ operation }, seconds);
    },
    httpRequest: ({ route, method, status }) => httpRequests.inc({ route, method, status }),
  };
}

function countEvents({ Counter }: Client, registers: Registers): Pick<Metrics, 'audited'> {
  const events = new Counter({
    name: 'latchkey_security_events_total',
    help: 'Events of the audit trail by type and outcome.',
    labelNames: ['type', 'outcome'],
    registers,
  });
  const signIns = new Counter({
    name: 'latchkey_logins_total',
    help: 'Sign-ins by outcome: success, wrong_password, wrong_code.',
    labelNames: ['outcome'],
    registers,
  });
  const reuses = new Counter({
    name: 'latchkey_refresh_reuse_total',
    help: 'Sessions ended because a spent refresh token came back.',
    registers,
  });
  // Events that have not happened yet are zeros: a rate over a series that begins with its first
  // event misses that event.
  for (const outcome of Object.values(logins)) signIns.inc({ outcome }, 0);
  return {
    audited: ({ type, outcome }) => {
      events.inc({ type, outcome });
      const login = logins[type];
      if (login !== undefined) signIns.inc({ outcome: login });
      if (type === 'refresh.reused') reuses.inc();
    },
  };
}

function countLimits({ Counter }: Client, registers: Registers) {
  const limits = new Counter({
    name: 'latchkey_limit_trips_total',
    help: 'Attempts past a budget.',
    labelNames: ['budget'],
    registers,
  });
  return {
    limited: (budget: string): void => limits.inc({ budget }),
    /** Shows budgets that have refused nothing as zeros. */
    name: (budgets: readonly string[]): void => {
      for (const budget of budgets) limits.inc({ budget }, 0);
    },
  };
}

function countRestarts(
  { Counter }: Client,
  registers: Registers,
): Pick<Metrics, 'workerRestarted'> {
  const restarts = new Counter({
    name: 'latchkey_worker_restarts_total',
    help: 'Worker processes that took the place of one that had crashed.',
    registers,
  });
  return { workerRestarted: () => restarts.inc() };
}

const mailOutcomes: readonly MailOutcome[] = ['sent', 'postponed', 'refused', 'expired', 'dropped'];

function countMails({ Counter }: Client, registers: Registers): Pick<Metrics, 'mail'> {
  const mails = new Counter({
    name: 'latchkey_mails_total',
    help:
      'Mails by what came of an attempt: sent, postponed (it is tried again), refused or expired ' +
      '(given up), dropped (over a limit).',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of mailOutcomes) mails.inc({ outcome }, 0);
  return { mail: (outcome) => mails.inc({ outcome }) };
}

const breachOutcomes: readonly BreachOutcome[] = ['listed', 'not_listed', 'unanswered'];

function countBreachChecks(
  { Counter }: Client,
  registers: Registers,
): Pick<Metrics, 'breachCheck'> {
  const checks = new Counter({
    name: 'latchkey_breached_password_checks_total',
    help:
      'Passwords looked up in the list of breached ones: listed, not_listed, unanswered (the API ' +
      'did not answer in time, and the password counted as not listed).',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of breachOutcomes) checks.inc({ outcome }, 0);
  return { breachCheck: (outcome) => checks.inc({ outcome }) };
}

function watchMailProvider({ Gauge }: Client, registers: Registers, gauges: Gauges): void {
  new Gauge({
    name: 'latchkey_mail_refusals',
    help:
      'Refusals of the mail provider in a row, of those about one mail one a recipient, without ' +
      'unproven addresses.',
    registers,
    // Each process learns from its own sends: one that gets none out is what matters.
    aggregator: 'max',
    collect() {
      this.set(gauges.mailRefusals());
    },
  });
}

function measureClock({ Gauge }: Client, registers: Registers): Pick<Metrics, 'clockOffset'> {
  const offset = new Gauge({
    name: 'latchkey_clock_offset_seconds',
    help: "Seconds by which this machine's clock is ahead of the database's.",
    registers,
    // Workers share the machine's clock.
    aggregator: 'first',
  });
  return { clockOffset: (seconds) => offset.set(seconds) };
}

function countDroppedLines({ Counter }: Client, registers: Registers): void {
  let counted = 0;
  new Counter({
    name: 'latchkey_log_lines_dropped_total',
    help: 'Lines of the log that standard output did not take.',
    registers,
    collect() {
      const { dropped } = standardOutput();
      this.inc(dropped - counted);
      counted = dropped;
    },
  });
}

function watchLoads({ Gauge }: Client, registers: Registers, { hashes, pool }: Gauges): void {
  const gauge = (name: string, help: string, read: () => number | undefined): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const value = read();
        if (value !== undefined) this.set(value);
      },
    });
  };
  gauge('latchkey_processes', 'Processes that serve.', () => 1);
  gauge('latchkey_hashes_running', 'Password hashes in flight.', () => hashes().running);
  gauge(
    'latchkey_hashes_waiting',
    'Password hashes that wait for their turn.',
    () => hashes().waiting,
  );
  gauge('latchkey_hashes_width', 'Password hashes that run at once at most.', () => hashes().width);
  gauge('latchkey_pool_busy', 'Connections to the database in use.', () => pool()?.running);
  gauge('latchkey_pool_waiting', 'Statements that wait for a connection.', () => pool()?.waiting);
  gauge('latchkey_pool_size', 'Connections to the database at most.', () => pool()?.width);
}

/** What goes wrong slowly: it has to be seen long before it hurts. */
function watchUpkeep({ Gauge }: Client, registers: Registers, gauges: Gauges): void {
  const gauge = (of: {
    readonly name: string;
    readonly help: string;
    readonly aggregator: 'min' | 'max';
    readonly read: () => number | null;
  }): void => {
    const { name, help, aggregator, read } = of;
    new Gauge({
      name,
      help,
      registers,
      aggregator,
      collect() {
        try {
          const value = read();
          if (value !== null) return this.set(value);
        } catch {
          // The page is there for what is known.
        }
        this.remove();
      },
    });
  };
  gauge({
    name: 'latchkey_purge_timestamp_seconds',
    help: 'When the last purge of a process ended that did not fail, in Unix time.',
    aggregator: 'min',
    read: () => gauges.lastPurge().getTime() / 1000,
  });
  gauge({
    name: 'latchkey_signing_key_age_seconds',
    help: 'Seconds for which the key has signed that signs access tokens.',
    aggregator: 'max',
    read: () => gauges.signingKey().age,
  });
  gauge({
    name: 'latchkey_signing_key_rotation_seconds',
    help: 'The age at which that key is replaced by itself; absent where only a command does it.',
    aggregator: 'max',
    read: () => gauges.signingKey().rotation,
  });
}

/** What is served counts: a file that was renewed with a key that does not fit is not. */
function watchCertificate(
  { Gauge }: Client,
  registers: Registers,
): Pick<Metrics, 'certificateServed'> {
  let served: Date | null = null;
  new Gauge({
    name: 'latchkey_certificate_expiry_timestamp_seconds',
    help: 'When the certificate that is served, or one of its chain, expires, in Unix time.',
    registers,
    aggregator: 'min',
    collect() {
      if (served === null) this.remove();
      else this.set(served.getTime() / 1000);
    },
  });
  return {
    certificateServed: (expiry) => {
      served = expiry;
    },
  };
}

function watchReplicas({ Gauge }: Client, registers: Registers, { replicaLags }: Gauges): void {
  let asked: { readonly at: number; readonly answer: Promise<readonly number[]> } | null = null;
  new Gauge({
    name: 'latchkey_replica_lag_seconds',
    help: 'Seconds by which each of DATABASE_REPLICA_URLS is behind; +Inf: it does not answer.',
    labelNames: ['replica'],
    registers,
    aggregator: 'max',
    async collect() {
      const at = performance.now();
      if (asked === null || at - asked.at > outboxMemory) asked = { at, answer: replicaLags() };
      this.reset();
      const lags = await asked.answer.catch(() => []);
      for (const [index, lag] of lags.entries()) this.set({ replica: String(index + 1) }, lag);
    },
  });
}

function watchOutbox({ Gauge }: Client, registers: Registers, { outbox }: Gauges): void {
  let asked: { readonly at: number; readonly answer: Promise<Backlog> } | null = null;
  const backlog = (): Promise<Backlog> => {
    const at = performance.now();
    if (asked === null || at - asked.at > outboxMemory) asked = { at, answer: outbox() };
    return asked.answer;
  };
  const gauge = (name: string, help: string, read: (of: Backlog) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      // Every process reads the same table, so the largest value counts and not the sum.
      aggregator: 'max',
      async collect() {
        try {
          this.set(read(await backlog()));
        } catch {
          // Without the database the page still answers, and leaves this out rather than show an
          // old number.
          this.remove();
        }
      },
    });
  };
  gauge('latchkey_outbox_waiting', 'Mails that have not gone out yet.', ({ waiting }) => waiting);
  gauge(
    'latchkey_outbox_oldest_seconds',
    'Seconds for which the oldest mail has waited that was not refused for an unproven address.',
    ({ oldest }) => oldest,
  );
}

/**
 * The page of several processes' metrics: counters are added up, gauges follow their own
 * aggregator.
 */
export async function formatMetrics(snapshots: readonly Snapshot[]): Promise<string> {
  const { AggregatorRegistry } = await import('prom-client');
  return AggregatorRegistry.aggregate(snapshots.map((snapshot) => [...snapshot])).metrics();
}

/**
 * The counters of processes that have ended, merged. Otherwise a sum would fall when one ends,
 * which reads as a restart.
 */
export async function keepCounts(snapshots: readonly Snapshot[]): Promise<Snapshot> {
  const { AggregatorRegistry } = await import('prom-client');
  const added = AggregatorRegistry.aggregate(snapshots.map((snapshot) => [...snapshot]));
  const metrics = await added.getMetricsAsJSON();
  return metrics.filter(({ type }) => String(type) === 'counter' || String(type) === 'histogram');
}
