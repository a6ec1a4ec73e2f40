import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { otpChallenges } from '../../db/tables/otp-challenges.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { meQuery } from '../../testing/client.ts';
import { partsOf } from '../../testing/forged-tokens.ts';
import { freshAddress, goodPassword, type Person, registerPerson } from '../../testing/people.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const refused = { __typename: 'AuthError', code: 'INVALID_OR_EXPIRED_CODE' };
/** A different code of six digits. */
const not = (code: string, step = 1): string =>
  String((Number(code) + step) % 1_000_000).padStart(6, '0');

const verify = (challengeId: string, code: string, more: Record<string, unknown> = {}) =>
  server.mutate('verifyOtp', { challengeId, code, ...more });
const beginRegistration = async (email = freshAddress()) => {
  const challenge = await server.mutate('register', { email, password: goodPassword });
  return { email, challenge, code: await server.nextCode(email) };
};
const beginLogin = async (person?: Person) => {
  const { email } = person ?? (await registerPerson(server));
  const challenge = await server.mutate('requestLoginCode', { email });
  return { email, challenge, code: await server.nextCode(email) };
};

describe('a code', () => {
  it('OT-2 is valid for ten minutes and not a second longer', async () => {
    const { challenge, code } = await beginLogin();
    expect(Date.parse(challenge.expiresAt) - server.clock.now().getTime()).toBe(600_000);
    server.clock.advance(601);
    expect(await verify(challenge.id, code)).toMatchObject(refused);

    const fresh = await beginLogin();
    server.clock.advance(598);
    expect((await verify(fresh.challenge.id, fresh.code)).__typename).toBe('AuthTokens');
  });

  it('OT-2 works once', async () => {
    for (const { challenge, code } of [await beginLogin(), await beginRegistration()]) {
      expect((await verify(challenge.id, code)).__typename).toBe('AuthTokens');
      expect(await verify(challenge.id, code)).toMatchObject(refused);
      expect(await server.mutate('resendOtp', { challengeId: challenge.id })).toMatchObject(
        refused,
      );
    }
  });

  it('OT-3 is void after five wrong attempts, even the right one', async () => {
    for (const { challenge, code } of [await beginLogin(), await beginRegistration()]) {
      for (let step = 1; step <= 5; step += 1)
        expect(await verify(challenge.id, not(code, step))).toMatchObject(refused);
      expect(await verify(challenge.id, code)).toMatchObject(refused);
    }
  });

  it('OT-3 four wrong attempts leave one', async () => {
    const { challenge, code } = await beginLogin();
    for (let step = 1; step <= 4; step += 1) await verify(challenge.id, not(code, step));
    expect((await verify(challenge.id, code)).__typename).toBe('AuthTokens');
  });

  it('OT-4 OT-7 a resend sends a new code, voids the old one and restores no attempt', async () => {
    const { email, challenge, code } = await beginLogin();
    for (let step = 1; step <= 3; step += 1) await verify(challenge.id, not(code, step));
    server.clock.advance(31);
    const renewed = await server.mutate('resendOtp', { challengeId: challenge.id });
    expect(renewed).toMatchObject({
      __typename: 'OtpChallenge',
      id: challenge.id,
      sentTo: challenge.sentTo,
      purpose: 'LOGIN',
    });
    const second = await server.nextCode(email);
    expect(await verify(challenge.id, second === code ? not(code) : code)).toMatchObject(refused);
    // Four used: the fifth and last.
    expect(await verify(challenge.id, not(second, 7))).toMatchObject(refused);
    expect(await verify(challenge.id, second)).toMatchObject(refused);
    server.clock.advance(31);
    expect(await server.mutate('resendOtp', { challengeId: challenge.id })).toMatchObject(refused);
  });

  it('OT-7 the resent code works, once', async () => {
    const { email, challenge } = await beginLogin();
    server.clock.advance(31);
    await server.mutate('resendOtp', { challengeId: challenge.id });
    expect((await verify(challenge.id, await server.nextCode(email))).__typename).toBe(
      'AuthTokens',
    );
  });

  it('OT-7 is not resent within thirty seconds, nor more than four times', async () => {
    const { email, challenge } = await beginLogin();
    expect(Date.parse(challenge.resendAvailableAt) - server.clock.now().getTime()).toBe(30_000);
    server.clock.advance(5);
    const early = await server.mutate('resendOtp', { challengeId: challenge.id });
    expect(early).toMatchObject({ __typename: 'AuthError', code: 'RATE_LIMITED', retryAfter: 25 });
    server.clock.advance(25);
    for (let count = 0; count < 4; count += 1) {
      expect((await server.mutate('resendOtp', { challengeId: challenge.id })).__typename).toBe(
        'OtpChallenge',
      );
      await server.nextMail(email);
      expect(await server.mutate('resendOtp', { challengeId: challenge.id })).toMatchObject({
        code: 'RATE_LIMITED',
      });
      server.clock.advance(31);
    }
    expect(await server.mutate('resendOtp', { challengeId: challenge.id })).toMatchObject({
      code: 'RATE_LIMITED',
    });
  });

  it('OT-5 is valid only for its own challenge, purpose and user', async () => {
    const ada = await registerPerson(server);
    const [first, second] = [await beginLogin(ada), await beginLogin(ada)];
    const bob = await beginLogin();
    const registration = await beginRegistration();
    const all = [first, second, bob, registration];
    for (const [index, { challenge, code }] of all.entries()) {
      expect(challenge.id).toMatch(/^[\w-]{32}$/);
      const others = all.filter((other) => other.code !== code && all.indexOf(other) !== index);
      for (const other of others)
        expect.soft(await verify(challenge.id, other.code)).toMatchObject(refused);
    }
    for (const { challenge, code } of all)
      expect((await verify(challenge.id, code)).__typename).toBe('AuthTokens');
  });

  it('OT-5 signs in to the account that it was sent to, whatever the session', async () => {
    const [ada, bob] = [await registerPerson(server), await registerPerson(server)];
    const { challenge, code } = await beginLogin(ada);
    const tokens = await server.mutate(
      'verifyOtp',
      { challengeId: challenge.id, code },
      { token: bob.accessToken },
    );
    expect(tokens.user.id).toBe(ada.id);
    expect((await server.send(meQuery, {}, { token: bob.accessToken })).data.me.id).toBe(bob.id);
  });

  it('OT-5 a challenge id never issued is refused like an expired one', async () => {
    const { challenge, code } = await beginLogin();
    const dead = await verify(challenge.id, code).then(() => verify(challenge.id, code));
    for (const id of [
      'x',
      challenge.id.slice(0, -1),
      challenge.id.toLowerCase(),
      `${challenge.id} `,
      '0190a0a0-0000-7000-8000-000000000000',
      'A'.repeat(32),
      '\u0000',
      '\ud800',
      "' or 1=1 --",
    ]) {
      expect.soft(await verify(id, code), id).toEqual(dead);
      expect.soft(await server.mutate('resendOtp', { challengeId: id }), id).toEqual(dead);
    }
  });

  it('OT-9 an e-mailed code is one factor: otp, never mfa', async () => {
    for (const { challenge, code } of [await beginLogin(), await beginRegistration()]) {
      const tokens = await verify(challenge.id, code);
      expect(tokens.session.methods).toEqual(['otp']);
      expect(partsOf(tokens.accessToken).payload['amr']).toEqual(['otp']);
    }
  });

  it.each(['TOTP', 'RECOVERY_CODE'])(
    'OT-9 an e-mailed code does not pass as %s',
    async (method) => {
      const { challenge, code } = await beginLogin();
      expect(await verify(challenge.id, code, { method })).toMatchObject(refused);
      expect((await verify(challenge.id, code, { method: 'EMAIL' })).__typename).toBe('AuthTokens');
    },
  );

  it.each([
    '',
    'abc',
    '12345',
    '1234567',
    'l23456',
    'О12345',
    '1'.repeat(10_000),
    '\u0000',
    '\ud800',
    '12 34 5x',
    '💩💩💩',
  ])(
    'OT-10 what cannot be a code, such as %j, is refused by its shape and costs no try',
    async (typed) => {
      const { challenge, code } = await beginLogin();
      for (let count = 0; count < 6; count += 1) {
        expect(await verify(challenge.id, typed)).toMatchObject({
          code: 'VALIDATION_FAILED',
          fields: [{ path: 'code', code: 'INVALID' }],
        });
      }
      expect(
        (await verify(challenge.id, ` ${code.slice(0, 3)} ${code.slice(3)} `)).__typename,
      ).toBe('AuthTokens');
    },
  );

  it('OT-8 DP-2 the row contains neither code nor challenge id', async () => {
    const { challenge, code } = await beginLogin();
    const rows = await server.database.database.db.select().from(otpChallenges);
    const text = JSON.stringify(
      rows.map((row) => ({
        ...row,
        createdAt: null,
        expiresAt: null,
        resendAvailableAt: null,
        consumedAt: null,
      })),
    );
    expect(text).not.toContain(challenge.id);
    expect(text).not.toMatch(new RegExp(`"${code}"`));
  });
});

