import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientNetworks } from '../../http/hooks/client-address.ts';
import { noMetrics } from '../../observability/metrics.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { newVerifier, returnTo } from '../../testing/identities.ts';
import { newestCode, newestResetToken } from '../../testing/newest-mail.ts';
import { freshAddress, goodPassword, type Person, registerPerson } from '../../testing/people.ts';
import { lookInto } from '../../testing/raw-sql.ts';
import { type BudgetName, budgets } from './budgets.ts';
import { accountKey } from './reserve.ts';

const text = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8');
const section = text.slice(text.indexOf('### What strangers can shut'), text.indexOf('### Mail\n'));
const quoted = (words: string): string[] =>
  [...words.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '');
/** Each budget that strangers can use up, with the doors that stay open. */
const rows = [...section.matchAll(/^\| `([a-z:-]+)` \|.*\| ([^|]+) \|$/gm)].map(
  ([, budget, doors]) => ({ budget: budget as BudgetName, doors: quoted(doors ?? '') }),
);
const ofOthers = quoted(section.slice(section.indexOf('No stranger can use up')));

const own = '192.0.2.7';
const elsewhere = '198.18.9.1';
/** Three networks, none of them the owner's. */
const strangers = ['203.0.113.1', '198.51.100.1', '2001:db8:5:1::1'];
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
const wrong = 'not the password of anyone';

let server: TestServer;
/** Budgets that refused something since the last row of the table began. */
const refused = new Set<string>();

type Owner = Person & { readonly sender: { token: string; headers: Record<string, string> } };
type Attempt = (owner: Owner, sender: ReturnType<typeof from>) => Promise<unknown>;

const requestCode: Attempt = ({ email }, sender) =>
  server.mutate('requestLoginCode', { email }, sender);
const guessCode: Attempt = async ({ email }, sender) => {
  const { id } = await server.mutate('requestLoginCode', { email }, sender);
  // With a code of each kind, none of which the mailbox has.
  const code = '000000';
  return server.mutate('verifyOtp', { challengeId: id, code }, sender);
};
const guessPassword: Attempt = ({ email }, sender) =>
  server.mutate('login', { email, password: wrong }, sender);

const { codeVerifier, codeChallenge } = newVerifier();
const begin = { returnTo, codeChallenge };

/** What a stranger does to use up each budget. */
const attempts: Partial<Record<BudgetName, Attempt>> = {
  'login:account': guessPassword,
  'login:consecutive': guessPassword,
  'login:address': guessPassword,
  'login:failures': guessPassword,
  // Each at another account, which is what it counts.
  'login:accounts': (_owner, sender) =>
    server.mutate('login', { email: freshAddress(), password: wrong }, sender),
  'register:account': ({ email }, sender) =>
    server.mutate('register', { email, password: goodPassword }, sender),
  // At an address whose registration was never finished, which an owner's is not.
  'registration-mail:account': async ({ email }, sender) => {
    await server.mutate('register', { email: begun(email), password: goodPassword }, sender);
    return server.mutate('login', { email: begun(email), password: wrong }, sender);
  },
  'register:address': ({ email }, sender) =>
    server.mutate('register', { email, password: goodPassword }, sender),
  'login-code:account': requestCode,
  'login-code:address': requestCode,
  'resend:account': async (owner, sender) => {
    const { id } = await server.mutate('requestLoginCode', { email: owner.email }, sender);
    server.clock.advance(30);
    return server.mutate('resendOtp', { challengeId: id }, sender);
  },
  'resend:address': (_owner, sender) =>
    server.mutate('resendOtp', { challengeId: 'made up' }, sender),
  'otp:account': guessCode,
  'otp:consecutive': guessCode,
  'otp:failures': guessCode,
  'otp:address': (_owner, sender) =>
    server.mutate('verifyOtp', { challengeId: 'made up', code: '000000' }, sender),
  'passkey-login:address': (_owner, sender) => server.mutate('requestPasskeyLogin', {}, sender),
  'identity-start:address': (_owner, sender) =>
    server.mutate('startIdentityLogin', { providerId: 'none', ...begin }, sender),
  'identity-ticket:address': (_owner, sender) =>
    server.mutate('completeIdentityLogin', { ticket: 'made up', codeVerifier }, sender),
  'refresh:address': (_owner, sender) =>
    server.mutate('refreshSession', { refreshToken: 'made up' }, sender),
  'reset:address': ({ email }, sender) => server.mutate('requestPasswordReset', { email }, sender),
  'reset-mail:account': ({ email }, sender) =>
    server.mutate('requestPasswordReset', { email }, sender),
  'account-token:address': (_owner, sender) =>
    server.mutate('resetPassword', { token: 'made up', newPassword: goodPassword }, sender),
  'mail:recipient': requestCode,
  'mail:day': requestCode,
  // The last wrong password of a window, which shuts the door and tells the owner.
  'shut-notice:account': async (owner, sender) => {
    await lookInto(server, (sql) => sql`update rate_limits set count = 9, blocked_until = null`);
    return guessPassword(owner, sender);
  },
};

const begun = (email: string): string => `begun-${email}`;

const typename = async (answer: Promise<{ __typename: string }>): Promise<string> =>
  (await answer).__typename;

async function byCode(owner: Owner, sender: Parameters<TestServer['mutate']>[2]): Promise<string> {
  const challenge = await server.mutate('requestLoginCode', { email: owner.email }, sender);
  return typeCode(owner, { challenge, sender });
}

