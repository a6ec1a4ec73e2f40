import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linkTokenIn, startTestServer, type TestServer } from '../../testing/app.ts';
import { newestCode, newestResetToken } from '../../testing/newest-mail.ts';
import { changeEmail, freshAddress, goodPassword, registerPerson } from '../../testing/people.ts';
import { countRows, lookInto } from '../../testing/raw-sql.ts';

const wrong = 'not the password of anyone';
const weak = 'passwordpassword';
const tries = 10;

let server: TestServer;
const start = async ({ bcryptCost = 4, addressLimit = 1 } = {}) => {
  server = await startTestServer({
    bcryptCost,
    config: {
      rateLimitMultiplier: 1,
      trustedProxies: ['127.0.0.1'],
      bcryptConcurrency: 1,
      rateLimits: { 'account-token:address': { limit: addressLimit, window: 900 } },
    },
  });
};
beforeEach(() => start());
afterEach(() => server.stop());

async function newestLink(email: string): Promise<string> {
  const tokens = (await server.allMail(email)).map(linkTokenIn);
  return tokens.find((token) => token !== null) ?? 'no link';
}

async function register() {
  const email = freshAddress();
  const { id } = await server.mutate('register', { email, password: goodPassword });
  return { email, challengeId: String(id), token: await newestLink(email) };
}

async function requestReset(email: string): Promise<string> {
  await server.mutate('requestPasswordReset', { email });
  return newestResetToken(server, email);
}

/** A link that gives an account back to an address which another account has by now. */
async function takenAddress(): Promise<string> {
  const person = await registerPerson(server);
  const token = await changeEmail(server, person, freshAddress());
  await registerPerson(server, { email: person.email });
  return token;
}

type Answered = {
  readonly __typename?: string;
  readonly code?: string;
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
};

const outcomeOf = ({ code, errors, __typename }: Answered): unknown =>
  code ?? errors?.[0]?.extensions.code ?? __typename;

/** The outcomes of calls one after another. */
async function inTurn(count: number, call: () => Promise<Answered>): Promise<unknown[]> {
  const outcomes: unknown[] = [];
  for (let n = 0; n < count; n += 1) outcomes.push(outcomeOf(await call()));
  return outcomes;
}
const times = (count: number, outcome: string) => new Array<string>(count).fill(outcome);
const refusedAfter = (outcome: string) => [...times(tries, outcome), ...times(3, 'RATE_LIMITED')];

const failures = async (): Promise<number> => {
  const [row] = await lookInto(
    server,
    (sql) => sql<{ rows: number }[]>`
      select count(*)::int as rows from audit_events where type = 'otp.failed'`,
  );
  return row?.rows ?? Number.NaN;
};

