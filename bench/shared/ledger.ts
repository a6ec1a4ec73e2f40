import { setTimeout as sleep } from 'node:timers/promises';
import { type MutationName, meQuery, mutationText } from '../../src/testing/client.ts';
import type { SmtpStandIn } from '../../src/testing/smtp-stand-in.ts';

/** What a person does, in this order, before another account is made. */
export const kinds = [
  'register',
  'verify',
  'me',
  'refresh',
  'changePassword',
  'signOut',
  'signIn',
] as const;
export type Kind = (typeof kinds)[number];

/** One request, by `performance.now()`. */
export type Operation = {
  readonly person: number;
  readonly kind: Kind;
  readonly sentAt: number;
  readonly endedAt: number;
  /**
   * `acknowledged`: done, and the caller was told. `unanswered`: it may be done or not, since the
   * connection broke or the server was not able to serve. `refused`: an answer that was no fault.
   */
  readonly outcome: 'acknowledged' | 'unanswered' | 'refused';
};

/** An account, as far as answers tell. */
export type Account = {
  readonly email: string;
  id: string | null;
  isVerified: boolean;
  /** The password is one of these: two where a change had no answer. */
  passwords: string[];
  /** The newest tokens; null while signed out, or where that had no answer. */
  session: { accessToken: string; refreshToken: string } | null;
  /** Tokens of sessions whose end was acknowledged. */
  readonly ended: { accessToken: string; refreshToken: string }[];
};

export type Ledger = {
  readonly operations: Operation[];
  readonly accounts: Account[];
  /** What must not happen: a refusal without a cause, a code that does not come. */
  readonly breaches: string[];
};

export type LedgerOptions = {
  /** Servers; a request that is not answered is repeated at the next one. */
  readonly urls: readonly string[];
  readonly people: number;
  readonly smtp: SmtpStandIn;
  /** Milliseconds between two operations of a person; 100 unless given. */
  readonly pause?: number;
  /** Distinguishes the addresses of several runs on one database. */
  readonly name?: string;
};

/** Milliseconds for which a client waits for an answer, and for a code to arrive. */
const patience = { answer: 20_000, code: 90_000 };

/**
 * People who register, verify, read, refresh, change their password, sign out and in again, all at
 * the same time, with every answer written down. The ledger grows while it runs.
 */
export function startLedger(options: LedgerOptions): { ledger: Ledger; stop(): Promise<void> } {
  const ledger: Ledger = { operations: [], accounts: [], breaches: [] };
  const state = { isOver: false };
  const lives = Array.from({ length: options.people }, (_, number) =>
    live({ ledger, number, options, state, turn: number, made: 0 }),
  );
  return {
    ledger,
    stop: async () => {
      state.isOver = true;
      await Promise.all(lives);
    },
  };
}

type Person = {
  readonly ledger: Ledger;
  readonly number: number;
  readonly options: LedgerOptions;
  readonly state: { isOver: boolean };
  turn: number;
  made: number;
};

async function live(person: Person): Promise<void> {
  // Not all at the same step.
  await sleep((person.number * (person.options.pause ?? 100)) / 4);
  while (!person.state.isOver) {
    const account = await join(person);
    if (account === null) continue;
    await act(person, () => readMe(person, account));
    await act(person, () => refresh(person, account));
    await act(person, () => changePassword(person, account));
    await act(person, () => refresh(person, account));
    await act(person, () => signOut(person, account));
    await act(person, () => signIn(person, account));
    await act(person, () => refresh(person, account));
  }
}

async function act(person: Person, step: () => Promise<void>): Promise<void> {
  if (person.state.isOver) return;
  await step();
  await sleep(person.options.pause ?? 100);
}

