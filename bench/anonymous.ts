/**
 * Anonymous requests of every kind, from many addresses and over many days, with the limits of production: what of memory and rows stays.
 * The server's clock goes on a day after each round, and what is over is purged.
 *
 *   npm run bench:anonymous [-- REQUESTS=100000 [DAYS=20]]
 */
import { meQuery, mutationText } from '../src/testing/client.ts';
import { serveApart } from './serve-apart.ts';

const total = Number(process.argv[2] ?? 100_000);
const days = Number(process.argv[3] ?? 20);
const atOnce = 16;
const clientAddresses = 64;
const out = (line: string): void => void process.stdout.write(`${line}\n`);

const server = await serveApart({ bcryptCost: 4, config: { rateLimitMultiplier: 1, trustedProxies: ['127.0.0.1'] } });
await server.putAccounts(['known@example.com'], 'otter lantern gravel sunday');

type Sent = {
  readonly path?: string;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
};
const graphql = (query: string, variables: unknown = {}): Sent => ({ body: JSON.stringify({ query, variables }) });
const call = (name: Parameters<typeof mutationText>[0], input: Record<string, unknown>): Sent =>
  graphql(mutationText(name), { input });
let challengeId = 'x'.repeat(32);

/** One of each kind; `n` makes it one that was not there before. */
const kinds: readonly ((n: number) => Sent)[] = [
  (n) => call('register', { email: `made-up-${n}@example.com`, password: 'otter lantern gravel sunday' }),
  (n) => call('login', { email: `made-up-${n}@example.com`, password: 'wrong words' }),
  () => call('login', { email: 'known@example.com', password: 'wrong words' }),
  (n) => call('requestLoginCode', { email: `made-up-${n}@example.com` }),
  () => call('requestLoginCode', { email: 'known@example.com' }),
  (n) => call('verifyOtp', { challengeId: n % 2 === 0 ? challengeId : `made-up-${n}`, code: '000000' }),
  () => call('resendOtp', { challengeId }),
  (n) => call('refreshSession', { refreshToken: `made-up-${n}` }),
  (n) => call('logout', { refreshToken: `made-up-${n}` }),
  (n) => call('requestPasswordReset', { email: `made-up-${n}@example.com` }),
  () => call('requestPasswordReset', { email: 'known@example.com' }),
  (n) => call('resetPassword', { token: `made-up-${n}`, newPassword: 'otter lantern gravel sunday' }),
  (n) => call('undoEmailChange', { token: `made-up-${n}` }),
  () => graphql(meQuery),
  (n) => graphql(`{ a${n}: me { id } }`),
  (n) => graphql(`{ me { nothing${n} } }`),
  (n) => ({ ...graphql(meQuery), headers: { authorization: `Bearer ${n}.${n}.${n}` } }),
  (n) => ({ path: `/nowhere/${n}`, method: 'GET' }),
  () => ({ path: '/.well-known/jwks.json', method: 'GET' }),
  (n) => ({ path: '/verify', method: 'GET', headers: { authorization: `Bearer made-up-${n}` } }),
  (n) => ({
    path: `/graphql?query=%7Bme%7Bid%7D%7D&n=${n}`,
    method: 'GET',
    headers: { 'apollo-require-preflight': '1' },
  }),
  (n) => ({
    path: '/oauth/introspect',
    body: `token=${n}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  }),
  (n) => ({ body: `{"query":${n}` }),
  (n) => ({ body: JSON.stringify({ query: '{ me { id } }', variables: { n: 'x'.repeat(60_000) }, n }) }),
];

const statuses = new Map<number, number>();
async function send(n: number): Promise<void> {
  const kind = kinds[n % kinds.length];
  if (!kind) return;
  const { path = '/graphql', method = 'POST', body, headers } = kind(n);
  const response = await fetch(`${server.url}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
    headers: {
      'content-type': 'application/json',
      'x-forwarded-for': `198.51.100.${(n * 7) % clientAddresses}`,
      ...headers,
    },
  });
  const text = await response.text();
  challengeId = /"OtpChallenge","id":"([^"]+)"/.exec(text)?.[1] ?? challengeId;
  statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
}

let sent = 0;
const MB = 1024 * 1024;
out('day  requests  heap MB  rss MB  rows');
for (let day = 1; day <= days; day += 1) {
  const until = Math.round((total * day) / days);
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (sent < until) {
        sent += 1;
        await send(sent);
      }
    }),
  );
  await server.nextDay();
  const { heapUsed, rss } = await server.memory();
  const rows = Object.entries(await server.rows()).filter(([, count]) => count > 0);
  const counts = rows.map(([table, count]) => `${table} ${count}`).join(', ');
  out(
    `${String(day).padStart(3)}  ${String(sent).padStart(8)}  ${(heapUsed / MB).toFixed(1).padStart(7)}  ${(rss / MB).toFixed(0).padStart(6)}  ${counts}`,
  );
}
out(
  `answers: ${[...statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ')}`,
);
await server.stop();