describe('a decoy challenge', () => {
  const shapeOf = (challenge: Record<string, unknown>): string =>
    JSON.stringify({ ...challenge, id: String(challenge['id']).replace(/[\w-]/g, 'x') });

  it('EN-2 EN-3 has the same shape for free, taken, unverified and unknown addresses', async () => {
    const address = (): string => freshAddress().replace('person', 'equal');
    const [taken, unverified, fresh] = [address(), address(), address()];
    const person = await registerPerson(server, { email: taken });
    await beginRegistration(unverified);
    const inputs = [taken, unverified, fresh].map((email) => ({ email, password: goodPassword }));
    const answers = [];
    for (const input of inputs) answers.push(await server.mutate('register', input));
    expect(new Set(answers.map(shapeOf)).size).toBe(1);
    expect(answers[0]).toMatchObject({
      __typename: 'OtpChallenge',
      purpose: 'VERIFY_EMAIL',
      methods: ['EMAIL'],
    });

    const codes = [];
    for (const email of [person.email, unverified, address()])
      codes.push(await server.mutate('requestLoginCode', { email }));
    expect(new Set(codes.map(shapeOf)).size).toBe(1);
    expect(codes[0].purpose).toBe('LOGIN');
  });

  it('EN-3 OT-3 counts attempts, resends and expires like any other; sends nothing', async () => {
    const person = await registerPerson(server);
    const unknown = freshAddress();
    const begin = [
      () => server.mutate('requestLoginCode', { email: person.email }),
      () => server.mutate('requestLoginCode', { email: unknown }),
      () => server.mutate('register', { email: person.email, password: goodPassword }),
    ];
    // Wrong for all of them except in one run in a million.
    const code = '271828';
    const lives = [];
    for (const beginOne of begin) {
      const challenge = await beginOne();
      const seen = [];
      const resend = async () => {
        const { __typename, code, message, retryAfter } = await server.mutate('resendOtp', {
          challengeId: challenge.id,
        });
        return { __typename, code, message, retryAfter };
      };
      seen.push(await resend());
      server.clock.advance(31);
      seen.push(await resend());
      for (let step = 0; step < 6; step += 1)
        seen.push(await verify(challenge.id, not(code, step + 11)));
      seen.push(await resend());
      server.clock.advance(31);
      seen.push(await resend());
      lives.push(JSON.stringify(seen));
    }
    expect(lives[1]).toBe(lives[0]);
    expect(lives[2]).toBe(lives[0]);
    expect(server.mailbox.list().filter((mail) => mail.to === unknown)).toEqual([]);
  });
});