/** A new account that is verified and signed in; null where an answer was lost on the way. */
async function join(person: Person): Promise<Account | null> {
  const { ledger, number, options } = person;
  person.made += 1;
  const account: Account = {
    email: `${options.name ?? 'ledger'}-${number}-${person.made}@example.com`,
    id: null,
    isVerified: false,
    passwords: [passwordOf(person)],
    session: null,
    ended: [],
  };
  const { email } = account;
  const [password] = account.passwords;
  const begun = await ask(person, 'register', { input: { email, password } });
  if (begun.outcome !== 'acknowledged') {
    if (begun.outcome === 'refused') breach(person, `${email} may not register`, begun);
    await sleep(options.pause ?? 100);
    return null;
  }
  const code = await waitForCode(person, email);
  if (code === null) {
    if (!person.state.isOver) ledger.breaches.push(`no code came to ${email}`);
    return null;
  }
  ledger.accounts.push(account);
  const challengeId = begun.answer['id'];
  const isAnswered = await repeat(person, 'verify', { input: { challengeId, code } }, (reply) =>
    adopt(account, reply),
  );
  account.isVerified = isAnswered;
  // The code may have been taken although the answer was lost: a sign-in tells.
  if (!isAnswered) await signIn(person, account);
  return account;
}

function passwordOf(person: Person): string {
  return `otter lantern gravel ${person.number} sunday ${person.made} ${person.turn}`;
}

function adopt(account: Account, { answer }: Reply): void {
  account.isVerified = true;
  account.id = String(answer['user']?.['id']);
  account.session = {
    accessToken: String(answer['accessToken']),
    refreshToken: String(answer['refreshToken']),
  };
}

async function readMe(person: Person, account: Account): Promise<void> {
  const { session } = account;
  if (!session) return;
  await repeat(person, 'me', {}, undefined, { token: session.accessToken, account });
}

async function refresh(person: Person, account: Account): Promise<void> {
  const { session } = account;
  if (!session) return;
  const input = { refreshToken: session.refreshToken };
  await repeat(person, 'refresh', { input }, (reply) => adopt(account, reply), { account });
}

async function changePassword(person: Person, account: Account): Promise<void> {
  const { session } = account;
  const [currentPassword = ''] = account.passwords;
  if (!session) return;
  person.turn += 1;
  const newPassword = passwordOf(person);
  const reply = await ask(
    person,
    'changePassword',
    { input: { currentPassword, newPassword } },
    session.accessToken,
  );
  if (reply.outcome === 'acknowledged') account.passwords = [newPassword];
  if (reply.outcome === 'unanswered') account.passwords = [newPassword, currentPassword];
  if (reply.outcome === 'refused')
    breach(person, `${account.email} may not change the password`, reply);
}

async function signOut(person: Person, account: Account): Promise<void> {
  const { session } = account;
  if (!session) return;
  const reply = await ask(person, 'signOut', { input: {} }, session.accessToken);
  if (reply.outcome === 'acknowledged') account.ended.push(session);
  if (reply.outcome === 'refused') breach(person, `${account.email} may not sign out`, reply);
  account.session = null;
}

/** With each password that it may be; one of them has to be right. */
async function signIn(person: Person, account: Account): Promise<void> {
  while (!person.state.isOver) {
    let refusal: Reply | null = null;
    for (const password of account.passwords) {
      const reply = await ask(person, 'signIn', { input: { email: account.email, password } });
      if (reply.outcome === 'acknowledged') {
        account.passwords = [password];
        return adopt(account, reply);
      }
      if (reply.outcome === 'unanswered') {
        refusal = null;
        break;
      }
      refusal = reply;
    }
    if (refusal !== null) {
      // Never acknowledged, so it need not be there.
      if (account.isVerified) breach(person, `${account.email} cannot sign in`, refusal);
      return;
    }
    await sleep(person.options.pause ?? 100);
  }
}

/** Until it is answered, with the same input, as a client does. */
async function repeat(
  person: Person,
  kind: Kind,
  variables: object,
  done: (reply: Reply) => void = () => {},
  session: { readonly token?: string; readonly account?: Account } = {},
): Promise<boolean> {
  for (let tries = 0; !person.state.isOver; tries += 1) {
    const reply = await ask(person, kind, variables, session.token);
    if (reply.outcome === 'acknowledged') {
      done(reply);
      return true;
    }
    if (reply.outcome === 'refused') {
      if (kind === 'verify' && tries > 0) return false;
      breach(person, `${session.account?.email ?? kind} is refused (${kind})`, reply);
      if (session.account) session.account.session = null;
      return false;
    }
    await sleep(person.options.pause ?? 100);
  }
  return false;
}

