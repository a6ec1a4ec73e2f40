/**
 * Latchkey beside the floor (bench/compare/floor.mjs), in turn in one run: the built server in production
 * mode, on a PostgreSQL of its own. Each server has one core, the generator the other, PostgreSQL
 * both. Prints a table of medians and ratios, and ends with status 1 where an answer was wrong or a
 * ratio is not what it has to be.
 *
 *   npm run build && npm run bench [-- ROUNDS=3 [SECONDS=6 [SCENARIO …]]]
 *
 * PROFILE=FOLDER among them writes V8's profiles of the server there, NODE=--flag gives Node a
 * flag, CONNECTIONS=16,64 asks with so many. Scenarios: me, refresh, entities, login, register,
 * storm, start; width only where it is named: hashes at once, on one core and on two.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SignJWT } from 'jose';
import postgresClient from 'postgres';
import { migratePostgres } from '../../src/db/migrate.ts';
import { startEmbeddedPostgres } from '../../src/testing/embedded-postgres.ts';
import { freePort } from '../../src/testing/free-port.ts';
import { startSmtpStandIn } from '../../src/testing/smtp-stand-in.ts';
import { fill } from '../growth/fill.ts';
import { type Account, putAccounts, putDatabase } from '../shared/accounts.ts';
import { registerAccount } from '../shared/instances.ts';
import { type LoadResult, startGenerator } from '../shared/load.ts';
import {
  descendants,
  memory,
  outputOf,
  pinTo,
  processorTime,
  type Started,
  start,
} from '../shared/processes.ts';
import { percentile } from '../shared/serve-apart.ts';

const rounds = Number(process.argv[2] ?? 3);
const seconds = Number(process.argv[3] ?? 6);
const chosen = process.argv.slice(4).filter((argument) => !argument.includes('='));
const isChosen = (name: string): boolean => chosen.length === 0 || chosen.includes(name);

/** Connections that ask for `me`. */
const clientCounts = (
  process.argv
    .find((argument) => argument.startsWith('CONNECTIONS='))
    ?.slice('CONNECTIONS='.length) ?? '1,16,64'
)
  .split(',')
  .map(Number);
const manyClients = clientCounts.filter((count) => count > 1);
const people = 128;
const serverCore = '0';
const bothCores = '0-1';
const generatorCore = '1';
const bcryptCost = 12;
const password = 'otter lantern gravel sunday';
/** Of `me` while others sign in, a second. */
const paceOfMe = 200;
const root = fileURLToPath(new URL('../..', import.meta.url));
const out = (line = ''): void => void process.stdout.write(`${line}\n`);

let failed = 0;
const judge = (what: string, holds: boolean): void => {
  if (!holds) failed += 1;
  out(`${holds ? 'holds ' : 'FAILS '} ${what}`);
};

// ---- what all of it runs on ----

const postgres = await startEmbeddedPostgres({
  // As in production: what a statement has written is on the disk when it is answered.
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  wal_level: 'replica',
  shared_buffers: '256MB',
});
const smtp = await startSmtpStandIn({ startTls: false });
const secretKey = randomBytes(32);
const gatewayToken = randomBytes(32).toString('hex');
const floorSecret = randomBytes(32);
const generator = await startGenerator(pinTo(generatorCore));
const stormers = await startGenerator(pinTo(generatorCore));

type Home = {
  readonly url: string;
  readonly algorithm: 'RS256' | 'ES256';
  readonly accounts: readonly Account[];
};

async function makeHome(algorithm: Home['algorithm']): Promise<Home> {
  const url = await putDatabase(postgres.url, `bench_${algorithm.toLowerCase()}`);
  await migratePostgres(url);
  // With the people alone PostgreSQL reads the whole table where it would look up a key: a plan
  // that no real database has.
  const sql = postgresClient(url, { max: 4, onnotice: () => {} });
  await fill(sql, { users: 20_000, say: () => {} });
  await sql.end();
  const accounts = await putAccounts({ url, secretKey, people, password, bcryptCost });
  return { url, algorithm, accounts };
}

