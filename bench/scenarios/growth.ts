import { fork, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { mutationText, send } from '../../src/testing/client.ts';
import { openGrowthDatabases, settings } from '../growth/database.ts';
import type { GrowthOrder, GrowthPerson } from '../growth/serve.ts';
import { password } from '../shared/accounts.ts';
import { percentile } from '../shared/numbers.ts';
import { readOptions } from '../shared/options.ts';
import { judge, out } from '../shared/report.ts';

const coldRounds = 60;
let serial = 0;

/**
 * Whether the server stays as fast as the database grows: two databases on one PostgreSQL, with ten
 * thousand users and with ten million, each with sessions, known devices, an audit trail with
 * origins, sent mails, codes and limits; a server for each, in a process of its own, asked in turn.
 * Then it refreshes for a minute on the larger one and tells how many updates were HOT, and how
 * many dead rows there were. A folder that is named is kept, so that the next run begins with what
 * is there. Ten million users take 22 GB and, on two cores, a quarter of an hour; the rest takes
 * some minutes.
 */
export async function run(args: readonly string[]): Promise<void> {
  const options = readOptions(args, {
    users: 10_000_000,
    rounds: 300,
    'refresh-seconds': 60,
    folder: '',
  });
  const sizes = [10_000, options.users];
  const folder = options.folder === '' ? undefined : options.folder;
  const said = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  out(`PostgreSQL with ${said.join(' ')}`);
  const { server: database, urls } = await openGrowthDatabases({ users: sizes, folder, say: out });
  const servers: Server[] = [];
  const sql = postgres(urls[1] ?? '', { max: 1, onnotice: () => {} });
  const count = coldRounds + options.rounds;
  try {
    for (const [index, url] of urls.entries())
      servers.push(await startServer({ url, users: sizes[index] ?? 0, count }));
    // Once, so that both servers have compiled what they run.
    await measure(servers, { from: 0, count: 20, all: false });
    if (folder !== undefined) {
      await database.halt();
      dropFromMemory(folder);
      await database.resume();
      await measureFromDisk(servers, sizes);
    }
    await measureWarm({ servers, sizes, sql, rounds: options.rounds });
    out(`refreshes at ${sizes[1]} users, sessions of ${count} people in turn:`);
    const larger = servers[1];
    const hot = larger ? await refreshLoad(larger, sql, options['refresh-seconds']) : 0;
    judge(`${hot.toFixed(3)} of the updates are HOT, at least 0.95`, hot >= 0.95);
  } finally {
    for (const server of servers) await server.order({ order: 'stop' });
    await sql.end();
    await database.stop();
  }
}

async function measureFromDisk(
  servers: readonly Server[],
  sizes: readonly number[],
): Promise<void> {
  await sleep(2000);
  await Promise.all(
    servers.map((server) =>
      ask(server, { query: '{ me { id } }', token: server.admin.accessToken }),
    ),
  );
  const count = coldRounds - 20;
  const times = await measure(servers, { from: 20, count, all: false });
  report(`From the disk, ${count} people that were not asked for before`, { sizes, times });
}

async function measureWarm(input: {
  readonly servers: readonly Server[];
  readonly sizes: readonly number[];
  readonly sql: postgres.Sql;
  readonly rounds: number;
}): Promise<void> {
  const { servers, sizes, sql, rounds } = input;
  const warm = { from: coldRounds, count: rounds, all: true };
  await measure(servers, warm);
  const reads = await sequentialReads(sql);
  const times = await measure(servers, warm);
  const over = report(`Warm, ${rounds} people from all over the table`, { sizes, times });
  await sleep(2000);
  const read = Object.entries(await sequentialReads(sql)).filter(
    ([name, count]) => count > (reads[name] ?? 0),
  );
  out();
  judge(`no operation is over 1.2: ${over.join(', ') || 'none'}`, over.length === 0);
  const tables = read.map(([name]) => name).join(', ') || 'none';
  judge(`no table is read from one end to the other: ${tables}`, read.length === 0);
}

type Server = {
  readonly url: string;
  readonly people: readonly GrowthPerson[];
  readonly admin: GrowthPerson;
  order(order: GrowthOrder): Promise<unknown>;
};

async function startServer(input: {
  readonly url: string;
  readonly users: number;
  /** People whose tokens it hands out. */
  readonly count: number;
}): Promise<Server> {
  const { url, users, count } = input;
  const path = fileURLToPath(new URL('../growth/serve.ts', import.meta.url));
  const child = fork(path, [JSON.stringify({ url, users })], { execArgv: ['--import', 'tsx'] });
  const said = async () => (await once(child, 'message'))[0].said;
  const order = (message: GrowthOrder) => {
    const answer = said();
    child.send(message);
    return answer;
  };
  const serverUrl: string = await said();
  return {
    url: serverUrl,
    people: await order({ order: 'people', count, password }),
    admin: await order({ order: 'admin' }),
    order: async (message) => {
      const exited = message.order === 'stop' ? once(child, 'exit') : null;
      const answer = await order(message);
      await exited;
      return answer;
    },
  };
}

type Asked = {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly token?: string;
};

/** Asks once. Milliseconds, and the data; throws where the answer is not what it should be. */
async function ask(
  server: Server,
  { query, variables, token }: Asked,
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into by path.
): Promise<{ ms: number; data: any }> {
  const begun = performance.now();
  const { data, text } = await send(server.url, query, variables, { token });
  const ms = performance.now() - begun;
  if (data === null || text.includes('"AuthError"'))
    throw new Error(`${query.slice(0, 60)}: ${text.slice(0, 300)}`);
  return { ms, data };
}

const list = (filter: string, fields = ''): string =>
  `{ users${filter} { edges { node { id email name status } } ${fields} } }`;
const events = (filter: string): string =>
  `{ auditEvents${filter} { edges { node { id at type subject { id email } } } } }`;

async function login(server: Server, { email }: GrowthPerson): Promise<number> {
  return (
    await ask(server, { query: mutationText('login'), variables: { input: { email, password } } })
  ).ms;
}

async function refresh(server: Server, person: GrowthPerson): Promise<number> {
  const input = { refreshToken: person.refreshToken };
  const { ms, data } = await ask(server, {
    query: mutationText('refreshSession'),
    variables: { input },
  });
  person.refreshToken = data.refreshSession.refreshToken;
  return ms;
}

async function registerAndVerify(server: Server): Promise<number> {
  serial += 1;
  // Of the same letters as the others, so that the newest do not differ from them.
  const letters = Array.from({ length: 12 }, () => 'abcdefghijklmnop'.charAt(randomInt(16)));
  const name = `${letters.join('')}${serial}`;
  const email = `${name}@new.example.com`;
  const begun = await ask(server, {
    query: mutationText('register'),
    variables: { input: { email, password, name } },
  });
  const code = await server.order({ order: 'code', email });
  const input = { challengeId: begun.data.register.id, code };
  return (
    begun.ms + (await ask(server, { query: mutationText('verifyOtp'), variables: { input } })).ms
  );
}

const asAdmin =
  (query: (person: GrowthPerson) => string) =>
  async (server: Server, person: GrowthPerson): Promise<number> =>
    (await ask(server, { query: query(person), token: server.admin.accessToken })).ms;
const quoted = (value: string): string => JSON.stringify(value);

type Operation = {
  readonly run: (server: Server, person: GrowthPerson) => Promise<number>;
  /** Password hashes in it, whose time is subtracted. */
  readonly hashes?: number;
  /** Whether its ratio counts. */
  readonly counts: boolean;
};

const operations: Readonly<Record<string, Operation>> = {
  me: {
    counts: true,
    run: async (server, { accessToken }) =>
      (await ask(server, { query: '{ me { id email } }', token: accessToken })).ms,
  },
  login: { counts: true, hashes: 1, run: login },
  refreshSession: { counts: true, run: refresh },
  'register + verifyOtp': { counts: true, hashes: 1, run: registerAndVerify },
  'users(search:) address': {
    counts: true,
    run: asAdmin(({ email }) => list(`(search: ${quoted(email.split('@')[0] ?? '')})`)),
  },
  'users(search:) name': {
    counts: true,
    run: asAdmin(({ name }) => list(`(search: ${quoted(name)})`)),
  },
  'users(search:) one letter': {
    counts: true,
    run: asAdmin(({ name }) => list(`(search: ${quoted(name.slice(0, 1))})`)),
  },
  users: { counts: true, run: asAdmin(() => list('')) },
  'users(status: SUSPENDED)': {
    counts: true,
    run: asAdmin(() => list('(status: SUSPENDED, first: 5)')),
  },
  'users { totalCount }': { counts: true, run: asAdmin(() => list('', 'totalCount')) },
  auditEvents: { counts: true, run: asAdmin(() => events('')) },
  'auditEvents(type:)': { counts: true, run: asAdmin(() => events('(type: "email.verified")')) },
  'auditEvents(userId:)': {
    counts: true,
    run: asAdmin(({ id }) => events(`(userId: "${id}", first: 2)`)),
  },
};

/** By operation, and by server. A hash alone is measured in the same rounds, to be subtracted. */
type Times = Record<string, [number[], number[]]>;
const hashAlone = 'a hash alone';

/**
 * Each operation on each server, in turn, for other people each round; `all` with those that do not
 * count.
 */
async function measure(
  servers: readonly Server[],
  { from, count, all }: { from: number; count: number; all: boolean },
): Promise<Times> {
  const chosen = Object.entries(operations).filter(([, { counts }]) => all || counts);
  const times: Times = Object.fromEntries(
    [...chosen.map(([name]) => name), hashAlone].map((name) => [name, [[], []]]),
  );
  const runs: [string, Operation['run']][] = chosen.map(([name, { run }]) => [name, run]);
  runs.push([hashAlone, async (server) => Number(await server.order({ order: 'hash' }))]);
  for (let round = 0; round < count; round += 1) {
    for (const [name, run] of runs) {
      // Now one first, now the other.
      for (const which of round % 2 === 0 ? [0, 1] : [1, 0]) {
        const server = servers[which];
        const person = server?.people[(from + round) % server.people.length];
        if (server && person) times[name]?.[which]?.push(await run(server, person));
      }
    }
  }
  return times;
}

/** Prints the table; returns the operations whose ratio counts and is over 1.2. */
function report(
  title: string,
  { sizes, times }: { readonly sizes: readonly number[]; readonly times: Times },
): string[] {
  out(`\n${title}, ms`);
  out(
    [''.padEnd(29), ...sizes.map((users) => `${users} median    p99`.padStart(22)), '  ratio'].join(
      ' ',
    ),
  );
  const over: string[] = [];
  for (const [name, samples] of Object.entries(times)) {
    const { hashes = 0, counts = false } = operations[name] ?? {};
    const cells = samples.map((values, which) => {
      const less = hashes * percentile(times[hashAlone]?.[which] ?? [], 0.5);
      return { median: percentile(values, 0.5) - less, p99: percentile(values, 0.99) - less };
    });
    const ratio = (cells[1]?.median ?? 0) / (cells[0]?.median ?? 1);
    if (counts && ratio > 1.2) over.push(name);
    const texts = cells.map(({ median, p99 }) =>
      `${median.toFixed(2)} ${p99.toFixed(1).padStart(6)}`.padStart(22),
    );
    out(
      [name.padEnd(29), ...texts, `  ${ratio.toFixed(2)}${counts ? '' : ' (does not count)'}`].join(
        ' ',
      ),
    );
  }
  return over;
}

/**
 * Drops the files of the databases from the page cache, where `dd` can. The server must be stopped.
 */
function dropFromMemory(folder: string): void {
  spawnSync('sh', [
    '-c',
    `find "$0" -type f -size +0 -exec dd if={} iflag=nocache count=0 status=none \\;`,
    join(folder, 'data', 'base'),
  ]);
}

type Reads = Readonly<Record<string, number>>;
/**
 * How often each table was read from one end to the other, in rows: a scan that stops after a few
 * rows is harmless.
 */
async function sequentialReads(sql: postgres.Sql): Promise<Reads> {
  const rows = await sql<{ name: string; reads: number }[]>`
    select relname as name, floor(2.0 * seq_tup_read / n_live_tup)::int as reads
    from pg_stat_user_tables where schemaname = 'public' and n_live_tup > 100000`;
  return Object.fromEntries(rows.map(({ name, reads }) => [name, reads]));
}

/**
 * Refreshes as fast as four clients can, and says of each stretch how many updates were HOT and how
 * many dead rows there are.
 */
async function refreshLoad(server: Server, sql: postgres.Sql, seconds: number): Promise<number> {
  const look = async () => {
    const [row] = await sql<{ updates: number; hot: number; dead: number; bytes: number }[]>`
      select n_tup_upd::int as updates, n_tup_hot_upd::int as hot, n_dead_tup::int as dead,
        pg_table_size('sessions')::float as bytes
      from pg_stat_user_tables where relname = 'sessions'`;
    return row ?? { updates: 0, hot: 0, dead: 0, bytes: 0 };
  };
  const begun = performance.now();
  const isOver = (): boolean => performance.now() - begun > seconds * 1000;
  /** Each has people of its own: two refreshes of one token would be one refresh and a retry. */
  const client = async (which: number): Promise<void> => {
    const own = server.people.filter((_, index) => index % 4 === which);
    while (!isOver()) for (const person of own) await refresh(server, person);
  };
  const before = await look();
  const clients = Promise.all([0, 1, 2, 3].map(client));
  for (let stretch = 1; stretch <= 6; stretch += 1) {
    await sleep((seconds * 1000) / 6);
    const { updates, hot, dead, bytes } = await look();
    const passed = String(Math.round((seconds * stretch) / 6)).padStart(4);
    const updated = updates - before.updates;
    const share = ((hot - before.hot) / Math.max(1, updated)).toFixed(3);
    out(`  ${passed} s: ${updated} updates, HOT ${share}, ${dead} dead rows`);
    out(`          ${bytes - before.bytes} bytes more`);
  }
  await clients;
  await sleep(1500);
  const after = await look();
  return (after.hot - before.hot) / Math.max(1, after.updates - before.updates);
}
