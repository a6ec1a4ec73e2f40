import { compose } from '../compose.ts';
import type { Config } from '../config/read-config.ts';
import type { Context } from '../context.ts';
import { openPostgres } from '../db/driver/client.ts';
import { resetPassword } from '../domain/accounts/reset-password.ts';
import { MailError } from '../mail/mailer.ts';
import { createLog } from '../observability/log.ts';
import { countSteps } from './stepped-db.ts';

/** The order of the parent process, as JSON. */
export type CrashOrder = {
  /** `secretKeys` in base64. */
  readonly config: Omit<Config, 'secretKeys'> & { readonly secretKeys: readonly string[] };
  readonly databaseUrl: string;
  /** The process is killed before this step of the request. */
  readonly step: number;
  readonly token: string;
  readonly newPassword: string;
  /** The time of the parent's clock. */
  readonly now: string;
};

const order: CrashOrder = JSON.parse(process.argv[2] ?? '');
const config: Config = {
  ...order.config,
  secretKeys: order.config.secretKeys.map((key) => Buffer.from(key, 'base64')),
};
const { app } = await compose({
  config,
  database: openPostgres({
    url: order.databaseUrl,
    maxConnections: 2,
    applicationName: 'latchkey-crash',
    statementTimeoutMs: 10_000,
  }),
  // This process sends no mail: the outbox rows stay for the surviving processes.
  mailer: {
    name: 'smtp',
    send: () => Promise.reject(new MailError('never_sent_here')),
    close: async () => {},
  },
  log: createLog({ ...config, logLevel: 'silent' }),
  clock: { now: () => new Date(order.now) },
  bcryptCost: 4,
});
const steps = countSteps();
const context: Context = {
  ...app,
  db: steps.watch(app.db),
  request: {
    id: 'crash',
    ipAddress: '127.0.0.1',
    networks: [{ name: '127.0.0.1', times: 1 }],
    userAgent: null,
    acceptLanguage: null,
  },
  viewer: null,
  observed: { kind: null, fields: [], name: null, outcome: null },
  loaders: {},
  staleBearer: null,
  retryAfter: () => {},
  longText: () => '',
  gateway: false,
  cookie: { read: () => null, assertOwnSite: () => {}, write: () => {}, clear: () => {} },
  wakeOutbox: () => {},
};
steps.arm(order.step, () => process.kill(process.pid, 'SIGKILL'));
await resetPassword(context, { token: order.token, newPassword: order.newPassword });
process.stdout.write(`done after ${steps.steps()} steps\n`);
process.exit(0);