export type Reply = {
  readonly outcome: Operation['outcome'];
  // biome-ignore lint/suspicious/noExplicitAny: an answer is read by path; a wrong path fails.
  readonly answer: any;
  /** Nothing listens there: the request was not sent. */
  readonly isUnreached?: boolean;
};

const mutations: Readonly<Record<Exclude<Kind, 'me'>, MutationName>> = {
  register: 'register',
  verify: 'verifyOtp',
  refresh: 'refreshSession',
  changePassword: 'changePassword',
  signOut: 'logout',
  signIn: 'login',
};
const wanted: Readonly<Record<Kind, string>> = {
  register: 'OtpChallenge',
  verify: 'AuthTokens',
  me: 'User',
  refresh: 'AuthTokens',
  changePassword: 'AuthAccepted',
  signOut: 'AuthAccepted',
  signIn: 'AuthTokens',
};
/** Answers of a server that is not able to serve; the client asks again. */
const unable = new Set(['OVERLOADED', 'INTERNAL_SERVER_ERROR', 'SERVICE_UNAVAILABLE']);

async function ask(person: Person, kind: Kind, variables: object, token?: string): Promise<Reply> {
  const { ledger, number, options } = person;
  person.turn += 1;
  const sentAt = performance.now();
  const reply = await askAny(options.urls, { first: person.turn, kind, variables, token });
  const endedAt = performance.now();
  ledger.operations.push({ person: number, kind, sentAt, endedAt, outcome: reply.outcome });
  return reply;
}

/** At the next server where one takes no connection, as a balancer does it. */
async function askAny(
  urls: readonly string[],
  input: {
    readonly first: number;
    readonly kind: Kind;
    readonly variables: object;
    readonly token: string | undefined;
  },
): Promise<Reply> {
  const { first, kind, variables, token } = input;
  let reply: Reply = { outcome: 'unanswered', answer: {} };
  for (let step = 0; step < urls.length; step += 1) {
    const url = urls[(first + step) % urls.length] ?? '';
    reply = await askServer(url, kind, variables, token);
    if (!reply.isUnreached) break;
  }
  return reply;
}

/** One request, classified. */
export async function askServer(
  url: string,
  kind: Kind,
  variables: object,
  token?: string,
): Promise<Reply> {
  try {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json;q=0.9',
        'x-forwarded-proto': 'https',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({
        query: kind === 'me' ? meQuery : mutationText(mutations[kind]),
        variables,
      }),
      signal: AbortSignal.timeout(patience.answer),
    });
    // biome-ignore lint/suspicious/noExplicitAny: see Reply.
    const body: any = await response.json();
    const answer = body.data?.[kind === 'me' ? 'me' : mutations[kind]] ?? {};
    const code = body.errors?.[0]?.extensions?.code ?? answer.code;
    if (response.status >= 500 || unable.has(code)) return { outcome: 'unanswered', answer };
    const isDone = kind === 'me' ? answer.id !== undefined : answer.__typename === wanted[kind];
    return isDone
      ? { outcome: 'acknowledged', answer }
      : { outcome: 'refused', answer: body.errors?.[0] ?? answer };
  } catch (error) {
    const cause: unknown = error instanceof Error ? error.cause : null;
    const isUnreached = cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
    return { outcome: 'unanswered', answer: {}, isUnreached };
  }
}

function breach({ ledger }: Person, what: string, { answer }: Reply): void {
  ledger.breaches.push(`${what}: ${JSON.stringify(answer).slice(0, 300)}`);
}

async function waitForCode(person: Person, email: string): Promise<string | null> {
  const { smtp } = person.options;
  const until = performance.now() + patience.code;
  while (performance.now() < until && !person.state.isOver) {
    const mail = smtp.mails.findLast(({ to }) => to.includes(email));
    const code = mail && /^(\d{6})\r?$/m.exec(mail.raw)?.[1];
    if (code) return code;
    await sleep(25);
  }
  return null;
}
