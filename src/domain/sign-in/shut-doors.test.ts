import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linkTokenIn, startTestServer, type TestServer } from '../../testing/app.ts';
import { enrolTotp } from '../../testing/authenticator.ts';
import { newestCode, newestResetToken } from '../../testing/newest-mail.ts';
import { freshAddress, goodPassword, type Person, registerPerson } from '../../testing/people.ts';
import { countRows, lookInto } from '../../testing/raw-sql.ts';
import { ageProof } from '../../testing/rows.ts';
import { purgeExpired } from '../retention/purge-expired.ts';

const wrong = 'not the password of anyone';
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
const home = from('192.0.2.7');

let server: TestServer;
let owner: Person;

const start = async (rateLimits: Record<string, { limit: number; window: number }> = {}) => {
  server = await startTestServer({
    config: { rateLimitMultiplier: 1, trustedProxies: ['127.0.0.1'], rateLimits },
  });
  owner = await registerPerson(server);
};
afterEach(() => server.stop());

const requestCode = (email: string, sender: Parameters<TestServer['mutate']>[2]) =>
  server.mutate('requestLoginCode', { email }, sender);

/** A code that the mailbox did not get; good for any challenge of the owner begun by a stranger. */
const guesses = ['000000', '111111', '222222', '333333', '444444'];

/** Wrong codes from these addresses until nothing is admitted any more. */
async function flood(email: string, addresses: readonly string[]): Promise<void> {
  for (const address of addresses) {
    const { id } = await requestCode(email, from(address));
    if (id === undefined) continue;
    for (const code of guesses)
      await server.mutate('verifyOtp', { challengeId: id, code }, from(address));
  }
}

async function byCode(sender: Parameters<TestServer['mutate']>[2]): Promise<string> {
  const challenge = await requestCode(owner.email, sender);
  if (challenge.id === undefined) return challenge.code;
  const code = await newestCode(server, owner.email);
  const answer = await server.mutate('verifyOtp', { challengeId: challenge.id, code }, sender);
  return answer.code ?? answer.__typename;
}

const subjects = async (email = owner.email): Promise<string[]> =>
  (await server.allMail(email)).map(({ subject }) => subject);
const shut = 'Too many attempts to sign in to your account';
const guessing = 'Someone is guessing the codes that we mail you';
const locked = 'The codes that we mail you are locked';

const networks = [
  { size: 'one address', address: () => '203.0.113.7' },
  { size: 'an IPv4 /24', address: (n: number) => `203.0.113.${n}` },
  { size: 'an IPv6 /64', address: (n: number) => `2001:db8:1:1::${n + 1}` },
  { size: 'an IPv6 /56', address: (n: number) => `2001:db8:1:1${n}::1` },
  { size: 'an IPv6 /48', address: (n: number) => `2001:db8:1:${n + 1}00::1` },
];

describe('X-3 sign-in by mailed code', () => {
  beforeEach(() => start());

  it.each(networks)('X-3 is not shut by strangers of $size', async ({ address }) => {
    const addresses = Array.from({ length: 6 }, (_, n) => address(n));
    // Two hours, so that the network's failures in a row are used up, too.
    await flood(owner.email, addresses);
    server.clock.advance(3600);
    await flood(owner.email, addresses);
    const refused = await requestCode(owner.email, from(address(0)));
    expect(refused.code).toBe('RATE_LIMITED');
    expect(await byCode(home)).toBe('AuthTokens');
    expect(await subjects()).not.toContain(shut);
  });

  it('X-3 shut by many networks, is open to known devices, and the owner is told', async () => {
    const many = Array.from({ length: 20 }, (_, n) => `203.0.${100 + (n % 4)}.${n}`);
    await flood(owner.email, many);
    await flood(owner.email, many);
    expect(await byCode(home)).toBe('RATE_LIMITED');
    expect(await byCode({ ...home, token: owner.accessToken })).toBe('AuthTokens');
    expect((await subjects()).filter((subject) => subject === shut)).toHaveLength(1);
    server.clock.advance(86_400);
    await flood(owner.email, many);
    expect((await subjects()).filter((subject) => subject === shut)).toHaveLength(2);

    await server.mutate('requestPasswordReset', { email: owner.email }, home);
    const token = await newestResetToken(server, owner.email);
    const newPassword = 'harbour violin copper monday';
    await server.mutate('resetPassword', { token, newPassword }, home);
    expect(await byCode(home)).toBe('AuthTokens');
  });

  it('X-3 a known device has no more guesses than an unknown one', async () => {
    const sender = { ...home, token: owner.accessToken };
    const codes: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      const { id } = await requestCode(owner.email, sender);
      for (const code of guesses)
        codes.push((await server.mutate('verifyOtp', { challengeId: id, code }, sender)).code);
    }
    expect(codes.filter((code) => code === 'INVALID_OR_EXPIRED_CODE')).toHaveLength(20);
    expect(await byCode(home)).toBe('AuthTokens');
  });

  it('X-3 EN-3 an address without an account meets the same limits, and gets no mail', async () => {
    const answersOf = async (email: string): Promise<string[]> => {
      const texts: string[] = [];
      for (let n = 0; n < 18; n += 1) {
        const { id, ...answer } = await requestCode(email, from(`203.0.${n % 4}.1`));
        texts.push(JSON.stringify({ ...answer, sentTo: null }));
        if (id === undefined) continue;
        const guess = { challengeId: id, code: '000000' };
        texts.push(JSON.stringify(await server.mutate('verifyOtp', guess, home)));
      }
      return texts;
    };
    const nobody = freshAddress();
    expect(await answersOf(nobody)).toEqual(await answersOf(owner.email));
    expect(await subjects(nobody)).toEqual([]);
  });
});

