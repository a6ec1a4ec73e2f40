import { setTimeout as sleep } from 'node:timers/promises';
import { joinHosts } from '../../src/db/driver/host-urls.ts';
import { meQuery, mutate, send } from '../../src/testing/client.ts';
import { startEmbeddedPair } from '../../src/testing/embedded-postgres.ts';
import { type SmtpStandIn, startSmtpStandIn } from '../../src/testing/smtp-stand-in.ts';
import { password } from '../shared/accounts.ts';
import {
  type Registered,
  registerAccount,
  serverEnvironment,
  startInstance,
} from '../shared/instances.ts';
import { readOptions } from '../shared/options.ts';
import { judge, out } from '../shared/report.ts';

/** Milliseconds between two operations of a client. */
const pause = 50;
const clients = { register: 4, refresh: 8, logout: 4 };
/** Milliseconds of load before the kill and after the promotion, and until the service is back. */
const times = { before: 5000, after: 10_000, allowed: 5000 };

type Kind = keyof typeof clients;
const kinds: readonly Kind[] = ['register', 'refresh', 'logout'];

/** What was acknowledged to clients. */
type Ledger = {
  readonly registered: Registered[];
  /** By client: the newest token that it was given. */
  readonly refreshed: Map<number, { refreshToken: string; count: number }>;
  readonly loggedOut: Registered[];
  /** When each success of each kind began and ended. */
  readonly successes: Record<Kind, { readonly begun: number; readonly ended: number }[]>;
  failures: number;
  readonly breaches: string[];
};

/** What clients ask, and of whom. */
type Traffic = {
  readonly ledger: Ledger;
  readonly urlOf: (n: number) => string;
  readonly newAccount: (url: string) => Promise<Registered>;
  /** Accounts that were there before the load began. */
  readonly starters: Registered[];
};

/**
 * The primary is killed under load and its synchronous standby promoted. Two instances of the
 * server have both hosts in their DATABASE_URL; clients register, refresh and sign out, and keep a
 * ledger of every answer. Nothing that was acknowledged may be lost.
 */
export async function run(args: readonly string[]): Promise<void> {
  const options = readOptions(args, { runs: 3, 'noticed-after': 2 });
  for (let count = 1; count <= options.runs; count += 1) {
    await killPrimary(count, options['noticed-after'] * 1000);
  }
}

async function killPrimary(count: number, noticedAfter: number): Promise<void> {
  const pair = await startEmbeddedPair({ isSynchronous: true });
  const smtp = await startSmtpStandIn({ startTls: false });
  const env = {
    ...serverEnvironment({
      databaseUrl: joinHosts([pair.primary.url, pair.standby.url]),
      smtpPort: smtp.port,
    }),
    MIGRATE_ON_START: 'true',
  };
  const instances = [await startInstance(env), await startInstance(env)];
  const traffic = createTraffic(instances, { count, smtp });
  const { ledger } = traffic;
  for (let n = 0; n < clients.refresh; n += 1) {
    const account = await traffic.newAccount(traffic.urlOf(n));
    traffic.starters.push(account);
    ledger.refreshed.set(n, { refreshToken: account.refreshToken, count: 0 });
  }
  const load = startLoad(traffic);
  await sleep(times.before);
  const killedAt = performance.now();
  pair.primary.kill();
  await sleep(noticedAfter);
  out(`run ${count}: acknowledged before the promotion ${counts(ledger)}`);
  const begun = performance.now();
  await pair.standby.promote();
  const promotedAt = performance.now();
  await sleep(times.after);
  await load.stop();
  out(`  the promotion took ${(promotedAt - begun).toFixed(0)} ms; acknowledged ${counts(ledger)}`);
  for (const kind of kinds) {
    const back = backAfter(ledger, { kind, killedAt, promotedAt });
    judge(`${kind} is back ${back} ms after the promotion, in 5 s`, back < times.allowed);
  }
  await check(traffic);
  for (const breach of ledger.breaches.slice(0, 10)) out(`    ${breach}`);
  judge(`${ledger.breaches.length} acknowledged operations are lost`, ledger.breaches.length === 0);
  for (const instance of instances) await instance.stop();
  await smtp.close();
  await pair.standby.stop();
  await pair.primary.stop();
}

function createTraffic(
  instances: readonly { readonly url: string }[],
  { count, smtp }: { count: number; smtp: SmtpStandIn },
): Traffic {
  let made = 0;
  return {
    ledger: {
      registered: [],
      refreshed: new Map(),
      loggedOut: [],
      successes: { register: [], refresh: [], logout: [] },
      failures: 0,
      breaches: [],
    },
    urlOf: (n) => instances[n % instances.length]?.url ?? '',
    newAccount: (url) => {
      made += 1;
      return registerAccount(url, { email: `person-${count}-${made}@example.com`, smtp });
    },
    starters: [],
  };
}

