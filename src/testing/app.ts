import { setTimeout as sleep } from 'node:timers/promises';
import { and, isNull } from 'drizzle-orm';
import { type ComposedApp, compose } from '../compose.ts';
import { ownTheme } from '../config/pages-theme.ts';
import type { Config } from '../config/read-config.ts';
import { outboxMessages } from '../db/tables/outbox-messages.ts';
import { loadStrengthEstimator } from '../domain/passwords/estimate-strength.ts';
import type { Egress } from '../egress/egress.ts';
import type { GraphiqlRouteOptions } from '../http/pages/graphiql/graphiql.route.ts';
import type { BuiltPage } from '../http/pages/prepare-page.ts';
import { createServer, type Server, type ServerOptions } from '../http/server.ts';
import { openMailboxMailer } from '../mail/mailbox-mailer.ts';
import type { MailboxEntry, MailboxMailer, Mailer } from '../mail/mailer.ts';
import { createLog } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Tracing } from '../observability/tracing.ts';
import { type Answer, type MutationName, mutate, type Sender, send } from './client.ts';
import { createTestClock, type TestClock } from './clock.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

/** A complete server on a port of its own, with a database, a clock and a mailbox for the test. */
export type TestServer = MailReader & {
  readonly url: string;
  readonly app: ComposedApp['app'];
  readonly server: Server;
  readonly clock: TestClock;
  readonly database: TestDatabase;
  readonly mailbox: MailboxMailer;
  /** The lines of the log as written. */
  readonly logLines: string[];
  send(query: string, variables?: Record<string, unknown>, sender?: Sender): Promise<Answer>;
  // biome-ignore lint/suspicious/noExplicitAny: see Answer in client.ts.
  mutate(name: MutationName, input: Record<string, unknown>, sender?: Sender): Promise<any>;
  /** Another instance on the same database, clock and mailbox. */
  another(overrides?: Partial<Config>): Promise<TestServer>;
  stop(): Promise<void>;
};

type MailReader = {
  /** The next unread mail to an address; waits up to a minute for it. */
  nextMail(to: string): Promise<MailboxEntry>;
  /** The code of the next mail that has one; skips mails without a code. */
  nextCode(to: string): Promise<string>;
  /** The value of `#token=` in the next mail that has such a link; skips other mails. */
  nextToken(to: string): Promise<string>;
  /** The token that `verifyLink` takes, of the next mail that has one; skips other mails. */
  nextLink(to: string): Promise<string>;
  /** All mail to an address, once the outbox has no pending mail. */
  allMail(to: string): Promise<readonly MailboxEntry[]>;
};

export type TestServerOptions = {
  readonly config?: Partial<Config>;
  readonly clock?: TestClock;
  readonly database?: TestDatabase;
  readonly mailbox?: MailboxMailer;
  /** A transport to use instead of the mailbox. */
  readonly mailer?: Mailer;
  readonly egress?: Egress;
  readonly bcryptCost?: number;
  readonly metrics?: Metrics;
  readonly tracing?: Tracing;
  readonly server?: ServerOptions;
  readonly graphiql?: GraphiqlRouteOptions;
  readonly consolePage?: BuiltPage;
};