describe('X-3 wrong codes of strangers in the owner’s network', () => {
  beforeEach(() => start());

  const told = async (): Promise<string[]> =>
    (await subjects()).filter((subject) => [shut, guessing, locked].includes(subject));

  /** Wrong codes from one address: five of each of so many challenges. */
  const guessFrom = (address: string, challenges: number) =>
    flood(owner.email, new Array<string>(challenges).fill(address));

  const homes = [
    { size: 'an IPv4 /24', own: '192.0.2.7', stranger: '192.0.2.99' },
    { size: 'an IPv6 /48', own: '2001:db8:7:1::1', stranger: '2001:db8:7:ff00::9' },
    { size: 'an IPv6 /48 with zeros', own: '2001:db8::1', stranger: '2001:db8:0:ff00::9' },
  ];

  it.each(homes)('X-3 RL-3 that use up the part of $size are told of', async (place) => {
    const input = { email: owner.email, password: owner.password };
    await server.mutate('login', input, from(place.own));
    await guessFrom(place.stranger, 4);
    expect(await byCode(from(place.own))).toBe('RATE_LIMITED');
    expect(await told()).toEqual([shut]);
    // In the next hour the failures in a row, which shut codes there for good.
    server.clock.advance(3600);
    await guessFrom(place.stranger, 3);
    expect(await byCode(from(place.own))).toBe('INVALID_OR_EXPIRED_CODE');
    expect(await told()).toEqual([locked, shut]);
    for (let day = 0; day < 2; day += 1) {
      server.clock.advance(86_400);
      await guessFrom(place.stranger, 3);
    }
    expect(await told()).toEqual([locked, shut]);
    expect(await byCode(from('198.51.100.7'))).toBe('AuthTokens');
  });

  it('X-3 RL-3 and requests for codes are told of, where the owner has signed in', async () => {
    const input = { email: owner.email, password: owner.password };
    await server.mutate('login', input, home);
    for (let n = 0; n < 6; n += 1) await requestCode(owner.email, from('203.0.113.9'));
    expect(await told()).toEqual([]);
    for (let n = 0; n < 6; n += 1) await requestCode(owner.email, from('192.0.2.99'));
    expect((await requestCode(owner.email, home)).code).toBe('RATE_LIMITED');
    expect(await told()).toEqual([shut]);
  });

  it('X-3 EN-3 make the same rows at an address without an account', async () => {
    await server.mutate('login', { email: owner.email, password: owner.password }, home);
    const tables = ['outbox_messages', 'audit_events'];
    const written: number[][] = [];
    for (const email of [owner.email, freshAddress()]) {
      for (const address of ['192.0.2.99', '203.0.113.9']) {
        await lookInto(server, (sql) => sql`delete from rate_limits`);
        const before = await Promise.all(tables.map((table) => countRows(server, table)));
        await flood(email, new Array<string>(4).fill(address));
        const after = await Promise.all(tables.map((table) => countRows(server, table)));
        written.push(after.map((count, n) => count - (before[n] ?? 0)));
      }
    }
    for (const each of written) expect(each).toEqual(written[0]);
  });
});