describe('an address that another user has registered first', () => {
  it('RC-7 ADV-9 ADV-48 its owner gets the account with their own password or none', async () => {
    const email = freshAddress();
    const squatters = 'squatter wants this account';
    const squatted = await server.mutate('register', {
      email,
      password: squatters,
      name: 'Squatter',
    });
    const squattedCode = await server.nextCode(email);
    expect(await server.mutate('login', { email, password: squatters })).toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });

    // The mailbox's owner is told of the registration that was not finished.
    await server.nextCode(email);
    const own = await server.mutate('register', { email, password: goodPassword, name: 'Owner' });
    const tokens = await verify(own.id, await server.nextCode(email));
    expect(tokens.user).toMatchObject({ email, name: 'Owner', emailVerified: true });
    expect(await server.mutate('login', { email, password: squatters })).toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
    expect((await server.mutate('login', { email, password: goodPassword })).__typename).toBe(
      'AuthTokens',
    );
    expect(await verify(squatted.id, squattedCode)).toMatchObject(refused);
  });

  it('RC-7 a first sign-in by code claims the account and drops what was set before', async () => {
    const email = freshAddress();
    const squatters = 'squatter wants this account';
    const squatted = await server.mutate('register', {
      email,
      password: squatters,
      name: 'Squatter',
    });
    const squattedCode = await server.nextCode(email);
    const challenge = await server.mutate('requestLoginCode', { email });
    const tokens = await verify(challenge.id, await server.nextCode(email));
    expect(tokens.user).toMatchObject({ email, name: null, status: 'ACTIVE' });
    expect(await server.mutate('login', { email, password: squatters })).toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
    expect(await verify(squatted.id, squattedCode)).toMatchObject(refused);
    expect((await server.send(meQuery, {}, { token: tokens.accessToken })).data.me.id).toBe(
      tokens.user.id,
    );
  });

  it('RC-10 ADV-55 spellings share one account, and mail goes to the stored address', async () => {
    const email = freshAddress();
    const person = await registerPerson(server, { email });
    const shouted = email.toUpperCase();
    const before = server.mailbox.list().length;
    const challenge = await server.mutate('requestLoginCode', { email: ` ${shouted} ` });
    const mail = await server.nextMail(email);
    expect(mail.to).toBe(email);
    expect(server.mailbox.list().length).toBe(before + 1);
    const code = /^(\d{6})$/m.exec(mail.text)?.[1] ?? '';
    expect((await verify(challenge.id, code)).user.id).toBe(person.id);
    expect(
      (await server.mutate('login', { email: shouted, password: person.password })).user.id,
    ).toBe(person.id);
  });
});
