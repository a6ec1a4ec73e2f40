import postgresJs from 'postgres';
import type { App } from '../../src/app.ts';
import { compose } from '../../src/compose.ts';
import { type Config, readConfig } from '../../src/config/read-config.ts';
import type { Db } from '../../src/db/driver/client.ts';
import { openPostgres } from '../../src/db/driver/client.ts';
import { migratePostgres } from '../../src/db/migrate.ts';
import { users } from '../../src/db/tables/users.ts';
import { parseEmailAddress } from '../../src/domain/addresses/email-address.ts';
import { sealImportedHash } from '../../src/domain/passwords/stored-hash.ts';
import { purgeExpired } from '../../src/domain/retention/purge-expired.ts';
import { createServer } from '../../src/http/server.ts';
import type { Mailer } from '../../src/mail/mailer.ts';
import { createLog } from '../../src/observability/log.ts';
import { createSecretKeys } from '../../src/secret-keys.ts';
import { createTestClock } from '../../src/testing/clock.ts';
import { startEmbeddedPostgres } from '../../src/testing/embedded-postgres.ts';
import { foreignHashes } from '../../src/testing/foreign-hashes.ts';
import { password } from './accounts.ts';

/** `imported` has the hash of another system, which is cheaper than ours. */
export type AccountKind =
  | 'known'
  | 'unverified'
  | 'suspended'
  | 'deleted'
  | 'passwordless'
  | 'imported';

const cheapHash =
  foreignHashes.find(({ from }) => from === 'passlib pbkdf2-sha256')?.hash ?? 'missing';

export type BenchServer = {
  readonly url: string;
  readonly databaseUrl: string;
  readonly db: Db;
  readonly config: Config;
  /** In [0, 1). */
  random(): number;
  /** Moves the server's clock. */
  advance(seconds: number): void;
  /** What the retention worker does from time to time. */
  purge(): Promise<void>;
  /** How many rows each table has. */
  rows(): Promise<Record<string, number>>;
  /** Waits until all mails are sent, so that they take no time from the next request. */
  settle(): Promise<void>;
  /** Hashes a password as a registration does. */
  hash(): Promise<void>;
  /** A verified account with the password, unless its kind says otherwise. */
  putAccount(account: { email: string; kind: AccountKind }): Promise<void>;
  stop(): Promise<void>;
};

/** A configuration for measurements: fresh secrets, limits a thousandfold, any free port. */
export function benchConfig(): Config {
  const config = readConfig(
    {
      SECRET_KEY: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64'),
      GATEWAY_TOKEN: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex'),
      RATE_LIMIT_MULTIPLIER: '10000',
      JWT_ALGORITHM: 'ES256',
      GRAPHIQL: 'off',
      LOG_LEVEL: 'silent',
      HOST: '127.0.0.1',
    },
    { mode: 'development' },
  );
  return { ...config, port: 0 };
}

/**
 * A whole server on an embedded PostgreSQL, with limits a thousandfold and mails that go nowhere.
 * For measurements.
 */
export async function startBenchServer(options: {
  bcryptCost: number;
  maxConnections?: number;
  config?: Partial<Config>;
}): Promise<BenchServer> {
  const postgres = await startEmbeddedPostgres({ shared_preload_libraries: 'pg_stat_statements' });
  await migratePostgres(postgres.url);
  const clock = createTestClock();
  const config: Config = { ...benchConfig(), ...options.config };
  const database = openPostgres({
    url: postgres.url,
    maxConnections: options.maxConnections ?? 10,
    applicationName: 'latchkey-bench',
    statementTimeoutMs: 60_000,
  });
  const sink = createSink();
  const composed = await compose({
    config,
    database,
    mailer: sink.mailer,
    log: createLog(config),
    clock,
    bcryptCost: options.bcryptCost,
  });
  const { app } = composed;
  const server = await createServer(app);
  const url = await server.listen();

  return {
    url,
    databaseUrl: postgres.url,
    db: app.db,
    config,
    random: () => Buffer.from(app.random.bytes(4)).readUInt32BE() / 2 ** 32,
    advance: (seconds) => clock.advance(seconds),
    purge: async () => {
      await purgeExpired(app);
    },
    rows: () => countAllRows(postgres.url),
    settle: sink.settle,
    hash: async () => {
      await app.hasher.hash(password);
    },
    putAccount: accountWriter(app),
    stop: async () => {
      await server.close();
      await composed.stop();
      await database.close();
      await postgres.stop();
    },
  };
}

/** Takes every mail and keeps none. */
function createSink(): { mailer: Mailer; settle: BenchServer['settle'] } {
  let inFlight = 0;
  const send = async (): Promise<void> => {
    inFlight += 1;
    await new Promise((resolve) => setImmediate(resolve));
    inFlight -= 1;
  };
  const settle = async (): Promise<void> => {
    do await new Promise((resolve) => setTimeout(resolve, 15));
    while (inFlight > 0);
  };
  return { mailer: { name: 'smtp', send, close: async () => {} }, settle };
}

function accountWriter(app: App): BenchServer['putAccount'] {
  let hash: string | null = null;
  const imported = sealImportedHash(createSecretKeys(app.config.secretKeys), cheapHash);
  return async ({ email, kind }) => {
    const parsed = parseEmailAddress(email);
    if (!parsed) throw new Error(`${email} is not an address.`);
    hash ??= await app.hasher.hash(password);
    if (kind === 'deleted') return;
    const now = app.clock.now();
    const stored = { imported, unverified: null, passwordless: null, known: hash, suspended: hash };
    await app.db.insert(users).values({
      id: app.random.id(now),
      email: parsed.address,
      emailCanonical: parsed.canonical,
      createdAt: now,
      emailVerifiedAt: kind === 'unverified' ? null : now,
      passwordHash: stored[kind],
      suspendedAt: kind === 'suspended' ? now : null,
    });
  };
}

async function countAllRows(url: string): Promise<Record<string, number>> {
  const sql = postgresJs(url, { max: 1, onnotice: () => {} });
  try {
    const tables = await sql<{ name: string }[]>`
      select table_name as name from information_schema.tables where table_schema = 'public'
        and table_type = 'BASE TABLE' order by 1`;
    const counts: Record<string, number> = {};
    for (const { name } of tables) {
      const [row] = await sql<{ rows: number }[]>`select count(*)::int as rows from ${sql(name)}`;
      counts[name] = row?.rows ?? 0;
    }
    return counts;
  } finally {
    await sql.end();
  }
}