describe('X-3 wrong codes in a row', () => {
  // Eighteen in all.
  beforeEach(() => start({ 'otp:consecutive': { limit: 6, window: 86_400 * 365 } }));

  const told = async (): Promise<string[]> =>
    (await subjects()).filter((subject) => [shut, guessing, locked].includes(subject));
  const guess = async (sender: Parameters<TestServer['mutate']>[2], count: number) => {
    for (let n = 0; n < count; n += 1) {
      const { id } = await requestCode(owner.email, sender);
      const guess = { challengeId: id, code: '000000' };
      const answer = await server.mutate('verifyOtp', guess, sender);
      expect(answer.code).toBe('INVALID_OR_EXPIRED_CODE');
      server.clock.advance(900);
    }
  };

  it('X-3 X-4 are told of at half and at the end, once, and a link ends the lock', async () => {
    await guess(from('203.0.113.1'), 6);
    await guess(from('198.51.100.1'), 2);
    expect(await told()).toEqual([]);
    await guess(from('198.51.100.1'), 1);
    expect(await told()).toEqual([guessing]);
    await guess(from('198.51.100.1'), 3);
    await guess(from('2001:db8:5::1'), 5);
    expect(await told()).toEqual([guessing]);
    await guess(from('2001:db8:5::1'), 1);
    expect(await told()).toEqual([locked, guessing]);
    await guess(from('198.18.0.1'), 5);
    expect(await told()).toEqual([locked, guessing]);
    expect(await byCode(home)).toBe('INVALID_OR_EXPIRED_CODE');
    const [token] = (await server.allMail(owner.email)).flatMap((mail) => linkTokenIn(mail) ?? []);
    const entered = await server.mutate('verifyLink', { token }, home);
    expect(entered.__typename).toBe('AuthTokens');
    expect(await byCode(home)).toBe('AuthTokens');
  });

  it('X-3 past their end leave the notice that codes are shut for the hour', async () => {
    for (const address of ['203.0.113.1', '198.51.100.1', '2001:db8:5::1'])
      await guess(from(address), 6);
    expect(await told()).toEqual([locked, guessing]);
    server.clock.advance(3600);
    for (let n = 0; n < 4; n += 1) await flood(owner.email, ['203.0.113.1']);
    for (let n = 0; n < 4; n += 1) await flood(owner.email, ['198.51.100.1']);
    expect(await told()).toEqual([locked, guessing]);
    for (let n = 0; n < 4; n += 1) await flood(owner.email, ['2001:db8:5::1']);
    expect(await byCode(home)).toBe('RATE_LIMITED');
    expect(await told()).toEqual([shut, locked, guessing]);
  });

  it('X-3 of a known device are told of, in a sign-in, a step-up and a new address', async () => {
    const sender = { ...home, token: owner.accessToken };
    await guess(sender, 2);
    const wrongIn = async (name: 'verifyOtp' | 'confirmEmailChange', challengeId: string) => {
      const code = '000000';
      const answer = await server.mutate(name, { challengeId, code }, sender);
      expect(answer.code).toBe('INVALID_OR_EXPIRED_CODE');
    };
    const fresh = await server.mutate('refreshSession', { refreshToken: owner.refreshToken });
    sender.token = fresh.accessToken;
    await ageProof(server, owner.sessionId, -3600);
    const stepUp = await server.mutate('reauthenticate', {}, sender);
    await wrongIn('verifyOtp', stepUp.id);
    expect(await told()).toEqual([guessing]);
    const newEmail = freshAddress();
    const change = await server.mutate('requestEmailChange', { newEmail }, sender);
    for (let n = 0; n < 3; n += 1) await wrongIn('confirmEmailChange', change.id);
    expect(await told()).toEqual([locked, guessing]);
    // The right code of the new mailbox is refused as a wrong one.
    const code = await newestCode(server, newEmail);
    const right = { challengeId: change.id, code };
    expect((await server.mutate('confirmEmailChange', right, sender)).code).toBe(
      'INVALID_OR_EXPIRED_CODE',
    );
    expect(await subjects(newEmail)).toHaveLength(1);
  });
});

