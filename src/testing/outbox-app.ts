import { pino } from 'pino';
import type { Db } from '../db/driver/client.ts';
import type { OutboxApp } from '../domain/outbox/deliver-due-mail.ts';
import { MailError, type Mailer } from '../mail/mailer.ts';
import { noMetrics } from '../observability/metrics.ts';
import { systemRandom } from '../random.ts';
import { createSecretKeys } from '../secret-keys.ts';
import { createTestClock, type TestClock } from './clock.ts';

export type TestOutboxApp = OutboxApp & {
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
      mailTemplatesDirectory: null,
      rateLimits: {},
      rateLimitMultiplier: 1000,
    },
    db: input.db,
    clock: input.clock ?? createTestClock(),
    random: systemRandom,
    log: pino({ level: 'trace' }, { write: (line: string) => void logLines.push(line) }),
    logLines,
    keys: createSecretKeys([Buffer.alloc(32, 7)]),
    metrics: noMetrics,
    mailer: input.mailer,
  };
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
