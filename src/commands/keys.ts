import { systemClock } from '../clock.ts';
import { type Config, ConfigError, environment, readConfig } from '../config.ts';
import { openPostgres } from '../db/client.ts';
import { listSigningKeys } from '../domain/signing-keys/list-signing-keys.ts';
import { removeSigningKey } from '../domain/signing-keys/remove-signing-key.ts';
import { type KeyApp, rotateSigningKey } from '../domain/signing-keys/rotate-signing-key.ts';
import { reloadEvery } from '../domain/signing-keys/rules.ts';
import { createLog, describeError } from '../observability/log.ts';
import { systemRandom } from '../random.ts';
import { createSecretKeys } from '../secret-keys.ts';
import { fail } from './fail.ts';

const statementTimeoutMs = 10_000;

/** Makes the next signing key; running servers publish it within seconds and sign with it `signsIn` seconds from now. */
export async function rotateKeys(options: { signsIn?: number }): Promise<void> {
  await withKeys(async (app) => {
    const made = await rotateSigningKey(app, options);
    if (!made) return;
    process.stdout.write(`The key ${made.kid} is published now and signs from ${made.activeFrom.toISOString()}.\n`);
  });
}

/** Prints the keys that there are, the newest first. */
export async function listKeys(options: { json?: boolean }): Promise<void> {
  await withKeys(async (app) => {
    const keys = await listSigningKeys(app);
    if (options.json) {
      process.stdout.write(`${JSON.stringify(keys, null, 2)}\n`);
      return;
    }
    const rows = keys.map((key) => [
      key.kid,
      key.algorithm,
      key.state,
      key.createdAt.toISOString(),
      key.activeFrom.toISOString(),
      key.expiresAt?.toISOString() ?? '-',
    ]);
    process.stdout.write(table([['KID', 'ALGORITHM', 'STATE', 'CREATED', 'SIGNS FROM', 'VERIFIES UNTIL'], ...rows]));
  });
}

/** Takes a key away at once, and with it every access token that it has signed. */
export async function removeKey(kid: string): Promise<void> {
  await withKeys(async (app) => {
    const removed = await removeSigningKey(app, { kid });
    if (!removed) return fail('There is no key of that kid in use. `latchkey keys list` shows those that are.');
    process.stdout.write(`The key ${kid} is removed. Servers refuse its tokens within ${reloadEvery} seconds.\n`);
    const { successor } = removed;
    if (successor) {
      process.stdout.write(`The key ${successor.kid} signs from ${successor.activeFrom.toISOString()}.\n`);
    }
  });
}

/** Runs with what the keys need of an App. A log line of ours must not stand in what a program reads: errors only. */
async function withKeys(work: (app: KeyApp) => Promise<void>): Promise<void> {
  let config: Config;
  try {
    config = readConfig(environment(), { mode: 'production' });
  } catch (error) {
    if (error instanceof ConfigError) return fail(error.message);
    throw error;
  }
  if (config.databaseUrl === null) return fail('DATABASE_URL is not set.');
  const database = openPostgres({
    url: config.databaseUrl,
    maxConnections: 1,
    applicationName: 'latchkey-keys',
    statementTimeoutMs,
  });
  try {
    await work({
      config,
      db: database.db,
      clock: systemClock,
      random: systemRandom,
      log: createLog({ ...config, logLevel: 'error' }),
      keys: createSecretKeys(config.secretKeys),
    });
  } catch (error) {
    fail(`It failed: ${JSON.stringify(describeError(error))}`);
  } finally {
    await database.close();
  }
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
