import { parseArgs } from 'node:util';
import { type BenchServer, startBenchServer } from '../shared/bench-server.ts';

// Whether answers take as long for one kind of account as for another (RC-1, EN-2, EN-3, PW-16):
// npx tsx bench/timing.ts [--rounds 200] [--cost 10] [--only OPERATION] [--back-to-back] A server
// on an embedded PostgreSQL, over HTTP. In each round every class is asked once, in an order that
// is shuffled anew, so that whatever else the machine does meets all of them alike. Exit status 1
// where the medians of two classes are a tenth apart.
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    cost: { type: 'string', default: '10' },
    only: { type: 'string' },
    /**
     * Without a pause the mail of one request takes time from the next: as noise, since the order
     * is random.
     */
    'back-to-back': { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const bcryptCost = Number(values.cost);
const backToBack = values['back-to-back'];

const password = 'otter lantern gravel sunday';
type Class = 'known' | 'unknown' | 'unverified' | 'suspended' | 'deleted' | 'passwordless';
const classes: readonly Class[] = [
  'known',
  'unknown',
  'unverified',
  'suspended',
  'deleted',
  'passwordless',
];

const texts = {
  login:
    'mutation M($input: LoginInput!) { login(input: $input) { __typename ... on AuthError { code } } }',
  register:
    'mutation M($input: RegisterInput!) { register(input: $input) { __typename ... on OtpChallenge { id } } }',
  requestPasswordReset:
    'mutation M($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { __typename } }',
  requestLoginCode:
    'mutation M($input: RequestLoginCodeInput!) { requestLoginCode(input: $input) { __typename ... on OtpChallenge { id } } }',
  resendOtp:
    'mutation M($input: ResendOtpInput!) { resendOtp(input: $input) { __typename ... on AuthError { code } } }',
} as const;
type Operation = keyof typeof texts;

const server: BenchServer = await startBenchServer({ bcryptCost });

async function ask(
  operation: Operation,
  input: Record<string, unknown>,
): Promise<{ ms: number; id: string | null }> {
  const body = JSON.stringify({ query: texts[operation], variables: { input } });
  const begin = performance.now();
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const text = await response.text();
  const ms = performance.now() - begin;
  const answer = JSON.parse(text).data?.[operation];
  if (answer === undefined || answer === null) throw new Error(`${operation} answered ${text}`);
  if (operation !== 'login' && answer.__typename === 'AuthError')
    throw new Error(`${operation} answered ${text}`);
  return { ms, id: answer.id ?? null };
}

let serial = 0;
/** Addresses of one length: what is compared is the account, not the text. */
const address = (of: Class): string => {
  serial += 1;
  return `${of.padEnd(12, 'x')}-${String(serial).padStart(6, '0')}@example.com`;
};

/** Many of each class: mails of one are out before it is asked again. */
const pools = new Map<Class, string[]>();
for (const of of classes) pools.set(of, []);
const poolSize = 40;
for (let index = 0; index < poolSize; index += 1) {
  for (const of of classes) {
    const email = address(of);
    if (of !== 'unknown') await server.putAccount({ email, kind: of, password });
    pools.get(of)?.push(email);
  }
}

const pick = (of: Class, round: number): string => pools.get(of)?.[round % poolSize] ?? '';
const shuffled = <T>(items: readonly T[]): T[] =>
  items
    .map((item) => ({ item, at: server.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
};

async function measure(
  operation: Operation,
  call: (of: Class, round: number) => Promise<number>,
): Promise<void> {
  if (values.only !== undefined && values.only !== operation) return;
  const samples = new Map<Class, number[]>(classes.map((of) => [of, []]));
  for (let round = -5; round < rounds; round += 1) {
    for (const of of shuffled(classes)) {
      const ms = await call(of, round + 5);
      if (round >= 0) samples.get(of)?.push(ms);
      if (!backToBack) await server.settle();
    }
  }
  const medians = classes.map((of) => median(samples.get(of) ?? []));
  const ratio = Math.max(...medians) / Math.min(...medians);
  const cells = classes.map((of, index) => `${of} ${medians[index]?.toFixed(2)}`).join('  ');
  process.stdout.write(
    `${operation.padEnd(21)} ${cells}  max/min ${ratio.toFixed(3)}${ratio > 1.1 ? '  OVER 10 %' : ''}\n`,
  );
  if (ratio > 1.1) process.exitCode = 1;
}

process.stdout.write(`medians of ${rounds} in ms, bcrypt cost ${bcryptCost}\n`);
await measure(
  'login',
  async (of, round) =>
    (await ask('login', { email: pick(of, round), password: 'wrong wrong wrong' })).ms,
);
await measure('register', async (of, round) => {
  // Who is unknown once is not the second time.
  const email = of === 'unknown' || of === 'deleted' ? address(of) : pick(of, round);
  return (await ask('register', { email, password })).ms;
});
await measure(
  'requestPasswordReset',
  async (of, round) => (await ask('requestPasswordReset', { email: pick(of, round) })).ms,
);
await measure(
  'requestLoginCode',
  async (of, round) => (await ask('requestLoginCode', { email: pick(of, round) })).ms,
);
await measure('resendOtp', async (of, round) => {
  const { id } = await ask('requestLoginCode', { email: pick(of, round) });
  if (!backToBack) await server.settle();
  server.advance(31);
  return (await ask('resendOtp', { challengeId: id })).ms;
});
await server.stop();
