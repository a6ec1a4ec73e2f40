import { password } from '../shared/accounts.ts';
import { type AccountKind, type BenchServer, startBenchServer } from '../shared/bench-server.ts';
import { median } from '../shared/numbers.ts';
import { readOptions } from '../shared/options.ts';
import { judge, out } from '../shared/report.ts';

type Kind = AccountKind | 'unknown';
const kinds: readonly Kind[] = [
  'known',
  'unknown',
  'unverified',
  'suspended',
  'deleted',
  'passwordless',
  'imported',
];

const texts = {
  login: `mutation M($input: LoginInput!) {
    login(input: $input) { __typename ... on AuthError { code } } }`,
  register: `mutation M($input: RegisterInput!) {
    register(input: $input) { __typename ... on OtpChallenge { id } } }`,
  requestPasswordReset: `mutation M($input: RequestPasswordResetInput!) {
    requestPasswordReset(input: $input) { __typename } }`,
  requestLoginCode: `mutation M($input: RequestLoginCodeInput!) {
    requestLoginCode(input: $input) { __typename ... on OtpChallenge { id } } }`,
  resendOtp: `mutation M($input: ResendOtpInput!) {
    resendOtp(input: $input) { __typename ... on AuthError { code } } }`,
} as const;
type Operation = keyof typeof texts;

/** Of each kind: the mails of one account are sent before it is asked for again. */
const poolSize = 40;
const warmUpRounds = 5;

/** What one operation asks for, for an account of a kind; milliseconds. */
type Call = (bench: Bench, kind: Kind, round: number) => Promise<number>;
type Bench = {
  readonly server: BenchServer;
  /** Without a pause between requests, the mail of one takes time from the next, as noise. */
  readonly backToBack: boolean;
  pick(kind: Kind, round: number): string;
  freshAddress(kind: Kind): string;
};

const calls: Readonly<Record<Operation, Call>> = {
  login: async ({ server, pick }, kind, round) =>
    (await ask(server, 'login', { email: pick(kind, round), password: 'wrong wrong wrong' })).ms,
  register: async ({ server, pick, freshAddress }, kind, round) => {
    // An unknown address is no longer unknown the second time.
    const isNew = kind === 'unknown' || kind === 'deleted';
    const email = isNew ? freshAddress(kind) : pick(kind, round);
    return (await ask(server, 'register', { email, password })).ms;
  },
  requestPasswordReset: async ({ server, pick }, kind, round) =>
    (await ask(server, 'requestPasswordReset', { email: pick(kind, round) })).ms,
  requestLoginCode: async ({ server, pick }, kind, round) =>
    (await ask(server, 'requestLoginCode', { email: pick(kind, round) })).ms,
  resendOtp: async ({ server, backToBack, pick }, kind, round) => {
    const { id } = await ask(server, 'requestLoginCode', { email: pick(kind, round) });
    if (!backToBack) await server.settle();
    server.advance(31);
    return (await ask(server, 'resendOtp', { challengeId: id })).ms;
  },
};

/**
 * Whether answers take as long for one kind of account as for another. In each round every kind is
 * asked for once, in a newly shuffled order, so that other load falls on all of them alike.
 */
export async function run(args: readonly string[]): Promise<void> {
  const options = readOptions(args, {
    rounds: 200,
    cost: 10,
    /** The name of one operation. */
    only: '',
    'back-to-back': false,
  });
  const server = await startBenchServer({ bcryptCost: options.cost });
  const bench = await populate(server, options['back-to-back']);
  out(`medians of ${options.rounds} in ms, bcrypt cost ${options.cost}`);
  for (const [operation, call] of Object.entries(calls)) {
    if (options.only !== '' && options.only !== operation) continue;
    await measure(bench, { operation, call, rounds: options.rounds });
  }
  await server.stop();
}

async function populate(server: BenchServer, backToBack: boolean): Promise<Bench> {
  let serial = 0;
  // All of one length: what is compared is the account, not the text.
  const freshAddress = (kind: Kind): string => {
    serial += 1;
    return `${kind.padEnd(12, 'x')}-${String(serial).padStart(6, '0')}@example.com`;
  };
  const pools = new Map<Kind, string[]>(kinds.map((kind) => [kind, []]));
  for (let index = 0; index < poolSize; index += 1) {
    for (const kind of kinds) {
      const email = freshAddress(kind);
      if (kind !== 'unknown') await server.putAccount({ email, kind });
      pools.get(kind)?.push(email);
    }
  }
  const pick = (kind: Kind, round: number): string => pools.get(kind)?.[round % poolSize] ?? '';
  return { server, backToBack, pick, freshAddress };
}

async function measure(
  bench: Bench,
  { operation, call, rounds }: { operation: string; call: Call; rounds: number },
): Promise<void> {
  const { server } = bench;
  const samples = new Map<Kind, number[]>(kinds.map((kind) => [kind, []]));
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    for (const kind of shuffled(server, kinds)) {
      const ms = await call(bench, kind, round + warmUpRounds);
      if (round >= 0) samples.get(kind)?.push(ms);
      if (!bench.backToBack) await server.settle();
    }
  }
  const medians = kinds.map((kind) => median(samples.get(kind) ?? []));
  const ratio = Math.max(...medians) / Math.min(...medians);
  const cells = kinds.map((kind, index) => `${kind} ${medians[index]?.toFixed(2)}`).join('  ');
  judge(`${operation}: slowest ${ratio.toFixed(3)} of the quickest, at most 1.1`, ratio <= 1.1);
  out(`         ${cells}`);
}

async function ask(
  server: BenchServer,
  operation: Operation,
  input: Record<string, unknown>,
): Promise<{ ms: number; id: string | null }> {
  const body = JSON.stringify({ query: texts[operation], variables: { input } });
  const begun = performance.now();
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const text = await response.text();
  const ms = performance.now() - begun;
  const answer = JSON.parse(text).data?.[operation];
  const isRefused = operation !== 'login' && answer?.__typename === 'AuthError';
  if (!answer || isRefused) throw new Error(`${operation} answered ${text}`);
  return { ms, id: answer.id ?? null };
}

function shuffled<T>(server: BenchServer, items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: server.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
