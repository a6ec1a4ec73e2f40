import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { newestCode } from '../../testing/newest-mail.ts';
import { newSigner } from '../../testing/passkeys.ts';
import { freshAddress, goodPassword, type Person, registerPerson } from '../../testing/people.ts';
import { countRows, lookInto } from '../../testing/raw-sql.ts';
import type { AddressBudgetName } from './budgets.ts';

const wrong = 'not the password of anyone';
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
const limit = 2;
const credential = newSigner().assert({ challenge: 'AAAA' });

let server: TestServer;
let owner: Person;

type Door = (sender: ReturnType<typeof from>) => Promise<{ code?: string }>;

/** One attempt at each operation that strangers may call, all at accounts of no one. */
const doors: Record<string, Door> = {
  login: (sender) => server.mutate('login', { email: freshAddress(), password: wrong }, sender),
  // Too common: the attempt is counted, and no time is spent on a hash.
  register: (sender) =>
    server.mutate('register', { email: freshAddress(), password: 'passwordpassword' }, sender),
  requestLoginCode: (sender) =>
    server.mutate('requestLoginCode', { email: freshAddress() }, sender),
  resendOtp: (sender) => server.mutate('resendOtp', { challengeId: 'made up' }, sender),
  verifyOtp: (sender) =>
    server.mutate('verifyOtp', { challengeId: 'made up', code: '000000' }, sender),
  requestPasswordReset: (sender) =>
    server.mutate('requestPasswordReset', { email: freshAddress() }, sender),
  resetPassword: (sender) =>
    server.mutate('resetPassword', { token: 'made up', newPassword: goodPassword }, sender),
  requestPasskeyLogin: (sender) => server.mutate('requestPasskeyLogin', {}, sender),
  verifyPasskey: (sender) =>
    server.mutate('verifyPasskey', { challengeId: 'made up', credential }, sender),
  verifyLink: (sender) => server.mutate('verifyLink', { token: 'made up' }, sender),
  undoEmailChange: (sender) => server.mutate('undoEmailChange', { token: 'made up' }, sender),
  refreshSession: (sender) => server.mutate('refreshSession', { refreshToken: 'made up' }, sender),
};

/** How many attempts a network of each size has, and an address of it for each attempt. */
const sizes = [
  { size: 'an IPv4 /32', places: limit, address: () => '203.0.113.7' },
  { size: 'an IPv4 /24', places: 4 * limit, address: (n: number) => `203.0.113.${n}` },
  { size: 'an IPv6 /64', places: limit, address: (n: number) => `2001:db8:1:1::${n + 1}` },
  {
    size: 'an IPv6 /56',
    places: 2 * limit,
    address: (n: number) => `2001:db8:1:1${n.toString(16).padStart(2, '0')}::1`,
  },
  {
    size: 'an IPv6 /48',
    places: 4 * limit,
    address: (n: number) => `2001:db8:1:${(n + 1).toString(16)}00::1`,
  },
];

const cases = Object.keys(doors).flatMap((door) => sizes.map((size) => ({ door, ...size })));

async function clear(): Promise<void> {
  await lookInto(server, (sql) => sql`delete from rate_limits`);
}

