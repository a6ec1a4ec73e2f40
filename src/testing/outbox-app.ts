import { pino } from 'pino';
import type { App } from '../app.ts';
import type { Db } from '../db/driver/client.ts';
import { inTransaction } from '../db/driver/transaction.ts';
import type { OutboxApp } from '../domain/outbox/delivery.ts';
import { enqueueEmail } from '../domain/outbox/enqueue-email.ts';
import { MailError, type Mailer } from '../mail/mailer.ts';
import { noMetrics } from '../observability/metrics.ts';
import { systemRandom } from '../random.ts';
import { createSecretKeys } from '../secret-keys.ts';
import { createTestClock, type TestClock } from './clock.ts';

export type TestOutboxApp = OutboxApp &
  Pick<App, 'transaction' | 'wakeOutbox'> & {
    readonly clock: TestClock;
    /** The log so far, line by line. */
    readonly logLines: string[];
  };

/** What the outbox needs of an App, with a clock to move and a log to read. */
export function createOutboxApp(input: {
  readonly db: Db;
  readonly mailer: Mailer;
  readonly clock?: TestClock;
}): TestOutboxApp {
  const logLines: string[] = [];
  return {
    config: {
      appUrl: 'https://app.example.com',
      mailTemplatesDirectory: null,
      rateLimits: {},
      rateLimitMultiplier: 1000,
    },
    db: input.db,
    transaction(run) {
      return inTransaction(this, run);
    },
    wakeOutbox: () => {},
    clock: input.clock ?? createTestClock(),
    random: systemRandom,
    log: pino({ level: 'trace' }, { write: (line: string) => void logLines.push(line) }),
    logLines,
    keys: createSecretKeys([Buffer.alloc(32, 7)]),
    metrics: noMetrics,
    mailer: input.mailer,
  };
}

/** Puts a mail into the outbox in a transaction of its own. */
export function enqueueMail(
  app: TestOutboxApp,
  mail: Omit<Parameters<typeof enqueueEmail>[1], 'db'>,
): Promise<void> {
  return app.transaction((db) => enqueueEmail(app, { db, ...mail }));
}

/** A transport that notes every hand-over and how many of one mail were under way at once. */
export type CountingMailer = Mailer & { readonly sends: string[]; readonly overlaps: string[] };

export function createCountingMailer(options: {
  readonly milliseconds: number;
  readonly refuse?: () => boolean;
}): CountingMailer {
  const sends: string[] = [];
  const overlaps: string[] = [];
  const underWay = new Set<string>();
  return {
    name: 'smtp',
    sends,
    overlaps,
    send: async ({ id }) => {
      sends.push(id);
      if (underWay.has(id)) overlaps.push(id);
      underWay.add(id);
      await new Promise((resolve) => setTimeout(resolve, options.milliseconds));
      underWay.delete(id);
      if (options.refuse?.()) throw new MailError('refused_by_test');
    },
    close: async () => {},
  };
}
