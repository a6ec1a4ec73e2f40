/**
 * The primary is killed under load and its synchronous standby promoted. Two instances of the
 * server, each with both hosts in its DATABASE_URL; clients that register, refresh and sign out,
 * and keep a ledger of every answer that they got. Ends with status 1 where anything that was
 * acknowledged is lost, or where the service is not back five seconds after the promotion.
 *
 *   npm run bench:failover [-- RUNS=3 [SECONDS_UNTIL_PROMOTION=2]]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { joinHosts } from '../../src/db/driver/host-urls.ts';
import { meQuery, mutate, send } from '../../src/testing/client.ts';
import { startEmbeddedPair } from '../../src/testing/embedded-postgres.ts';
import { startSmtpStandIn } from '../../src/testing/smtp-stand-in.ts';
import {
  type Account,
  commonEnvironment,
  password,
  registerAccount,
  startInstance,
} from '../shared/instances.ts';

const runs = Number(process.argv[2] ?? 3);
/** What somebody, or a failover manager, takes to notice. */
const noticedAfter = Number(process.argv[3] ?? 2) * 1000;
/** Milliseconds between two operations of a client. */
const pause = 50;
const clients = { register: 4, refresh: 8, logout: 4 };
/**
 * Milliseconds: load before the kill, load after the promotion, and in which the service has to be
 * back.
 */
const times = { before: 5000, after: 10_000, allowed: 5000 };

type Kind = keyof typeof clients;
const kinds: readonly Kind[] = ['register', 'refresh', 'logout'];
const out = (line: string): void => void process.stdout.write(`${line}\n`);

/** What was acknowledged. */
type Ledger = {
  readonly registered: Account[];
  /** By client: the newest token that it was given. */
  readonly refreshed: Map<number, { refreshToken: string; count: number }>;
  readonly loggedOut: Account[];
  /** When each success of each kind began and ended. */
  readonly successes: Record<Kind, { readonly begun: number; readonly ended: number }[]>;
  failures: number;
  readonly breaches: string[];
};

async function run(count: number): Promise<boolean> {
  const pair = await startEmbeddedPair({ isSynchronous: true });
  const smtp = await startSmtpStandIn({ startTls: false });
  const env = commonEnvironment({
    databaseUrl: joinHosts([pair.primary.url, pair.standby.url]),
    smtpPort: smtp.port,
  });
  const instances = [await startInstance(env), await startInstance(env)];
  const urlOf = (n: number): string => instances[n % instances.length]?.url ?? '';
  const ledger: Ledger = {
    registered: [],
    refreshed: new Map(),
    loggedOut: [],
    successes: { register: [], refresh: [], logout: [] },
    failures: 0,
    breaches: [],
  };
  let isOver = false;
  let made = 0;
  const newAccount = (url: string): Promise<Account> => {
    made += 1;
    return registerAccount(url, { email: `person-${count}-${made}@example.com`, smtp });
  };
  const steps: Record<Kind, (n: number, turn: number) => Promise<boolean>> = {
    register: async (n, turn) => {
      ledger.registered.push(await newAccount(urlOf(n + turn)));
      return true;
    },
    // A client whose answer is lost asks again with the token that it has, of whichever instance.
    refresh: async (n, turn) => {
      const held = ledger.refreshed.get(n);
      if (!held) return false;
      const answer = await mutate(urlOf(n + turn), 'refreshSession', {
        refreshToken: held.refreshToken,
      });
      if (answer.__typename === 'AuthTokens') {
        ledger.refreshed.set(n, { refreshToken: answer.refreshToken, count: held.count + 1 });
        return true;
      }
      if (answer.__typename === 'AuthError')
        ledger.breaches.push(`refresh by client ${n}: ${JSON.stringify(answer)}`);
      return false;
    },
    logout: async (n, turn) => {
      const known = starters[n % starters.length];
      if (!known) return false;
      const answer = await mutate(urlOf(n + turn), 'login', { email: known.email, password });
      if (answer.__typename !== 'AuthTokens') return false;
      const session = {
        ...known,
        accessToken: answer.accessToken,
        refreshToken: answer.refreshToken,
      };
      const left = await mutate(urlOf(n), 'logout', {}, { token: session.accessToken });
      if (left.accepted !== true) return false;
      ledger.loggedOut.push(session);
      return true;
    },
  };
  const drive = async (kind: Kind, n: number): Promise<void> => {
    for (let turn = 0; !isOver; turn += 1) {
      const begun = performance.now();
      const isDone = await steps[kind](n, turn).catch(() => false);
      if (isDone) ledger.successes[kind].push({ begun, ended: performance.now() });
      else ledger.failures += 1;
      await sleep(isDone ? pause : 2 * pause);
    }
  };

  const starters = await Promise.all(
    Array.from({ length: clients.refresh }, (_, n) => newAccount(urlOf(n))),
  );
  for (const [n, { refreshToken }] of starters.entries())
    ledger.refreshed.set(n, { refreshToken, count: 0 });
  const load = Promise.all(
    kinds.flatMap((kind) => Array.from({ length: clients[kind] }, (_, n) => drive(kind, n))),
  );

  await sleep(times.before);
  const killedAt = performance.now();
  pair.primary.kill();
  await sleep(noticedAfter);
  const before = { ...counts(ledger), failures: ledger.failures };
  const begun = performance.now();
  await pair.standby.promote();
  const promotedAt = performance.now();
  await sleep(times.after);
  isOver = true;
  await load;

  out(
    `run ${count}: acknowledged before the kill ${said(before)}, in all ${said(counts(ledger))}; unanswered or refused ${ledger.failures}`,
  );
  out(
    `  the promotion took ${(promotedAt - begun).toFixed(0)} ms, ${noticedAfter} ms after the kill; first success after it: ${kinds
      .map((kind) => `${kind} ${backAfter(ledger, { kind, killedAt, promotedAt })} ms`)
      .join(', ')}`,
  );
  for (const kind of kinds) {
    const back = backAfter(ledger, { kind, killedAt, promotedAt });
    if (!(back < times.allowed)) ledger.breaches.push(`${kind} was not back in time: ${back} ms`);
  }
  await check(ledger, urlOf);
  out(`  breaches: ${ledger.breaches.length}`);
  for (const breach of ledger.breaches.slice(0, 10)) out(`    ${breach}`);
  for (const instance of instances) await instance.stop();
  await smtp.close();
  await pair.standby.stop();
  await pair.primary.stop();
  return ledger.breaches.length === 0;
}

const counts = ({ successes }: Ledger): Record<Kind, number> => ({
  register: successes.register.length,
  refresh: successes.refresh.length,
  logout: successes.logout.length,
});
const said = (of: Record<Kind, number>): string =>
  kinds.map((kind) => `${kind} ${of[kind]}`).join(', ');

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
async function check(ledger: Ledger, urlOf: (n: number) => string): Promise<void> {
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

for (let count = 1; count <= runs; count += 1) {
  if (!(await run(count))) process.exitCode = 1;
}