describe('X-2 RL-2 budgets by address', () => {
  beforeAll(async () => {
    const names: AddressBudgetName[] = [
      'login:address',
      'register:address',
      'login-code:address',
      'resend:address',
      'otp:address',
      'passkey-login:address',
      'reset:address',
      'account-token:address',
      'refresh:address',
    ];
    server = await startTestServer({
      config: {
        rateLimitMultiplier: 1,
        trustedProxies: ['127.0.0.1'],
        rateLimits: Object.fromEntries(names.map((name) => [name, { limit, window: 900 }])),
      },
    });
    owner = await registerPerson(server);
  });
  afterAll(() => server.stop());

  it.each(cases)('X-2 $door: $size has its own', async ({ door, places, address }) => {
    await clear();
    const codes: (string | undefined)[] = [];
    for (let n = 0; n <= places; n += 1) codes.push((await doors[door]?.(from(address(n))))?.code);
    expect(codes.slice(0, places)).not.toContain('RATE_LIMITED');
    expect(codes.at(-1)).toBe('RATE_LIMITED');
    const others = await doors[door]?.(from('2001:db8:2::1'));
    expect(others?.code).not.toBe('RATE_LIMITED');
  });

  it('X-2 a network that is refused uses up nothing of the wider ones', async () => {
    await clear();
    const guess = async (address: string) => (await doors['verifyOtp']?.(from(address)))?.code;
    for (let n = 0; n < 20; n += 1) await guess('2001:db8:1:1::1');
    const next = [await guess('2001:db8:1:2::1'), await guess('2001:db8:1:2::2')];
    expect(next).not.toContain('RATE_LIMITED');
    expect(await guess('2001:db8:1:3::1')).toBe('RATE_LIMITED');
    expect(await guess('2001:db8:1:100::1')).not.toBe('RATE_LIMITED');
  });

  it('X-2 a hundred attempts at once on two instances get no more than there are', async () => {
    await clear();
    const other = await server.another();
    const codes = await Promise.all(
      Array.from({ length: 60 }, async (_, n) => {
        const [at, address] = [n % 2 ? server : other, `2001:db8:1:1${n % 8}::1`];
        const input = { challengeId: 'made up', code: '000000' };
        return (await at.mutate('verifyOtp', input, from(address))).code;
      }),
    );
    await other.stop();
    expect(codes.filter((code) => code !== 'RATE_LIMITED').length).toBeLessThanOrEqual(2 * limit);
  });

  it('X-2 a known device passes in a network that others have used up', async () => {
    await clear();
    const here = from('2001:db8:1:1::7');
    for (const door of ['login', 'requestLoginCode', 'verifyOtp', 'requestPasswordReset'])
      for (let n = 0; n < 4; n += 1) await doors[door]?.(here);
    const { email, password, accessToken } = owner;
    const stranger = await server.mutate('login', { email, password }, here);
    expect(stranger.code).toBe('RATE_LIMITED');
    const sender = { ...here, token: accessToken };
    const login = await server.mutate('login', { email, password }, sender);
    expect(login.__typename).toBe('AuthTokens');
    const { id } = await server.mutate('requestLoginCode', { email }, sender);
    const code = await newestCode(server, email);
    const byCode = await server.mutate('verifyOtp', { challengeId: id, code }, sender);
    expect(byCode.__typename).toBe('AuthTokens');
    const reset = await server.mutate('requestPasswordReset', { email }, sender);
    expect(reset.__typename).toBe('AuthAccepted');
  });

  it('X-2 RL-8 AV-7 a known device passes there ten times an hour, not more', async () => {
    await clear();
    const here = from('2001:db8:1:1::7');
    for (let n = 0; n < 4; n += 1) await doors['requestPasswordReset']?.(here);
    const sender = { ...here, token: owner.accessToken };
    const tables = ['account_tokens', 'audit_events', 'outbox_messages'];
    const rows = () => Promise.all(tables.map((table) => countRows(server, table)));
    const request = (email = owner.email) =>
      server.mutate('requestPasswordReset', { email }, sender);
    const before = await rows();
    for (let n = 0; n < 10; n += 1) expect((await request()).__typename).toBe('AuthAccepted');
    const after = await rows();
    for (let n = 0; n < 3; n += 1) expect((await request()).code).toBe('RATE_LIMITED');
    expect(await rows()).toEqual(after);
    expect(after[1]).toBe((before[1] ?? 0) + 10);
    // It is a stranger to every other account, and others are not refused for it.
    expect((await request(freshAddress())).code).toBe('RATE_LIMITED');
    const elsewhere = from('2001:db8:2::1');
    const other = await server.mutate('requestPasswordReset', { email: owner.email }, elsewhere);
    expect(other.__typename).toBe('AuthAccepted');
    server.clock.advance(3600);
    expect((await request()).__typename).toBe('AuthAccepted');
  });
});

describe('X-2 a flood of sign-ins from one /48', () => {
  it('X-2 is counted where it is shed, and leaves room for others and known devices', async () => {
    const busy = await startTestServer({
      bcryptCost: 10,
      config: { rateLimitMultiplier: 1, trustedProxies: ['127.0.0.1'], bcryptConcurrency: 1 },
    });
    const { email, password, accessToken } = await registerPerson(busy);
    await lookInto(busy, (sql) => sql`delete from rate_limits`);
    // As many hashes as one network may have, all of the /48: a second of work and more, of the
    // three and a half that others wait at most.
    const place = { networks: [{ name: '2001:db8:1::/48' }], isKnown: false };
    const flood = Promise.allSettled(
      Array.from({ length: 30 }, () => busy.app.hasher.hash(goodPassword, place)),
    );
    const login = (sender: Parameters<TestServer['mutate']>[2]) =>
      busy.mutate('login', { email, password }, sender);
    const [shed, known, other] = await Promise.all([
      login(from('2001:db8:1:f00::1')),
      login({ ...from('2001:db8:1:f00::1'), token: accessToken }),
      login(from('2001:db8:2::1')),
    ]);
    expect(shed.status).toBe(503);
    expect(shed.errors[0].extensions.code).toBe('OVERLOADED');
    expect(known.__typename).toBe('AuthTokens');
    expect(other.__typename).toBe('AuthTokens');
    const rows = await lookInto(busy, (sql) => sql`select count from rate_limits order by count`);
    // Three networks of either /48: the shed one stands in its own, beside that of the device.
    expect(rows.map(({ count }) => count)).toEqual([1, 1, 1, 2, 2, 2]);
    await flood;
    await busy.stop();
  });
});
