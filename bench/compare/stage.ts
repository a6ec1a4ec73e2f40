import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { hash } from '@node-rs/bcrypt';
import postgresClient from 'postgres';
import { freePort } from '../../src/testing/free-port.ts';
import { startSmtpStandIn } from '../../src/testing/smtp-stand-in.ts';
import { fill } from '../growth/fill.ts';
import { type Account, password, putAccounts } from '../shared/accounts.ts';
import { makeDatabase, startDurablePostgres } from '../shared/databases.ts';
import { type Instance, serverEnvironment, startBuilt } from '../shared/instances.ts';
import { type Generator, startGenerator } from '../shared/load.ts';
import { UsageError } from '../shared/options.ts';
import { descendants, otherCore, pin, serverCore, start } from '../shared/processes.ts';

const floorPath = fileURLToPath(new URL('floor.mjs', import.meta.url));
const builtServer = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** The Node flags of `npm start`, for the floor too. */
const nodeFlags = ['--max-semi-space-size=16'];

/** Of both servers, where one core does the hashing. */
export const bcryptCost = 10;
/** The default, for `me` beside sign-ins. */
export const stormCost = 12;

export type Server = Pick<Instance, 'pid' | 'port' | 'readyAfter' | 'stop'>;

/** What all parts run on. */
export type Stage = {
  readonly accounts: readonly Account[];
  /** Those of the default cost. */
  readonly stormAccounts: readonly Account[];
  readonly gatewayToken: string;
  readonly floorSecret: Uint8Array;
  readonly generator: Generator;
  /** Signs in while the first generator asks for `me`. */
  readonly secondGenerator: Generator;
  startLatchkey(options?: {
    readonly cores?: string;
    readonly env?: Readonly<Record<string, string>>;
  }): Promise<Server>;
  startFloor(): Promise<Server>;
  /** PostgreSQL's processes. */
  databasePids(): number[];
  close(): Promise<void>;
};

/** Starts what all parts share. Servers get one core, everything else the other. */
export async function openStage(options: {
  readonly algorithm: string;
  readonly nodeFlags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}): Promise<Stage> {
  if (!existsSync(builtServer)) throw new UsageError('Build the server first: npm run build');
  pin(process.pid, otherCore);
  const postgres = await startDurablePostgres();
  const smtp = await startSmtpStandIn({ startTls: false });
  const generators = [await startGenerator(otherCore), await startGenerator(otherCore)] as const;
  const url = await makeDatabase(postgres.url, 'bench');
  const gatewayToken = randomBytes(32).toString('hex');
  const floorSecret = randomBytes(32);
  const env: Record<string, string> = {
    ...serverEnvironment({ databaseUrl: url, smtpPort: smtp.port }),
    GATEWAY_TOKEN: gatewayToken,
    // Tokens outlive restarts of the server.
    JWT_AUDIENCE: 'bench',
    ACCESS_TOKEN_TTL: '60m',
    // No measurement of sign-ins ends the sessions that the next one asks with.
    SESSION_LIMIT: '500',
    JWT_ALGORITHM: options.algorithm,
    BCRYPT_COST: String(bcryptCost),
    LOG_LEVEL: 'info',
    ...options.env,
  };
  const people = await populate(url, Buffer.from(env['SECRET_KEY'] ?? '', 'base64'));
  // Started servers, so that none outlives the run and none counts as PostgreSQL.
  const servers: Server[] = [];
  const keep = (server: Server): Server => {
    servers.push(server);
    return server;
  };
  return {
    ...people,
    gatewayToken,
    floorSecret,
    generator: generators[0],
    secondGenerator: generators[1],
    startLatchkey: async ({ cores = serverCore, env: more } = {}) =>
      keep(
        await startBuilt({
          env: { ...env, ...more },
          cores,
          nodeFlags: [...nodeFlags, ...options.nodeFlags],
        }),
      ),
    startFloor: async () => keep(await startFloor(url, floorSecret)),
    databasePids: () => {
      const others = new Set([...servers, ...generators].map(({ pid }) => pid));
      return descendants(process.pid).filter((pid) => !others.has(pid));
    },
    close: async () => {
      for (const { stop } of [...servers, ...generators]) await stop();
      await smtp.close();
      await postgres.stop();
    },
  };
}

async function startFloor(url: string, secret: Uint8Array): Promise<Server> {
  const port = await freePort();
  const args = [url, Buffer.from(secret).toString('base64'), String(port), String(bcryptCost)];
  const started = await start({
    args: [...nodeFlags, floorPath, ...args],
    env: { NODE_ENV: 'production' },
    ready: /ready/,
    cores: serverCore,
  });
  return { ...started, port };
}

async function populate(
  url: string,
  secretKey: Uint8Array,
): Promise<Pick<Stage, 'accounts' | 'stormAccounts'>> {
  const sql = postgresClient(url, { max: 4, onnotice: () => {} });
  // With a few users PostgreSQL reads the whole table where it would look up a key: a plan that no
  // real database has.
  await fill(sql, { users: 20_000, say: () => {} });
  const accounts = await putAccounts({ url, secretKey, count: 128, bcryptCost });
  const stormAccounts = await putAccounts({ url, secretKey, count: 64, bcryptCost: stormCost });
  await sql`create schema floor`;
  await sql`create table floor.passwords (email text primary key, user_id uuid, hash text)`;
  const [emails, ids] = [accounts.map(({ email }) => email), accounts.map(({ id }) => id)];
  await sql`insert into floor.passwords
    select *, ${await hash(password, bcryptCost)} from unnest(${emails}::text[], ${ids}::uuid[])`;
  await sql`analyze`;
  await sql.end();
  return { accounts, stormAccounts };
}