describe('X-2 RL-8 a valid link, where its address has no room', () => {
  beforeEach(async () => {
    const full = await inTurn(2, () => server.mutate('verifyLink', { token: 'made up' }));
    expect(full).toEqual(['INVALID_OR_EXPIRED_TOKEN', 'RATE_LIMITED']);
  });

  it('X-2 LG-1 has ten wrong passwords of a registration, and no row for more', async () => {
    const { token } = await register();
    const open = (password: string) => server.mutate('verifyLink', { token, password });
    expect(await inTurn(13, () => open(wrong))).toEqual(refusedAfter('INVALID_CREDENTIALS'));
    expect(await failures()).toBe(tries);
    const refused = await open(goodPassword);
    expect(refused.code).toBe('RATE_LIMITED');
    expect(refused.retryAfter).toBeGreaterThan(3000);
    // Another mail has another link.
    const other = await register();
    const input = { token: other.token, password: goodPassword };
    expect((await server.mutate('verifyLink', input)).__typename).toBe('AuthTokens');
  });

  it('X-2 RL-6 has no more of them for thirty at once', async () => {
    const { token } = await register();
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => server.mutate('verifyLink', { token, password: wrong })),
    );
    const compared = answers.filter(({ code }) => code === 'INVALID_CREDENTIALS');
    expect(compared.length).toBeLessThanOrEqual(tries);
    expect(compared.length).toBe(await failures());
  });

  it('X-2 has ten tries for an account that it no longer opens', async () => {
    const { email, id } = await registerPerson(server);
    await server.mutate('requestLoginCode', { email });
    const token = await newestLink(email);
    await lookInto(server, (sql) => sql`update users set suspended_at = now() where id = ${id}`);
    const outcomes = await inTurn(13, () => server.mutate('verifyLink', { token }));
    expect(outcomes).toEqual(refusedAfter('INVALID_OR_EXPIRED_TOKEN'));
    expect(await failures()).toBe(tries);
  });

  it('X-2 RL-3 a resend has tries of its own, and the code has them in any case', async () => {
    const { email, challengeId, token } = await register();
    await inTurn(11, () => server.mutate('verifyLink', { token, password: wrong }));
    server.clock.advance(31);
    await server.mutate('resendOtp', { challengeId });
    const input = { token: await newestLink(email), password: wrong };
    expect((await server.mutate('verifyLink', input)).code).toBe('INVALID_CREDENTIALS');
    const code = await newestCode(server, email);
    const tokens = await server.mutate('verifyOtp', { challengeId, code });
    expect(tokens.__typename).toBe('AuthTokens');
  });

  it('X-2 has ten weak passwords of a reset, and the next mail has as many', async () => {
    const { email } = await registerPerson(server);
    const token = await requestReset(email);
    const reset = (newPassword: string) => server.mutate('resetPassword', { token, newPassword });
    expect(await inTurn(13, () => reset(weak))).toEqual(refusedAfter('VALIDATION_FAILED'));
    expect((await reset(goodPassword)).code).toBe('RATE_LIMITED');
    const input = { token: await requestReset(email), newPassword: goodPassword };
    expect((await server.mutate('resetPassword', input)).__typename).toBe('AuthAccepted');
  });

  it('X-2 has ten tries to undo a change, in each hour', async () => {
    const token = await takenAddress();
    const undo = () => server.mutate('undoEmailChange', { token });
    expect(await inTurn(13, undo)).toEqual(refusedAfter('CONFLICT'));
    server.clock.advance(3600);
    expect((await undo()).code).toBe('CONFLICT');
  });

  it('X-2 AV-7 one that is made up leaves no row of its own', async () => {
    await lookInto(server, (sql) => sql`delete from rate_limits`);
    for (let n = 0; n < 6; n += 1) {
      const token = `made up ${n}`;
      await server.mutate('verifyLink', { token, password: wrong });
      await server.mutate('resetPassword', { token, newPassword: goodPassword });
      await server.mutate('undoEmailChange', { token });
    }
    // The address and its /24.
    expect(await countRows(server, 'rate_limits')).toBe(2);
  });
});

describe('X-2 RL-3 a link in a full queue of hashes', () => {
  const home = { 'x-forwarded-for': '192.0.2.7' };

  it('X-2 is a stranger’s, but for a device that the account knows', async () => {
    await server.stop();
    await start({ bcryptCost: 11, addressLimit: 60 });
    const owner = await registerPerson(server);
    const stranger = await registerPerson(server);
    const token = await requestReset(owner.email);
    const { token: link } = await register();
    // All that strangers of all networks may have, and each place taken again as it comes free.
    const place = { networks: [], isKnown: false };
    let isFlood = true;
    const flood = Promise.allSettled(
      Array.from({ length: 200 }, async () => {
        while (isFlood) await server.app.hasher.hash(goodPassword, place);
      }),
    );
    const reset = (accessToken?: string) => {
      const input = { token, newPassword: 'harbour violin copper monday' };
      return server.mutate('resetPassword', input, { token: accessToken, headers: home });
    };
    const verify = () => {
      const sender = { token: owner.accessToken, headers: home };
      return server.mutate('verifyLink', { token: link, password: goodPassword }, sender);
    };
    const shed = [reset(), reset(stranger.accessToken), ...Array.from({ length: tries }, verify)];
    const outcomes = (await Promise.all(shed)).map(outcomeOf);
    expect(outcomes).toEqual(times(tries + 2, 'OVERLOADED'));
    expect(outcomeOf(await reset(owner.accessToken))).toBe('AuthAccepted');
    isFlood = false;
    await flood;
    // What was shed has used up nothing of the link.
    expect(outcomeOf(await verify())).toBe('AuthTokens');
  });
});
