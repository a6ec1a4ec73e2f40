import { randomInt } from 'node:crypto';
import postgres from 'postgres';
import { secondsAfter, systemClock } from '../../src/clock.ts';
import { compose } from '../../src/compose.ts';
import type { Config } from '../../src/config/read-config.ts';
import { openPostgres } from '../../src/db/driver/client.ts';
import { issueAccessToken } from '../../src/domain/access-tokens/issue-access-token.ts';
import { firstRefreshToken } from '../../src/domain/sessions/refresh-token.ts';
import { createServer } from '../../src/http/server.ts';
import { createLog } from '../../src/observability/log.ts';
import { benchConfig } from '../shared/bench-server.ts';

// A server on one of the databases of scenarios/growth.ts, in a process of its own.
export type GrowthServe = { readonly url: string; readonly users: number };

/** A user with a session whose tokens scenarios/growth.ts holds. */
export type GrowthPerson = {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly accessToken: string;
  refreshToken: string;
};

export type GrowthOrder =
  | { readonly order: 'people'; readonly count: number; readonly password: string }
  | { readonly order: 'admin' }
  | { readonly order: 'code'; readonly email: string }
  /** Milliseconds of a hash alone. */
  | { readonly order: 'hash' }
  | { readonly order: 'stop' };

const { url: databaseUrl, users }: GrowthServe = JSON.parse(process.argv[2] ?? '{}');
const config: Config = { ...benchConfig(), accessTokenTtl: 3600 };
const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
// Of a run before this one, sealed under keys that are gone.
await sql`truncate signing_keys`;
const database = openPostgres({
  url: databaseUrl,
  maxConnections: 4,
  applicationName: 'latchkey-bench',
  statementTimeoutMs: 60_000,
});
const codes = new Map<string, string>();
const composed = await compose({
  config,
  database,
  mailer: {
    name: 'smtp',
    send: async ({ to, text }) => {
      codes.set(to, /^(\d{6})$/m.exec(text)?.[1] ?? '');
    },
    close: async () => {},
  },
  log: createLog(config),
  clock: systemClock,
  bcryptCost: 4,
});
const { app } = composed;
const server = await createServer(app);
const url = await server.listen();

type Row = {
  readonly session: string;
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly roles: string[];
  readonly methods: string[];
};

async function tokensOf({ session, id, email, name, roles, methods }: Row): Promise<GrowthPerson> {
  const now = systemClock.now();
  const refresh = firstRefreshToken(app, session);
  await sql`update sessions set refresh_hash = ${refresh.hash}, refresh_generation = 0,
    revoked_at = null where id = ${session}`;
  const held = {
    id: session,
    authenticatedAt: now,
    methods,
    idleExpiresAt: secondsAfter(now, 30 * 24 * 3600),
  };
  const { token } = await issueAccessToken(app, {
    session: held,
    user: { id, roles },
    generation: refresh.generation,
  });
  return { id, email, name, accessToken: token, refreshToken: refresh.value };
}

/** People from all over the table, active, with a name, a session and the password. */
async function choosePeople(count: number, password: string): Promise<GrowthPerson[]> {
  const numbers = new Set(Array.from({ length: count * 2 }, () => randomInt(1, users)));
  const hash = await app.hasher.hash(password);
  const rows = await sql<Row[]>`
    select s.id as session, u.id, u.email, u.name, u.roles, s.methods
    from unnest(${[...numbers]}::bigint[]) n join sessions s on s.id = bench.session_id(n)
      join users u on u.id = s.user_id
    where s.revoked_at is null and u.suspended_at is null and u.email_verified_at is not null
      and u.name is not null
    limit ${count}`;
  await sql`update users set password_hash = ${hash} where id = any(${rows.map(({ id }) => id)})`;
  const people: GrowthPerson[] = [];
  for (const row of rows) people.push(await tokensOf(row));
  return people;
}

async function makeAdmin(): Promise<GrowthPerson> {
  const now = systemClock.now();
  const [id, session] = [app.random.id(now), app.random.id(now)];
  const email = `admin-${id}@example.com`;
  const [roles, methods] = [['admin'], ['pwd', 'otp', 'mfa']];
  const end = secondsAfter(now, 24 * 3600);
  await sql`insert into users (id, email, email_canonical, email_verified_at, roles, created_at)
    values (${id}, ${email}, ${email}, ${now}, ${roles}, ${secondsAfter(now, -1000 * 24 * 3600)})`;
  await sql`insert into sessions (id, user_id, refresh_hash, created_at, last_used_at,
    idle_expires_at, absolute_expires_at,
    authenticated_at, methods, proved_methods)
    values (${session}, ${id}, ${Buffer.alloc(32)}, ${now}, ${now}, ${end}, ${end}, ${now},
      ${methods}, ${['PASSWORD', 'TOTP']})`;
  return tokensOf({ session, id, email, name: '', roles, methods });
}

async function codeFor(email: string): Promise<string> {
  for (;;) {
    const code = codes.get(email);
    codes.delete(email);
    if (code !== undefined) return code;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function hashAlone(): Promise<number> {
  const begun = performance.now();
  await app.hasher.hash('otter lantern gravel sunday');
  return performance.now() - begun;
}

async function stop(): Promise<void> {
  await server.close();
  await composed.stop();
  await database.close();
  await sql.end();
}

async function obey(order: GrowthOrder): Promise<unknown> {
  switch (order.order) {
    case 'people':
      return choosePeople(order.count, order.password);
    case 'admin':
      return makeAdmin();
    case 'code':
      return codeFor(order.email);
    case 'hash':
      return hashAlone();
    case 'stop':
      return stop();
  }
}

process.on('message', (order: GrowthOrder) => {
  void obey(order).then((said) => {
    process.send?.({ said: said ?? null });
    if (order.order === 'stop') process.disconnect();
  });
});
// The parent process has ended.
process.once('disconnect', () => process.exit());
process.send?.({ said: url });
