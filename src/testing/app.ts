import { and, isNull } from 'drizzle-orm';
import { type ComposedApp, compose } from '../compose.ts';
import type { Config } from '../config/read-config.ts';
import { outboxMessages } from '../db/tables/outbox-messages.ts';
import { loadStrengthEstimator } from '../domain/passwords/estimate-strength.ts';
import type { GraphiqlRouteOptions } from '../http/pages/graphiql/graphiql.route.ts';
import { createServer, type Server, type ServerOptions } from '../http/server.ts';
import { openMailboxMailer } from '../mail/mailbox-mailer.ts';
import type { MailboxEntry, MailboxMailer, Mailer } from '../mail/mailer.ts';
import { createLog } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Tracing } from '../observability/tracing.ts';
import { type Answer, type MutationName, mutate, type Sender, send } from './client.ts';
import { createTestClock, type TestClock } from './clock.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

/**
 * A whole server on a port of its own, with a database, a clock and a mailbox that the test holds.
 */
export type TestServer = {
  readonly url: string;
  readonly app: ComposedApp['app'];
  readonly server: Server;
  readonly clock: TestClock;
  readonly database: TestDatabase;
  readonly mailbox: MailboxMailer;
  /** Lines of the log, each as it was written. */
  readonly logLines: string[];
  send(query: string, variables?: Record<string, unknown>, sender?: Sender): Promise<Answer>;
  // biome-ignore lint/suspicious/noExplicitAny: see Answer in client.ts.
  mutate(name: MutationName, input: Record<string, unknown>, sender?: Sender): Promise<any>;
  /**
   * The next mail to an address that this was not asked for yet; waits up to a minute for it.
   */
  nextMail(to: string): Promise<MailboxEntry>;
  /** The code of the next mail that has one; notices before it are passed over. */
  nextCode(to: string): Promise<string>;
  /**
   * What stands behind `#token=` in the next mail that has such a link; notices before it are
   * passed over.
   */
  nextToken(to: string): Promise<string>;
  /** All mail to an address, once none waits to go out any more. */
  allMail(to: string): Promise<readonly MailboxEntry[]>;
  /** Another instance on the same database, clock and mailbox. */
  another(overrides?: Partial<Config>): Promise<TestServer>;
  stop(): Promise<void>;
};

export type TestServerOptions = {
  readonly config?: Partial<Config>;
  readonly clock?: TestClock;
  readonly database?: TestDatabase;
  readonly mailbox?: MailboxMailer;
  /** Another way out than the mailbox. */
  readonly mailer?: Mailer;
  readonly bcryptCost?: number;
  readonly metrics?: Metrics;
  readonly tracing?: Tracing;
  readonly server?: ServerOptions;
  readonly graphiql?: GraphiqlRouteOptions;
};

/**
 * What a test changes nothing of. Limits are a thousandfold, so that only tests of limits meet
 * them.
 */