/** One operation of each kind of client; returns whether it succeeded. */
const steps: Readonly<
  Record<Kind, (traffic: Traffic, n: number, turn: number) => Promise<boolean>>
> = {
  register: async ({ ledger, newAccount, urlOf }, n, turn) => {
    ledger.registered.push(await newAccount(urlOf(n + turn)));
    return true;
  },
  // A client whose answer is lost asks again with the token that it has, whichever instance.
  refresh: async ({ ledger, urlOf }, n, turn) => {
    const held = ledger.refreshed.get(n);
    if (!held) return false;
    const { refreshToken } = held;
    const answer = await mutate(urlOf(n + turn), 'refreshSession', { refreshToken });
    if (answer.__typename === 'AuthTokens') {
      ledger.refreshed.set(n, { refreshToken: answer.refreshToken, count: held.count + 1 });
      return true;
    }
    if (answer.__typename === 'AuthError')
      ledger.breaches.push(`refresh by client ${n}: ${JSON.stringify(answer)}`);
    return false;
  },
  logout: async ({ ledger, starters, urlOf }, n, turn) => {
    const known = starters[n % starters.length];
    if (!known) return false;
    const answer = await mutate(urlOf(n + turn), 'login', { email: known.email, password });
    if (answer.__typename !== 'AuthTokens') return false;
    const { accessToken, refreshToken } = answer;
    const left = await mutate(urlOf(n), 'logout', {}, { token: accessToken });
    if (left.accepted !== true) return false;
    ledger.loggedOut.push({ ...known, accessToken, refreshToken });
    return true;
  },
};

function startLoad(traffic: Traffic): { stop(): Promise<void> } {
  const { ledger } = traffic;
  let isOver = false;
  const drive = async (kind: Kind, n: number): Promise<void> => {
    for (let turn = 0; !isOver; turn += 1) {
      const begun = performance.now();
      const isDone = await steps[kind](traffic, n, turn).catch(() => false);
      if (isDone) ledger.successes[kind].push({ begun, ended: performance.now() });
      else ledger.failures += 1;
      await sleep(isDone ? pause : 2 * pause);
    }
  };
  const load = kinds.flatMap((kind) =>
    Array.from({ length: clients[kind] }, (_, n) => drive(kind, n)),
  );
  return {
    stop: async () => {
      isOver = true;
      await Promise.all(load);
    },
  };
}

function counts({ successes, failures }: Ledger): string {
  const told = kinds.map((kind) => `${kind} ${successes[kind].length}`);
  return `${told.join(', ')}; unanswered or refused ${failures}`;
}

/** Milliseconds from the promotion to the first success of what was begun after the kill. */
function backAfter(
  ledger: Ledger,
  { kind, killedAt, promotedAt }: { kind: Kind; killedAt: number; promotedAt: number },
): number {
  const ended = ledger.successes[kind]
    .filter(({ begun }) => begun > killedAt)
    .map((success) => success.ended);
  return Math.round(Math.min(...ended) - promotedAt);
}

/** Everything that the clients were told still holds. */
async function check({ ledger, urlOf }: Traffic): Promise<void> {
  const { breaches } = ledger;
  for (const [n, account] of ledger.registered.entries()) {
    const answer = await mutate(urlOf(n), 'login', { email: account.email, password });
    if (answer.user?.id !== account.id)
      breaches.push(`${account.email} cannot sign in: ${JSON.stringify(answer)}`);
    const refreshed = await mutate(urlOf(n), 'refreshSession', {
      refreshToken: account.refreshToken,
    });
    if (refreshed.__typename !== 'AuthTokens')
      breaches.push(`${account.email} lost the first session`);
  }
  for (const [n, { refreshToken }] of ledger.refreshed) {
    const answer = await mutate(urlOf(n), 'refreshSession', { refreshToken });
    if (answer.__typename !== 'AuthTokens')
      breaches.push(`client ${n} lost its session: ${JSON.stringify(answer)}`);
  }
  for (const [n, { email, accessToken, refreshToken }] of ledger.loggedOut.entries()) {
    const me = await send(urlOf(n), meQuery, {}, { token: accessToken });
    const answer = await mutate(urlOf(n), 'refreshSession', { refreshToken });
    if (me.status !== 401 || answer.__typename !== 'AuthError')
      breaches.push(`a session of ${email} came back`);
  }
}
