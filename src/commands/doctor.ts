import { systemClock } from '../clock.ts';
import { configWarnings } from '../config/config-warnings.ts';
import { type Config, ConfigError, environment, readConfig } from '../config/read-config.ts';
import { openPostgres } from '../db/driver/client.ts';
import { type Inspection, inspectPostgres } from '../db/inspect.ts';
import { mailTroubles } from '../db/queries/outbox.ts';
import { hasForeignPasskeys } from '../db/queries/passkeys.ts';
import { mayPurgeAuditEvents } from '../db/queries/retention.ts';
import { listAdmins } from '../db/queries/user-administration.ts';
import {
  judgeAdmins,
  judgeAuditPurge,
  judgeClock,
  judgeFilter,
  judgeKeys,
  judgeMail,
  judgeMailTroubles,
  judgeMigrations,
  judgePasskeys,
  judgeProvider,
  judgeRange,
  judgeRights,
  judgeServer,
  judgeSettings,
} from '../domain/admin/findings.ts';
import { mostAdmins } from '../domain/admin/list-administrators.ts';
import { discoveryProblem } from '../domain/identities/discovery.ts';
import { unprovenMails } from '../domain/outbox/delivery.ts';
import { filterFailure, readFilter } from '../domain/passwords/breached-filter.ts';
import { askRange, causeOf } from '../domain/passwords/breached-passwords.ts';
import { checkSigningKeys } from '../domain/signing-keys/check-signing-keys.ts';
import { createEgress } from '../egress/egress.ts';
import { checkMail } from '../mail/check-mail.ts';
import type { Finding } from '../ports.ts';
import { createSecretKeys } from '../secret-keys.ts';
import { explain } from './explain.ts';

/**
 * Checks everything that a server needs, changes nothing, and says what to do. The exit status is 1
 * when a server would not work.
 */
export async function doctor(options: { json?: boolean }): Promise<void> {
  const findings: Finding[] = [];
  for await (const finding of examine()) {
    findings.push(finding);
    if (!options.json) process.stdout.write(`${print(finding)}\n`);
  }
  const failed = findings.some(({ status }) => status === 'failure');
  if (options.json) process.stdout.write(`${JSON.stringify({ ok: !failed, findings }, null, 2)}\n`);
  if (failed) process.exitCode = 1;
}

function print({ check, status, message, advice }: Finding): string {
  const mark = { ok: 'ok     ', warning: 'warning', failure: 'FAILURE' }[status];
  const indent = ' '.repeat(24);
  const next = advice === undefined ? '' : `\n${indent}${advice}`;
  return `${mark}  ${check.padEnd(15)}${message}${next}`;
}

async function* examine(): AsyncGenerator<Finding> {
  let config: Config;
  try {
    config = readConfig(environment(), { mode: 'production' });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const advice = 'Set it in the environment; docs/operations.md lists every variable.';
    for (const message of error.problems)
      yield { check: 'configuration', status: 'failure', message, advice };
    return;
  }
  const warnings = configWarnings(config);
  for (const message of warnings) yield { check: 'configuration', status: 'warning', message };
  if (warnings.length === 0) yield { check: 'configuration', status: 'ok', message: 'complete' };
  yield* examineBreachedPasswords(config);
  yield* examineProviders(config);
  yield* examineDatabase(config);
  yield await examineMail(config);
}

async function* examineBreachedPasswords(config: Config): AsyncGenerator<Finding> {
  const { mode, url, file } = config.breachedPasswords;
  if (mode === 'range') {
    const egress = createEgress({ allowLoopback: url.startsWith('http:') });
    // No password's digest: only whether there is an answer.
    const asking = askRange({ url, egress, digest: Buffer.alloc(20) });
    yield judgeRange(await asking.then(() => null, causeOf));
  }
  if (mode === 'file' && file !== null) yield examineFilter(file);
}

/** Of OAuth 2 there is nothing to ask without a user. */
async function* examineProviders(config: Config): AsyncGenerator<Finding> {
  const egress = createEgress();
  const asked = config.identityProviders.filter(({ enabled, kind }) => enabled && kind === 'oidc');
  for (const provider of asked)
    yield judgeProvider(provider, await discoveryProblem({ config, egress }, provider));
}

function examineFilter(file: string): Finding {
  try {
    return judgeFilter(readFilter(file));
  } catch (error) {
    return judgeFilter(filterFailure(error) ?? String(error));
  }
}

async function* examineDatabase(config: Config): AsyncGenerator<Finding> {
  const [main = '', ...replicas] = [config.databaseUrl ?? '', ...config.databaseReplicaUrls];
  const inspection = await inspect(main);
  if ('check' in inspection) {
    yield inspection;
    return;
  }
  yield* judgeServer(inspection, config);
  for (const [index, url] of replicas.entries()) {
    const replica = await inspect(url);
    if ('check' in replica)
      yield { ...replica, message: `replica ${index + 1}: ${replica.message}` };
    else
      yield {
        check: 'database',
        status: 'ok',
        message: `replica ${index + 1}: PostgreSQL ${replica.version}`,
      };
  }
  yield judgeMigrations(inspection, config);
  yield judgeClock(inspection);
  // Without its tables there is nothing more to check.
  if (inspection.pending === 0) yield* examineContents(config, main);
}

async function inspect(url: string): Promise<Inspection | Finding> {
  try {
    return await inspectPostgres(url, () => systemClock.now());
  } catch (error) {
    return { check: 'database', status: 'failure', ...explain(error) };
  }
}

async function* examineContents(config: Config, url: string): AsyncGenerator<Finding> {
  const database = openPostgres({
    url,
    maxConnections: 1,
    applicationName: 'latchkey-doctor',
    statementTimeoutMs: 10_000,
  });
  try {
    const keys = createSecretKeys(config.secretKeys);
    const app = { config, db: database.db, clock: systemClock, keys };
    yield* judgeSettings(await database.unpinned());
    yield* judgeRights(await database.lackingRights());
    yield* judgeAuditPurge(await mayPurgeAuditEvents(app.db), config);
    yield judgeKeys(await checkSigningKeys(app), config);
    const troubles = { now: systemClock.now(), unproven: unprovenMails };
    const mail = judgeMailTroubles(await mailTroubles(app.db, troubles));
    if (mail !== null) yield mail;
    const { rpId } = config.passkeys;
    const passkeys = judgePasskeys(await hasForeignPasskeys(app.db, { rpId }));
    if (passkeys !== null) yield passkeys;
    yield* judgeAdmins(await listAdmins(app.db, { limit: mostAdmins }), systemClock.now());
  } catch (error) {
    yield { check: 'database', status: 'failure', ...explain(error) };
  } finally {
    await database.close();
  }
}

async function examineMail(config: Config): Promise<Finding> {
  try {
    await checkMail(config.mail);
    return judgeMail(null, config);
  } catch (error) {
    return judgeMail(error, config);
  }
}