/** The default configuration; its rate limits are so high that only tests of limits reach them. */
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
  pages: true,
  console: true,
  consoleUrl: null,
  pagesTheme: ownTheme,
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
  breachedPasswords: { mode: 'off', url: 'http://127.0.0.1:9', file: null },
  mail: { transport: 'mailbox' },
  productName: 'Latchkey',
  mailTemplatesDirectory: null,
  retention: {
    unverifiedAccounts: 7 * 86_400,
    sessions: 7 * 86_400,
    codes: 3 * 86_400,
    addresses: 30 * 86_400,
    audit: null,
  },
  corsOrigins: ['http://localhost:3000'],
  tls: null,
  trustedProxies: [],
  gatewayToken: null,
  gatewayUserFields: [],
  rateLimitMultiplier: 1000,
  rateLimits: {},
  introspection: true,
  graphiql: false,
  registration: 'open',
  passkeys: { enabled: true, rpId: 'localhost', origins: ['http://localhost:3000'], limit: 20 },
  identityProviders: [],
  identityReturnUrls: ['http://localhost:3000/signed-in'],
  identityAllowPrivate: false,
  workers: 1,
  host: '127.0.0.1',
  port: 0,
  keepAliveTimeout: 75,
  metricsHost: '127.0.0.1',
  metricsPort: null,
  tracing: false,
  shutdownDelay: 0,
  shutdownDeadline: 25,
  logLevel: 'info',
  migrateOnStart: false,
};

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const clock = options.clock ?? createTestClock();
  const database = options.database ?? (await createTestDatabase());
  const mailbox = options.mailbox ?? (await openMailboxMailer({ clock }));
  const config = configOf(options);
  const logLines: string[] = [];
  const log = createLog(config, { write: (line) => void logLines.push(line) });
  // Loaded in advance, so that it does not count in the time that a test measures.
  await loadStrengthEstimator();
  const composed = await compose({
    config,
    database: database.database,
    mailer: options.mailer ?? mailbox,
    log,
    clock,
    bcryptCost: options.bcryptCost ?? 4,
    ...(options.egress ? { egress: options.egress } : {}),
    ...(options.metrics ? { metrics: options.metrics } : {}),
    ...(options.tracing ? { tracing: options.tracing } : {}),
  });
  const server = await createServer(composed.app, {
    // Long, so that a busy machine fails no test.
    deadline: 30_000,
    ...options.server,
    ...(options.graphiql ? { graphiql: options.graphiql } : {}),
    ...(options.consolePage ? { consolePage: options.consolePage } : {}),
  });
  const url = await server.listen();
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
    ...createMailReader(composed.app, mailbox),
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

/** With an https URL and no TLS of its own, the server trusts client.ts as a TLS proxy. */
function configOf(options: TestServerOptions): Config {
  const config: Config = { ...testConfig, ...options.config };
  const isBehindProxy =
    config.publicUrl.startsWith('https://') &&
    config.tls === null &&
    config.trustedProxies.length === 0;
  return isBehindProxy ? { ...config, trustedProxies: ['127.0.0.1'] } : config;
}

function createMailReader(app: ComposedApp['app'], mailbox: MailboxMailer): MailReader {
  const read = new Set<string>();
  const mailTo = (to: string): MailboxEntry[] =>
    mailbox.list().filter((entry) => entry.to.toLowerCase() === to.toLowerCase());

  const nextMail = async (to: string): Promise<MailboxEntry> => {
    for (let waited = 0; waited < 60_000; waited += 10) {
      const mail = mailTo(to).findLast(({ id }) => !read.has(id));
      if (mail) {
        read.add(mail.id);
        return mail;
      }
      app.wakeOutbox();
      await sleep(10);
    }
    throw new Error('No mail came within a minute.');
  };
  const nextMatch = async (
    to: string,
    find: (mail: MailboxEntry) => string | null,
  ): Promise<string> => {
    for (;;) {
      const found = find(await nextMail(to));
      if (found !== null) return found;
    }
  };
  return {
    nextMail,
    nextCode: (to) => nextMatch(to, codeIn),
    nextToken: (to) => nextMatch(to, tokenIn),
    nextLink: (to) => nextMatch(to, linkTokenIn),
    allMail: async (to) => {
      while (await hasPendingMail(app)) {
        app.wakeOutbox();
        await sleep(20);
      }
      return mailTo(to);
    },
  };
}

async function hasPendingMail({ db }: ComposedApp['app']): Promise<boolean> {
  const pending = and(isNull(outboxMessages.sentAt), isNull(outboxMessages.failedAt));
  const rows = await db.select({ id: outboxMessages.id }).from(outboxMessages).where(pending);
  return rows.length > 0;
}

/** The code of a mail, which has a line of its own (contract.md), or null. */
export function codeIn(mail: MailboxEntry): string | null {
  return /^(\d{6})$/m.exec(mail.text)?.[1] ?? null;
}

/** The token of the link in a mail that changes something, or null. */
export function tokenIn(mail: MailboxEntry): string | null {
  return /(?<!\/verify)#token=([\w-]+)/.exec(mail.text)?.[1] ?? null;
}

/** The token of the link in a mail that `verifyLink` takes, or null. */
export function linkTokenIn(mail: MailboxEntry): string | null {
  return /\/verify#token=([\w-]+)/.exec(mail.text)?.[1] ?? null;
}