/** The environment of production; nothing of this process's own reaches the server. */
function environment({ url, algorithm }: Home, port: number): Record<string, string> {
  return {
    DATABASE_URL: url,
    SECRET_KEY: secretKey.toString('base64'),
    GATEWAY_TOKEN: gatewayToken,
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    // Tokens outlive restarts of the server.
    JWT_AUDIENCE: 'bench',
    MAIL_TRANSPORT: 'smtp',
    SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
    MAIL_FROM: 'bench@example.com',
    JWT_ALGORITHM: algorithm,
    ACCESS_TOKEN_TTL: '60m',
    BCRYPT_COST: String(bcryptCost),
    RATE_LIMIT_MULTIPLIER: '10000',
    MIGRATE_ON_START: 'false',
    SHUTDOWN_DELAY: '0s',
    LOG_LEVEL: 'info',
    HOST: '127.0.0.1',
    PORT: String(port),
  };
}

/** A folder for V8's profiles of the server, one a start. */
const profileFolder = process.argv
  .find((argument) => argument.startsWith('PROFILE='))
  ?.slice('PROFILE='.length);
const profiling = [
  ...(profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`]),
  ...process.argv
    .filter((argument) => argument.startsWith('NODE='))
    .map((argument) => argument.slice('NODE='.length)),
];
const latchkeyPort = await freePort();
const floorPort = await freePort();
/**
 * As `npm start` says to Node; to the floor too. Without, Node 24 takes more memory at the same
 * speed.
 */
const nodeFlags = ['--max-semi-space-size=16'];
/** All that were started: none outlives the run, and none counts as PostgreSQL. */
const servers = new Set<Started>();
const startServer = async (options: Parameters<typeof start>[0]): Promise<Started> => {
  const server = await start(options);
  servers.add(server);
  return server;
};
const startLatchkey = (
  home: Home,
  cores = serverCore,
  more: Readonly<Record<string, string>> = {},
): Promise<Started> =>
  startServer({
    args: [...nodeFlags, ...profiling, `${root}dist/main.js`, 'start'],
    env: { ...environment(home, latchkeyPort), ...more },
    ready: /server\.started/,
    cores,
  });
const startFloor = (home: Home): Promise<Started> =>
  startServer({
    args: [
      ...nodeFlags,
      `${root}bench/compare/floor.mjs`,
      home.url,
      floorSecret.toString('base64'),
      String(floorPort),
    ],
    env: { NODE_ENV: 'production' },
    ready: /ready/,
    cores: serverCore,
  });

// ---- requests, as they go over the wire ----

function post(body: object, headers: Readonly<Record<string, string>> = {}): string {
  const text = JSON.stringify(body);
  const lines = Object.entries({
    host: `127.0.0.1:${latchkeyPort}`,
    'content-type': 'application/json',
    accept: 'application/graphql-response+json, application/json;q=0.9',
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /graphql HTTP/1.1\r\n${lines.join('')}\r\n${text}`;
}

const meText = '{ me { id email name } }';
const askMe = (token: string): string =>
  post({ query: meText }, { authorization: `Bearer ${token}` });
const loginText =
  'mutation Login($input: LoginInput!) { login(input: $input) { __typename ... on AuthTokens { accessToken refreshToken user { id } } } }';
const refreshText =
  'mutation Refresh($input: RefreshSessionInput!) { refreshSession(input: $input) { __typename ... on AuthTokens { accessToken refreshToken } } }';
const entitiesText =
  'query Users($representations: [_Any!]!) { _entities(representations: $representations) { ... on User { id email name } } }';

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by path, and a wrong path ends the run.
async function ask(query: string, variables: object): Promise<any> {
  const response = await fetch(`http://127.0.0.1:${latchkeyPort}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return JSON.parse(await response.text()).data;
}

type Signed = Account & { readonly accessToken: string; refreshToken: string };

async function signIn(account: Account): Promise<Signed> {
  const { login } = await ask(loginText, { input: { email: account.email, password } });
  if (login?.__typename !== 'AuthTokens')
    throw new Error(`login answered ${JSON.stringify(login)}`);
  return { ...account, accessToken: login.accessToken, refreshToken: login.refreshToken };
}

async function signInAll(accounts: readonly Account[]): Promise<Signed[]> {
  const signed: Signed[] = [];
  const rest = [...accounts];
  const takeTurns = async (): Promise<void> => {
    for (let next = rest.pop(); next; next = rest.pop()) signed.push(await signIn(next));
  };
  await Promise.all(Array.from({ length: 8 }, takeTurns));
  return signed.sort((a, b) => a.email.localeCompare(b.email));
}

// ---- measuring ----

type Measured = LoadResult & {
  readonly perSecond: number;
  /** Share of one core. */
  readonly server: number;
  readonly generator: number;
  readonly database: number;
  /** Of the server's processor time, for each right answer. */
  readonly microseconds: number;
};

const postgresPids = (): number[] =>
  descendants(process.pid).filter((pid) => pid !== generator.pid && pid !== stormers.pid);

async function measure(
  server: Started,
  load: Parameters<typeof generator.run>[0],
): Promise<Measured> {
  // At full speed, so that V8 has compiled what it is going to: a production server has been up for
  // more than seconds.
  if (load.warmUpSeconds) {
    await generator.run({
      ...load,
      rate: undefined,
      connections: 64,
      seconds: load.warmUpSeconds,
      warmUpSeconds: 0,
    });
  }
  const started = new Set([...servers].map(({ pid }) => pid));
  const databases = postgresPids().filter((pid) => !started.has(pid));
  const times = (): number[] => [
    processorTime(server.pid),
    processorTime(generator.pid),
    databases.reduce((sum, pid) => sum + processorTime(pid), 0),
  ];
  const before = times();
  const result = await generator.run({ ...load, warmUpSeconds: 0 });
  const after = times();
  const share = (index: number): number =>
    ((after[index] ?? 0) - (before[index] ?? 0)) / result.seconds;
  if (result.wrongCount > 0) {
    failed += 1;
    out(`WRONG: ${result.wrongCount} answers, such as ${result.wrong[0]}`);
  }
  return {
    ...result,
    perSecond: result.count / result.seconds,
    server: share(0),
    generator: share(1),
    database: share(2),
    microseconds: (share(0) * result.seconds * 1e6) / Math.max(1, result.count),
  };
}

const table = new Map<string, Measured[]>();
function note(name: string, measured: Measured): void {
  table.set(name, [...(table.get(name) ?? []), measured]);
  out(`  ${row(name, measured)}`);
}
const medianOf = (name: string, of: (measured: Measured) => number): number =>
  percentile((table.get(name) ?? []).map(of), 0.5);
function row(
  name: string,
  { perSecond, p50, p99, server, generator: asked, database, microseconds }: Measured,
): string {
  const shares = [server, asked, database]
    .map((share) => `${Math.round(share * 100)} %`.padStart(6))
    .join('');
  return `${name.padEnd(34)} ${perSecond.toFixed(0).padStart(7)}/s  p50 ${p50.toFixed(2).padStart(7)}  p99 ${p99.toFixed(2).padStart(8)} ms  ${shares}  ${microseconds.toFixed(0).padStart(6)} µs`;
}

out(
  `Node ${process.version}, ${rounds} rounds of ${seconds} s. Shares of a core: server, generator, PostgreSQL; then the server's processor time for each answer.`,
);
const main = await makeHome('RS256');
const other = isChosen('refresh') ? await makeHome('ES256') : null;
const warmUpSeconds = 2;
let signed: Signed[] = [];
let signedOther: Signed[] = [];
const memoryAfter: number[] = [];

type Kind = 'floor' | 'latchkey';
let floorTokens: string[] = [];

const loadOfMe = (kind: Kind, connections: number) => ({
  port: kind === 'floor' ? floorPort : latchkeyPort,
  connections,
  requests:
    kind === 'floor'
      ? floorTokens.map(
          (token) =>
            `GET /me HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\n\r\n`,
        )
      : signed.map(({ accessToken }) => askMe(accessToken)),
  expected: signed.map(({ id, email }) => `{"data":{"me":{"id":"${id}","email":"${email}","name":`),
});
const nameOfMe = (kind: Kind, connections: number): string =>
  `me, ${connections} connections: ${kind}`;

async function measureMe(server: Started, kind: Kind, counts = manyClients): Promise<void> {
  for (const connections of counts) {
    note(
      nameOfMe(kind, connections),
      await measure(server, { ...loadOfMe(kind, connections), seconds, warmUpSeconds }),
    );
  }
}

/** Seconds that each of two servers is asked before it is the other's turn. */
const turn = 0.25;
/** Of `me` at one connection: latchkey's p50 to the floor's, of each pair of turns. */
const ratiosAtOne: number[] = [];

/**
 * `me` at one connection, both servers up and asked in turns: most of the time there is the waking
 * of processes, which on a virtual machine takes twice as long from one minute to the next, and
 * what is a fourth of a second apart has the same of it.
 */
async function measureInTurns(servers: Readonly<Record<Kind, Started>>): Promise<void> {
  const turns: Record<Kind, Measured[]> = { floor: [], latchkey: [] };
  const kinds = ['floor', 'latchkey'] as const;
  for (const kind of kinds) {
    await measure(servers[kind], { ...loadOfMe(kind, 1), seconds: turn, warmUpSeconds });
  }
  for (let n = 0; n < seconds / turn; n += 1) {
    // Who is first changes: what one leaves behind, such as a garbage collection, is not always the
    // other's.
    for (const kind of n % 2 === 0 ? kinds : kinds.toReversed()) {
      turns[kind].push(await measure(servers[kind], { ...loadOfMe(kind, 1), seconds: turn }));
    }
    const [floor, latchkey] = kinds.map((kind) => turns[kind].at(-1)?.p50);
    if (!floor || !latchkey) throw new Error('A turn had no answers.');
    ratiosAtOne.push(latchkey / floor);
  }
  for (const kind of kinds) note(nameOfMe(kind, 1), together(turns[kind]));
}

/**
 * Turns as one: shares and rates over all of them, since processor time is counted in hundredths of
 * a second; medians of their percentiles.
 */
function together(turns: readonly Measured[]): Measured {
  const sum = (of: (measured: Measured) => number): number =>
    turns.reduce((total, turn) => total + of(turn), 0);
  const mean = (of: (measured: Measured) => number): number => sum(of) / turns.length;
  const median = (of: (measured: Measured) => number): number => percentile(turns.map(of), 0.5);
  const count = sum((measured) => measured.count);
  const server = mean((measured) => measured.server);
  const passed = sum((measured) => measured.seconds);
  return {
    count,
    seconds: passed,
    shed: sum(({ shed }) => shed),
    perSecond: count / passed,
    p50: median(({ p50 }) => p50),
    p99: median(({ p99 }) => p99),
    max: Math.max(...turns.map(({ max }) => max)),
    wrong: turns.flatMap(({ wrong }) => wrong),
    wrongCount: sum(({ wrongCount }) => wrongCount),
    server,
    generator: mean((measured) => measured.generator),
    database: mean((measured) => measured.database),
    microseconds: (server * passed * 1e6) / Math.max(1, count),
  };
}

async function refreshAll(server: Started, home: Home, sessions: Signed[]): Promise<void> {
  const name = `refreshSession, ${home.algorithm}, 32 connections`;
  const connections = 32;
  // Each run goes on with the tokens that the one before has left, so each begins with fresh
  // sessions.
  const load = async () => {
    const fresh = await signInAll(sessions.slice(0, connections));
    const requests = fresh.map(({ refreshToken }) =>
      post({ query: refreshText, variables: { input: { refreshToken } } }),
    );
    return {
      port: latchkeyPort,
      connections,
      requests,
      expected: ['"__typename":"AuthTokens"'],
      chained: true,
    };
  };
  // A refresh runs far more code than `me` does, far less often: V8 still compiles after thousands
  // of them.
  await generator.run({ ...(await load()), seconds: 5 * warmUpSeconds });
  note(name, await measure(server, { ...(await load()), seconds }));
}

/** Accounts that were registered and verified with the mailed code, by eight clients. */
async function registrationsPerSecond(length: number): Promise<number> {
  const url = `http://127.0.0.1:${latchkeyPort}`;
  const begun = performance.now();
  let count = 0;
  const keepRegistering = async (): Promise<void> => {
    while (performance.now() - begun < length * 1000) {
      await registerAccount(url, { email: `${randomBytes(8).toString('hex')}@example.com`, smtp });
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: 8 }, keepRegistering));
  return (count * 1000) / (performance.now() - begun);
}

try {
  // ---- tokens ----
  {
    const server = await startLatchkey(main);
    signed = await signInAll(main.accounts);
    await server.stop();
  }
  floorTokens = await Promise.all(
    signed.map(({ id }) =>
      new SignJWT({})
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(id)
        .setIssuedAt()
        .setExpirationTime('2h')
        .sign(floorSecret),
    ),
  );

  const readyAfter: number[] = [];
  // Beside `me`, and beside refreshes.
  const floorCounts = [
    ...new Set([...(isChosen('me') ? manyClients : []), ...(isChosen('refresh') ? [16] : [])]),
  ];
  for (let round = 1; round <= rounds; round += 1) {
    out(`round ${round}`);
    const floor = isChosen('me') || isChosen('refresh') ? await startFloor(main) : null;
    if (floor) await measureMe(floor, 'floor', floorCounts);
    const server = await startLatchkey(main);
    readyAfter.push(server.readyAfter);
    out(
      `  ready after ${server.readyAfter.toFixed(0)} ms, ${memory(server.pid).now.toFixed(0)} MB idle`,
    );
    if (floor && isChosen('me') && clientCounts.includes(1))
      await measureInTurns({ floor, latchkey: server });
    await floor?.stop();
    if (isChosen('me')) {
      await measureMe(server, 'latchkey');
      memoryAfter.push(memory(server.pid).now);
      out(
        `  ${memory(server.pid).now.toFixed(0)} MB after me, ${memory(server.pid).most.toFixed(0)} MB at most`,
      );
    }
    if (isChosen('entities')) {
      const ids = signed.slice(0, 100).map(({ id }) => ({ __typename: 'User', id }));
      const body = post(
        { query: entitiesText, variables: { representations: ids } },
        { 'x-gateway-token': gatewayToken },
      );
      const expected = [`{"id":"${ids[99]?.id}"`];
      note(
        '_entities of 100, 16 connections',
        await measure(server, {
          port: latchkeyPort,
          connections: 16,
          seconds,
          warmUpSeconds,
          requests: [body],
          expected,
        }),
      );
    }
    if (isChosen('entities')) out(`  ${memory(server.pid).now.toFixed(0)} MB after _entities`);
    if (isChosen('refresh')) await refreshAll(server, main, signed);
    await server.stop();
    if (other) {
      const second = await startLatchkey(other);
      if (signedOther.length === 0) signedOther = await signInAll(other.accounts.slice(0, 32));
      await refreshAll(second, other, signedOther);
      await second.stop();
    }
  }

  if (isChosen('start')) {
    for (let n = 0; n < 5; n += 1) {
      const server = await startLatchkey(main);
      readyAfter.push(server.readyAfter);
      await server.stop();
    }
  }

  const length = Math.max(10, seconds);
  const logins = {
    port: latchkeyPort,
    connections: 16,
    warmUpSeconds: 2,
    requests: signed.map(({ email }) =>
      post({ query: loginText, variables: { input: { email, password } } }),
    ),
    expected: ['"AuthTokens"'],
    shed: '"OVERLOADED"',
  };
  const meLoad = {
    port: latchkeyPort,
    connections: 16,
    rate: paceOfMe,
    seconds: length,
    warmUpSeconds,
    requests: signed.map(({ accessToken }) => askMe(accessToken)),
    expected: signed.map(({ id }) => `{"data":{"me":{"id":"${id}"`),
  };

  /** `me` at its pace, alone and then beside clients that sign in without pause. */
  const measureStorm = async (server: Started) => {
    const calm = await measure(server, meLoad);
    const storm = stormers.run({ ...logins, seconds: length + 4 });
    await sleep(2000);
    const stormy = await measure(server, { ...meLoad, warmUpSeconds: 0 });
    return { calm, stormy, signIns: await storm };
  };

  if (chosen.includes('width')) {
    for (const cores of [serverCore, bothCores]) {
      for (const width of ['1', '2', '3']) {
        const server = await startLatchkey(main, cores, { BCRYPT_CONCURRENCY: width });
        const { calm, stormy, signIns } = await measureStorm(server);
        const rate = signIns.count / signIns.seconds;
        const times = `p50 ${stormy.p50.toFixed(1)} (${calm.p50.toFixed(1)} without), p99 ${stormy.p99.toFixed(1)} (${calm.p99.toFixed(1)})`;
        out(`  cores ${cores}, ${width} at once: ${rate.toFixed(2)} sign-ins/s; me ${times} ms`);
        judge(`no wrong answer to a sign-in with ${width} at once`, signIns.wrongCount === 0);
        await server.stop();
      }
    }
  }

  // ---- what hashes: sign-ins, registrations, the storm. On two cores: with one, a hash and a request would take turns ----
  if (isChosen('storm') || isChosen('login') || isChosen('register')) {
    const server = await startLatchkey(main, bothCores);
    const hashRate = Number(
      outputOf([`${root}bench/scenarios/hash-rate.mjs`, String(bcryptCost), '8'], serverCore),
    );
    out(`bcrypt alone on the core that hashes have: ${hashRate.toFixed(2)}/s`);
    const judgeLogins = (
      what: string,
      { count, seconds: passed, p50, shed, wrongCount, wrong }: LoadResult,
    ): void => {
      const rate = count / passed;
      if (wrongCount > 0) failed += 1;
      out(
        `  ${what}: ${rate.toFixed(2)}/s, p50 ${p50.toFixed(0)} ms, ${shed} shed, ${wrongCount} wrong ${wrong[0] ?? ''}`,
      );
      judge(
        `${what}: ${(rate / hashRate).toFixed(2)} of bcrypt alone, at least 0.9`,
        rate >= 0.9 * hashRate,
      );
    };
    if (isChosen('login'))
      judgeLogins('sign-ins', await stormers.run({ ...logins, seconds: length }));
    if (isChosen('register')) {
      const rate = await registrationsPerSecond(length);
      out(
        `  register and verifyOtp, 8 clients: ${rate.toFixed(2)}/s, ${(rate / hashRate).toFixed(2)} of bcrypt alone`,
      );
    }
    if (isChosen('storm')) {
      const { calm, stormy, signIns } = await measureStorm(server);
      note(`me, ${paceOfMe}/s, 16 connections`, calm);
      note('the same while 16 clients sign in', stormy);
      judgeLogins('sign-ins beside it', signIns);
      judge(
        `p99 of me in the storm ${stormy.p99.toFixed(1)} ms, without ${calm.p99.toFixed(1)} ms: at most 20 ms more`,
        stormy.p99 <= calm.p99 + 20,
      );
    }
    await server.stop();
  }

  out();
  out('medians');
  for (const [name, all] of table) {
    const middle = [...all].sort((a, b) => a.perSecond - b.perSecond)[Math.floor(all.length / 2)];
    if (middle) out(row(name, middle));
  }
  out();
  if (isChosen('me')) {
    for (const connections of manyClients) {
      const [floor, ours] = ['floor', 'latchkey'].map((kind) =>
        medianOf(`me, ${connections} connections: ${kind}`, ({ perSecond }) => perSecond),
      );
      const ratio = (ours ?? 0) / (floor ?? 1);
      judge(
        `me at ${connections} connections: ${ratio.toFixed(2)} of the floor, at least 1`,
        ratio >= 1,
      );
    }
    if (ratiosAtOne.length > 0) {
      const ratio = percentile(ratiosAtOne, 0.5);
      const [low, high] = [0.25, 0.75].map((share) => percentile(ratiosAtOne, share).toFixed(2));
      const spread = `${ratiosAtOne.length} pairs of turns, half of them from ${low} to ${high}`;
      judge(
        `p50 of me at 1 connection: ${ratio.toFixed(2)} of the floor's (${spread}), at most 1.25`,
        ratio <= 1.25,
      );
    }
    const most = percentile(memoryAfter, 0.5);
    judge(`memory after me: ${most.toFixed(0)} MB, under 200`, most < 200);
  }
  if (isChosen('refresh')) {
    const ofRefresh = medianOf(
      'refreshSession, ES256, 32 connections',
      ({ microseconds }) => microseconds,
    );
    const ofFloor = medianOf(nameOfMe('floor', 16), ({ microseconds }) => microseconds);
    const rate = 1e6 / ofRefresh;
    const beside = `${(ofRefresh / ofFloor).toFixed(2)} of the processor time of the floor's answer at 16 connections`;
    judge(
      `refreshSession with ES256: ${rate.toFixed(0)} a second a core (${beside}), at least 1500`,
      rate >= 1500,
    );
  }
  const ready = percentile(readyAfter, 0.5);
  judge(`ready after ${ready.toFixed(0)} ms, under 1000`, ready < 1000);
} finally {
  for (const server of servers) await server.stop();
  await generator.stop();
  await stormers.stop();
  await smtp.close();
  await postgres.stop();
}
process.exitCode = failed === 0 ? 0 : 1;
