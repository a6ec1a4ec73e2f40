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

/** The parts of an App that the outbox uses, with a clock to advance and a log to read. */
export function createOutboxApp(input: {
  readonly db: Db;
  readonly mailer: Mailer;
  readonly clock?: TestClock;
}): TestOutboxApp {
  const logLines: string[] = [];
  return {
    config: {
      appUrl: 'https://app.example.com',
      productName: 'Latchkey',
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

/**
 * A transport that records each send, and the sends of a mail while another of the same mail was in
 * flight.
 */
export type CountingMailer = Mailer & { readonly sends: string[]; readonly overlaps: string[] };

export function createCountingMailer(options: {
  readonly milliseconds: number;
  readonly refuse?: () => boolean;
}): CountingMailer {
  const sends: string[] = [];
  const overlaps: string[] = [];
  const inFlight = new Set<string>();
  return {
    name: 'smtp',
    sends,
    overlaps,
    send: async ({ id }) => {
      sends.push(id);
      if (inFlight.has(id)) overlaps.push(id);
      inFlight.add(id);
      await new Promise((resolve) => setTimeout(resolve, options.milliseconds));
      inFlight.delete(id);
      if (options.refuse?.()) throw new MailError('refused_by_test');
    },
    close: async () => {},
  };
}