describe('X-4 wrong passwords in a row', () => {
  const guess = async (email = owner.email, sender: Parameters<TestServer['mutate']>[2] = {}) => {
    const answer = await server.mutate('login', { email, password: wrong }, sender);
    server.clock.advance(900);
    return answer;
  };
  const login = (sender: Parameters<TestServer['mutate']>[2] = home) =>
    server.mutate('login', { email: owner.email, password: owner.password }, sender);
  const half = 'Someone is guessing your password';
  const end = 'Your password now needs a code beside it';

  beforeEach(() => start({ 'login:consecutive': { limit: 6, window: 86_400 } }));

  it('X-4 are told of at half and at the end, and then ask for the mailbox', async () => {
    const told: string[][] = [];
    for (let n = 0; n < 8; n += 1) {
      expect((await guess()).code).toBe('INVALID_CREDENTIALS');
      told.push((await subjects()).filter((subject) => [half, end].includes(subject)));
    }
    const [none, one, both] = [[], [half], [half, end]];
    expect(told.map((all) => all.toSorted())).toEqual([
      ...[none, none, one, one, one],
      ...[both, both, both].map((all) => all.toSorted()),
    ]);
    const challenge = await login();
    expect(challenge).toMatchObject({ __typename: 'OtpChallenge', methods: ['EMAIL'] });
    const code = await newestCode(server, owner.email);
    const bad = { challengeId: challenge.id, code: code === '000000' ? '111111' : '000000' };
    expect((await server.mutate('verifyOtp', bad, home)).code).toBe('INVALID_OR_EXPIRED_CODE');
    const good = { challengeId: challenge.id, code };
    expect((await server.mutate('verifyOtp', good, home)).__typename).toBe('AuthTokens');
    // Both together have ended the lock.
    expect((await login()).__typename).toBe('AuthTokens');
  });

  it('X-4 EN-4 are answered past the lock as at an address without an account', async () => {
    const answers: string[] = [];
    const others: string[] = [];
    const nobody = freshAddress();
    for (let n = 0; n < 8; n += 1) {
      answers.push(JSON.stringify(await guess()));
      others.push(JSON.stringify(await guess(nobody)));
    }
    expect(answers).toEqual(others);
    expect(await subjects(nobody)).toEqual([]);
  });

  it('X-4 the lock asks for the app after the mailbox, and for both in a step-up', async () => {
    const { phone } = await enrolTotp(server, owner);
    for (let n = 0; n < 6; n += 1) await guess();
    const challenge = await login();
    const code = await newestCode(server, owner.email);
    const next = await server.mutate('verifyOtp', { challengeId: challenge.id, code }, home);
    expect(next).toMatchObject({ __typename: 'OtpChallenge', methods: ['TOTP', 'RECOVERY_CODE'] });
    const last = { challengeId: next.id, code: phone.nextCode() };
    expect((await server.mutate('verifyOtp', last, home)).__typename).toBe('AuthTokens');
  });

  it('X-4 asks a known device for the mailbox after its own, in login and step-up', async () => {
    const sender = { ...home, token: owner.accessToken };
    for (let n = 0; n < 6; n += 1) await guess(owner.email, sender);
    expect((await login()).__typename).toBe('AuthTokens');
    expect((await login(sender)).__typename).toBe('OtpChallenge');
    const fresh = await server.mutate('refreshSession', { refreshToken: owner.refreshToken });
    const stepUp = await server.mutate(
      'reauthenticate',
      { password: owner.password },
      { ...home, token: fresh.accessToken },
    );
    expect(stepUp).toMatchObject({ __typename: 'OtpChallenge', purpose: 'STEP_UP' });
  });

  it('X-4 limits codes beside the password by the user, who has the mailbox still', async () => {
    for (let n = 0; n < 6; n += 1) await guess();
    const codes: (string | undefined)[] = [];
    for (let n = 0; n < 6; n += 1) codes.push((await login()).code);
    expect(codes.at(-1)).toBe('RATE_LIMITED');
    expect(await byCode(home)).toBe('AuthTokens');
  });
});

describe('X-7 tries at addresses without an account', () => {
  beforeEach(() => start());

  it('X-7 AV-7 leave no row after a day, whether they were registered or not', async () => {
    await lookInto(server, (sql) => sql`delete from rate_limits`);
    for (let n = 0; n < 6; n += 1) {
      const sender = from(`203.0.${n}.1`);
      const [invented, registered] = [freshAddress(), freshAddress()];
      await server.mutate('login', { email: invented, password: wrong }, sender);
      const register = { email: registered, password: goodPassword };
      const { id } = await server.mutate('register', register, sender);
      await server.mutate('login', { email: registered, password: wrong }, sender);
      const challenges = [id];
      for (const email of [invented, registered])
        challenges.push((await requestCode(email, sender)).id);
      for (const challengeId of challenges) {
        const answer = await server.mutate('verifyOtp', { challengeId, code: '000000' }, sender);
        expect(answer.code).toBe('INVALID_OR_EXPIRED_CODE');
      }
    }
    await server.allMail(owner.email);
    expect(await countRows(server, 'rate_limits')).toBeGreaterThan(30);
    server.clock.advance(86_400 + 1);
    await purgeExpired(server.app);
    expect(await countRows(server, 'rate_limits')).toBe(0);
  });

  it('X-7 OT-4 failures in a row at an account are remembered', async () => {
    await lookInto(server, (sql) => sql`delete from rate_limits`);
    await flood(owner.email, ['203.0.113.1']);
    await server.mutate('login', { email: owner.email, password: wrong });
    server.clock.advance(86_400 + 1);
    await purgeExpired(server.app);
    expect(await countRows(server, 'rate_limits')).toBe(3);
  });
});