export const testConfig: Config = {
  mode: 'development',
  databaseUrl: null,
  databaseReplicaUrls: [],
  databaseMaxConnections: 10,
  databasePreparedStatements: true,
  dataDirectory: '.data/never-written-by-tests',
  secretKeys: [Buffer.from('dGVzdCBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcyE=', 'base64')],
  publicUrl: 'http://localhost:4000',
  appUrl: 'http://localhost:3000',
  jwt: { algorithm: 'ES256', audience: 'http://localhost:4000', type: 'JWT' },
  accessTokenTtl: 900,
  sessionIdleTtl: 14 * 24 * 3600,
  sessionAbsoluteTtl: 30 * 24 * 3600,
  refreshGrace: 20,
  sessionLimit: 100,
  signingKeyRotation: null,
  bcryptCost: 12,
  bcryptConcurrency: null,
  threadPoolSize: 4,
  passwordMinLength: 8,
  mail: { transport: 'mailbox' },
  mailTemplatesDirectory: null,
  retention: {
    unverifiedAccounts: 7 * 86_400,
    sessions: 7 * 86_400,
    codes: 3 * 86_400,
    addresses: 30 * 86_400,
  },
  corsOrigins: ['http://localhost:3000'],
  tls: null,
  trustedProxies: [],
  gatewayToken: null,
  rateLimitMultiplier: 1000,
  rateLimits: {},
  introspection: true,
  graphiql: false,
  registration: 'open',
  workers: 1,
  host: '127.0.0.1',
  port: 0,
  metricsPort: null,
  tracing: null,
  shutdownDelay: 0,
  shutdownDeadline: 25,
  logLevel: 'info',
  migrateOnStart: false,
};

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const clock = options.clock ?? createTestClock();
  const database = options.database ?? (await createTestDatabase());
  const mailbox = options.mailbox ?? (await openMailboxMailer({ clock }));
  const wanted: Config = { ...testConfig, ...options.config };
  // Behind a proxy that ends TLS, as far as the server can tell; the client in client.ts says so.
  const behindProxy =
    wanted.publicUrl.startsWith('https://') &&
    wanted.tls === null &&
    wanted.trustedProxies.length === 0;
  const config: Config = behindProxy ? { ...wanted, trustedProxies: ['127.0.0.1'] } : wanted;
  const logLines: string[] = [];
  const log = createLog(config, { write: (line) => void logLines.push(line) });
  // Before any test takes the time of something.
  await loadStrengthEstimator();
  const composed = await compose({
    config,
    database: database.database,
    mailer: options.mailer ?? mailbox,
    log,
    clock,
    bcryptCost: options.bcryptCost ?? 4,
    ...(options.metrics ? { metrics: options.metrics } : {}),
    ...(options.tracing ? { tracing: options.tracing } : {}),
  });
  const server = await createServer(composed.app, {
    ...options.server,
    ...(options.graphiql ? { graphiql: options.graphiql } : {}),
  });
  const url = await server.listen();
  const seen = new Set<string>();

  const nextMail = async (to: string): Promise<MailboxEntry> => {
    for (let waited = 0; waited < 60_000; waited += 10) {
      const mail = mailbox
        .list()
        .findLast((entry) => entry.to.toLowerCase() === to.toLowerCase() && !seen.has(entry.id));
      if (mail) {
        seen.add(mail.id);
        return mail;
      }
      composed.app.wakeOutbox();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error('No mail came within a minute.');
  };

  return {
    url,
    app: composed.app,
    server,
    clock,
    database,
    mailbox,
    logLines,
    send: (query, variables, sender) => send(url, query, variables, sender),
    mutate: (name, input, sender) => mutate(url, name, input, sender),
    nextMail,
    nextCode: async (to) => {
      for (;;) {
        const code = codeIn(await nextMail(to));
        if (code !== null) return code;
      }
    },
    nextToken: async (to) => {
      for (;;) {
        const token = tokenIn(await nextMail(to));
        if (token !== null) return token;
      }
    },
    allMail: async (to) => {
      const waiting = and(isNull(outboxMessages.sentAt), isNull(outboxMessages.failedAt));
      while (
        (
          await composed.app.db
            .select({ id: outboxMessages.id })
            .from(outboxMessages)
            .where(waiting)
        ).length > 0
      ) {
        composed.app.wakeOutbox();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return mailbox.list().filter((entry) => entry.to.toLowerCase() === to.toLowerCase());
    },
    another: (overrides) =>
      startTestServer({
        ...options,
        config: { ...options.config, ...overrides },
        clock,
        database,
        mailbox,
      }),
    stop: async () => {
      await server.close();
      await composed.stop();
      if (!options.database) await database.drop();
    },
  };
}

/** The code of a mail, which stands alone on a line (contract.md), or null. */
export function codeIn(mail: MailboxEntry): string | null {
  return /^(\d{6})$/m.exec(mail.text)?.[1] ?? null;
}

/** The token of a mail's link, or null. */
export function tokenIn(mail: MailboxEntry): string | null {
  return /#token=([\w-]+)/.exec(mail.text)?.[1] ?? null;
}