async function typeCode(
  owner: Owner,
  input: { challenge: { id?: string }; sender: Parameters<TestServer['mutate']>[2] },
): Promise<string> {
  const { challenge, sender } = input;
  if (!challenge.id) return JSON.stringify(challenge);
  const code = await newestCode(server, owner.email);
  return typename(server.mutate('verifyOtp', { challengeId: challenge.id, code }, sender));
}

async function spendLink(owner: Owner): Promise<string> {
  const token = await newestResetToken(server, owner.email);
  const newPassword = 'harbour violin copper monday';
  await server.mutate('resetPassword', { token, newPassword }, from(own));
  const input = { email: owner.email, password: newPassword };
  return typename(server.mutate('login', input, from(own)));
}

/** How the owner gets in, by the words of the table. */
const doors: Record<string, (owner: Owner, budget: BudgetName) => Promise<string>> = {
  password: ({ email, password }) =>
    typename(server.mutate('login', { email, password }, from(own))),
  'known device': async (owner) => {
    const { email, password, sender } = owner;
    const entered = await typename(server.mutate('login', { email, password }, sender));
    return entered === 'AuthTokens' ? byCode(owner, sender) : entered;
  },
  'mailed code': (owner) => byCode(owner, from(own)),
  'password and mailbox': async (owner) => {
    const { email, password } = owner;
    const challenge = await server.mutate('login', { email, password }, from(own));
    return typeCode(owner, { challenge, sender: from(own) });
  },
  'new password': async (owner) => {
    await server.mutate('requestPasswordReset', { email: owner.email }, from(own));
    return spendLink(owner);
  },
  'newest link': (owner) => spendLink(owner),
  'other network': async (owner, budget) => {
    const { email, password } = owner;
    if (budget === 'login:address')
      return typename(server.mutate('login', { email, password }, from(elsewhere)));
    if (budget !== 'reset:address') return byCode(owner, from(elsewhere));
    await server.mutate('requestPasswordReset', { email: owner.email }, from(elsewhere));
    return spendLink(owner);
  },
  session: ({ refreshToken }) =>
    typename(server.mutate('refreshSession', { refreshToken }, from(own))),
};

/** Everything that a budget may be counted by, of this owner and these networks. */
function keysOf(owner: Owner, budget: BudgetName, networks: readonly string[]): string[] {
  const { keys } = server.app;
  const mac = (words: string): Buffer => keys.mac('identifier', words).mac;
  const account = accountKey(server.app, owner.email).toString('hex');
  const unfinished = accountKey(server.app, begun(owner.email)).toString('hex');
  const sizes = networks.map(clientNetworks);
  const origins = sizes.map((all) => mac(`origin\n${all.at(-1)?.name}`).toString('hex'));
  const identifiers = [
    account,
    unfinished,
    owner.id,
    'all',
    `sign-in ${account}`,
    `sign-in-shut ${account}`,
    ...origins.map((origin) => `${account}\n${origin}`),
    ...sizes.flat().map(({ name }) => name),
  ];
  return identifiers.map((identifier) => mac(`${budget}\n${identifier}`).toString('hex'));
}

/**
 * Uses up a budget as a stranger: one try from each of three networks, or from the owner's own
 * where it is counted by address, then what many more would have made of its rows.
 */
async function useUp(owner: Owner, budget: BudgetName): Promise<void> {
  const attempt = attempts[budget];
  if (!attempt) throw new Error(`There is no attempt at ${budget}.`);
  const networks = budget.endsWith(':address') ? [own] : strangers;
  for (const address of networks) await attempt(owner, from(address));
  await server.allMail(owner.email);
  const keys = keysOf(owner, budget, networks);
  await lookInto(
    server,
    (sql) => sql`update rate_limits set count = 1000000, blocked_until = null
      where encode(key, 'hex') = any(${keys})`,
  );
  for (const address of networks) await attempt(owner, from(address));
  await server.allMail(owner.email);
  // A wait after the fifth wrong password in a window is over soon, and shuts nothing.
  server.clock.advance(60);
}

describe('what strangers can shut', () => {
  beforeAll(async () => {
    server = await startTestServer({
      metrics: { ...noMetrics, limited: (budget) => void refused.add(budget) },
      config: { rateLimitMultiplier: 1, trustedProxies: ['127.0.0.1'] },
    });
  });
  afterAll(() => server.stop());

  it('the table names every budget once', () => {
    const named = [...rows.map(({ budget }) => budget), ...ofOthers];
    expect(named.toSorted()).toEqual(Object.keys(budgets).toSorted());
    expect(Object.keys(attempts).toSorted()).toEqual(rows.map(({ budget }) => budget).toSorted());
    expect(rows.flatMap(({ doors: names }) => names).filter((name) => !doors[name])).toEqual([]);
  });

  it.each(rows)('$budget leaves the owner a way in', async ({ budget, doors: names }) => {
    await lookInto(server, (sql) => sql`delete from rate_limits`);
    const person = await registerPerson(server, { email: freshAddress() });
    const sender = { token: person.accessToken, ...from(own) };
    const owner: Owner = { ...person, sender };
    await lookInto(server, (sql) => sql`delete from rate_limits`);
    refused.clear();
    await useUp(owner, budget);
    // By default there is no limit of the whole server's mails.
    if (budget !== 'mail:day') expect([...refused]).toContain(budget);
    const opened: Record<string, string> = {};
    for (const name of names) opened[name] = (await doors[name]?.(owner, budget)) ?? 'no door';
    const open = Object.fromEntries(names.map((name) => [name, 'AuthTokens']));
    expect(opened).toEqual(open);
  });
});
