import { isObjectType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { authSchema } from '../../graphql/schema.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { freshAddress, goodPassword, type Person, registerPerson } from '../../testing/people.ts';
import { proveSecondFactor, setRoles } from '../../testing/rows.ts';
import { type BudgetName, budgets } from './budgets.ts';

type Trial = {
  readonly server: TestServer;
  readonly person: Person;
  readonly n: number;
  /**
   * The same account for all attempts of a budget with different client addresses, or the reverse.
   */
  readonly email: string;
  readonly sender: { readonly headers: Readonly<Record<string, string>> };
};

/** One attempt at each budget whose exhaustion an answer shows. */
const tries: Partial<
  Record<BudgetName, (trial: Trial) => Promise<{ code?: string; retryAfter?: number }>>
> = {
  'login:account': ({ server, email, sender }) =>
    server.mutate('login', { email, password: 'wrong words' }, sender),
  'login:address': ({ server, email, sender }) =>
    server.mutate('login', { email, password: 'wrong words' }, sender),
  'login:device': ({ server, person, sender }) =>
    server.mutate(
      'login',
      { email: person.email, password: 'wrong words' },
      { ...sender, token: person.accessToken },
    ),
  'register:account': ({ server, email, sender }) =>
    server.mutate('register', { email, password: goodPassword }, sender),
  'register:address': ({ server, email, sender }) =>
    server.mutate('register', { email, password: goodPassword }, sender),
  'login-code:account': ({ server, email, sender }) =>
    server.mutate('requestLoginCode', { email }, sender),
  'login-code:address': ({ server, email, sender }) =>
    server.mutate('requestLoginCode', { email }, sender),
  'resend:account': async ({ server, email, sender }) => {
    const challenge = await server.mutate('requestLoginCode', { email }, sender);
    server.clock.advance(30);
    return server.mutate('resendOtp', { challengeId: challenge.id }, sender);
  },
  'resend:address': ({ server, n, sender }) =>
    server.mutate('resendOtp', { challengeId: `made up ${n}` }, sender),
  'otp:account': async ({ server, email, sender }) => {
    const challenge = await server.mutate('requestLoginCode', { email }, sender);
    return server.mutate('verifyOtp', { challengeId: challenge.id, code: '000000' }, sender);
  },
  'otp:address': ({ server, n, sender }) =>
    server.mutate('verifyOtp', { challengeId: `made up ${n}`, code: '000000' }, sender),
  'passkey-login:address': ({ server, sender }) => server.mutate('requestPasskeyLogin', {}, sender),
  'passkey-registration:user': ({ server, person, sender }) =>
    server.mutate('startPasskeyRegistration', {}, { ...sender, token: person.accessToken }),
  'user-search:admin': async ({ server, person, sender }) => {
    await setRoles(server, person.id, ['admin']);
    await proveSecondFactor(server, person.sessionId);
    const { errors } = await server.send(
      '{ users { totalCount } }',
      {},
      { ...sender, token: person.accessToken },
    );
    const [error] = errors;
    return error
      ? { code: error.extensions.code, retryAfter: Number(error.extensions['retryAfter']) }
      : {};
  },
  'reset:device': ({ server, person, sender }) =>
    server.mutate(
      'requestPasswordReset',
      { email: person.email },
      { ...sender, token: person.accessToken },
    ),
  'login-code:device': ({ server, person, sender }) =>
    server.mutate(
      'requestLoginCode',
      { email: person.email },
      { ...sender, token: person.accessToken },
    ),
  'refresh:address': ({ server, n, sender }) =>
    server.mutate('refreshSession', { refreshToken: `made up ${n}` }, sender),
};

describe('each budget', () => {
  const names = Object.keys(tries).filter((name): name is BudgetName =>
    Object.hasOwn(budgets, name),
  );

  it.each(names)(
    'RL-8 %s refuses an attempt beyond it with RATE_LIMITED and how long to wait',
    async (budget) => {
      const limit = 3;
      const server = await startTestServer({
        config: {
          trustedProxies: ['127.0.0.1'],
          rateLimits: { [budget]: { limit: limit / 1000, window: 3600 } },
        },
      });
      const person = await registerPerson(server);
      const byAddress = budget.endsWith(':address');
      const email = freshAddress();
      const attempt = async (n: number) => {
        const sender = {
          headers: { 'x-forwarded-for': byAddress ? '198.51.100.1' : `198.51.100.${n}` },
        };
        return tries[budget]?.({
          server,
          person,
          n,
          email: byAddress ? freshAddress() : email,
          sender,
        });
      };
      for (let n = 0; n < limit; n += 1) expect((await attempt(n))?.code).not.toBe('RATE_LIMITED');
      const last = await attempt(limit);
      expect(last?.code).toBe('RATE_LIMITED');
      expect(last?.retryAfter).toBeGreaterThan(3000);
      await server.stop();
    },
  );

  it('RL-8 every operation open to anonymous callers has one by address', async () => {
    const mutation = authSchema().getMutationType();
    const { publicFields } = await import('../../graphql/access.ts');
    const operations: Record<string, BudgetName> = {
      register: 'register:address',
      login: 'login:address',
      requestLoginCode: 'login-code:address',
      verifyOtp: 'otp:address',
      resendOtp: 'resend:address',
      refreshSession: 'refresh:address',
      requestPasswordReset: 'reset:address',
      resetPassword: 'account-token:address',
      undoEmailChange: 'account-token:address',
      verifyLink: 'account-token:address',
      requestPasskeyLogin: 'passkey-login:address',
      verifyPasskey: 'otp:address',
      startIdentityLogin: 'identity-start:address',
      requestIdTokenNonce: 'identity-start:address',
      completeIdentityLogin: 'identity-ticket:address',
      loginWithIdToken: 'identity-ticket:address',
    };
    if (!isObjectType(mutation)) throw new Error('There are no mutations.');
    const open = Object.keys(mutation.getFields()).filter((name) =>
      publicFields.has(`Mutation.${name}`),
    );
    // Costs one look-up by key and changes nothing for anyone but the holder of a token.
    const cheap = ['logout'];
    expect(open.filter((name) => !cheap.includes(name) && operations[name] === undefined)).toEqual(
      [],
    );
  });
});

describe('mails that anyone can trigger', () => {
  const deliveredTo = async (server: TestServer, email: string): Promise<number> =>
    (await server.allMail(email)).length;

  it('RL-9 stop for one mailbox, while every answer stays the same', async () => {
    const server = await startTestServer({
      config: { rateLimits: { 'mail:recipient': { limit: 0.003, window: 3600 } } },
    });
    const { email } = await registerPerson(server);
    const texts = new Set<string>();
    for (let n = 0; n < 20; n += 1) {
      const { id, ...answer } = await server.mutate('requestLoginCode', { email });
      expect(id).toMatch(/^[\w-]{32}$/);
      texts.add(JSON.stringify(answer));
    }
    expect(texts.size).toBe(1);
    // The registration's counts by itself.
    expect(await deliveredTo(server, email)).toBe(1 + 3);
    await server.stop();
  });

  it('X-5 RL-9 past a set daily limit are refused or wait, and hide no notice', async () => {
    const server = await startTestServer({
      config: { rateLimits: { 'mail:day': { limit: 0.004, window: 86_400 } } },
    });
    const person = await registerPerson(server);
    const addresses = Array.from({ length: 6 }, freshAddress);
    const codes: (string | undefined)[] = [];
    for (const email of addresses) {
      codes.push((await server.mutate('register', { email, password: goodPassword })).code);
      await deliveredTo(server, email);
    }
    const ours = undefined;
    const over = 'RATE_LIMITED';
    expect(codes).toEqual([ours, ours, ours, over, over, over]);
    // A taken address is refused alike, and the other purposes go on.
    const taken = { email: person.email, password: goodPassword };
    expect((await server.mutate('register', taken)).code).toBe(over);
    await server.mutate('requestLoginCode', { email: person.email });
    await server.mutate('requestPasswordReset', { email: person.email });
    expect(await deliveredTo(server, person.email)).toBe(3);

    const { refreshToken } = person;
    const next = await server.mutate('refreshSession', { refreshToken });
    await server.mutate('refreshSession', { refreshToken: next.refreshToken });
    server.clock.advance(60);
    await server.mutate('refreshSession', { refreshToken });
    expect(await deliveredTo(server, person.email)).toBe(4);
    server.clock.advance(86_400);
    expect((await server.mutate('register', taken)).code).toBeUndefined();
    expect(await deliveredTo(server, person.email)).toBe(5);
    await server.stop();
  });
});
