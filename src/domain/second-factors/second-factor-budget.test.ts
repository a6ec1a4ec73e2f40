import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import {
  type Authenticator,
  authenticator,
  enrolTotp,
  signInWithApp,
} from '../../testing/authenticator.ts';
import { type Person, registerPerson } from '../../testing/people.ts';

let server: TestServer;
let person: Person;
let phone: Authenticator;
let recoveryCodes: string[];

beforeEach(async () => {
  // The default budgets: ten wrong codes in half an hour.
  server = await startTestServer({ config: { rateLimitMultiplier: 1 } });
  person = await registerPerson(server);
  ({ phone, recoveryCodes } = await enrolTotp(server, person));
});
afterEach(() => server.stop());

const wrong = { __typename: 'AuthError', code: 'INVALID_OR_EXPIRED_CODE' };
const limited = { __typename: 'AuthError', code: 'RATE_LIMITED' };
const login = () => server.mutate('login', { email: person.email, password: person.password });
const verify = (challengeId: string, code: string) =>
  server.mutate('verifyOtp', { challengeId, code });

/** Wrong codes, four at each of as many new sign-ins as needed. */
async function failTimes(times: number): Promise<void> {
  for (let done = 0; done < times; done += 4) {
    const { id } = await login();
    for (let guess = done; guess < Math.min(times, done + 4); guess += 1) {
      expect(await verify(id, phone.wrongCode())).toMatchObject(wrong);
    }
  }
}

describe('the budget of second factors', () => {
  it('OT-4 OT-3 is not restored by a new sign-in, and refuses the right code too', async () => {
    await failTimes(10);
    const { id } = await login();
    const answer = await verify(id, phone.nextCode());
    expect(answer).toMatchObject(limited);
    expect(answer.retryAfter).toBeGreaterThan(1700);
    expect(answer.retryAfter).toBeLessThanOrEqual(1800);
  });

  it('ADV-43 counts each wrong attempt despite the rollback, and audits it', async () => {
    await failTimes(10);
    expect(await verify((await login()).id, phone.code())).toMatchObject(limited);
    const failures = server.logLines.filter((line) => line.includes('"event":"otp.failed"'));
    expect(failures).toHaveLength(10);
  });

  it('OT-17 ADV-25 is shared by app, recovery code, step-up and change of factors', async () => {
    const here = await signInWithApp(server, person, phone);
    const sender = { token: here.accessToken };
    const stepUp = await server.mutate('reauthenticate', { password: person.password }, sender);
    const mailed = await server.mutate('reauthenticate', {}, sender);
    const mailedCode = await server.nextCode(person.email);
    // Two at each of five operations.
    const { id } = await login();
    for (const code of [
      phone.wrongCode(),
      phone.wrongCode(),
      '0000-0000-0000-0000',
      '1111-1111-1111-1111',
    ]) {
      expect(await verify(id, code)).toMatchObject(wrong);
    }
    for (const [name, input] of [
      ['verifyOtp', { challengeId: stepUp.id, code: phone.wrongCode() }],
      [
        'verifyOtp',
        { challengeId: mailed.id, code: mailedCode === '000000' ? '111111' : '000000' },
      ],
      ['disableTotp', { code: phone.wrongCode() }],
    ] as const) {
      expect(await server.mutate(name, input, sender)).toMatchObject(wrong);
      expect(await server.mutate(name, input, sender)).toMatchObject(wrong);
    }
    server.clock.advance(30);
    for (const [name, input] of [
      ['verifyOtp', { challengeId: (await login()).id, code: recoveryCodes[0] }],
      ['verifyOtp', { challengeId: (await login()).id, code: phone.code() }],
      ['verifyOtp', { challengeId: mailed.id, code: mailedCode }],
      ['regenerateRecoveryCodes', { code: phone.code() }],
      ['disableTotp', { code: recoveryCodes[0] }],
    ] as const) {
      expect(await server.mutate(name, input, sender)).toMatchObject(limited);
    }
  });

  it('locks neither the password nor the mailed code of a first step, and expires', async () => {
    await failTimes(10);
    const challenge = await login();
    expect(challenge).toMatchObject({
      __typename: 'OtpChallenge',
      methods: ['TOTP', 'RECOVERY_CODE'],
    });
    const mailed = await server.mutate('requestLoginCode', { email: person.email });
    const next = await verify(mailed.id, await server.nextCode(person.email));
    expect(next).toMatchObject({ __typename: 'OtpChallenge', methods: ['TOTP', 'RECOVERY_CODE'] });
    server.clock.advance(1800);
    const { id } = await login();
    expect((await verify(id, phone.nextCode())).__typename).toBe('AuthTokens');
  });

  it('cannot be used up by a caller who has not passed the first step', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { id } = await server.mutate('requestLoginCode', { email: person.email });
      for (let guess = 0; guess < 5; guess += 1)
        expect(await verify(id, phone.wrongCode())).toMatchObject(wrong);
    }
    expect((await verify((await login()).id, phone.nextCode())).__typename).toBe('AuthTokens');
  });

  it('OT-4 is restored by a success only for that success', async () => {
    await failTimes(9);
    for (let round = 0; round < 3; round += 1) {
      expect((await verify((await login()).id, phone.nextCode())).__typename).toBe('AuthTokens');
    }
    const { id } = await login();
    expect(await verify(id, phone.wrongCode())).toMatchObject(wrong);
    expect(await verify(id, phone.nextCode())).toMatchObject(limited);
  });

  it('OT-3 a challenge allows five attempts', async () => {
    const { id } = await login();
    for (let guess = 0; guess < 5; guess += 1)
      expect(await verify(id, phone.wrongCode())).toMatchObject(wrong);
    expect(await verify(id, phone.nextCode())).toMatchObject(wrong);
    expect((await verify((await login()).id, phone.code())).__typename).toBe('AuthTokens');
  });

  it('is reserved before the comparison: of 50 concurrent attempts 10 are compared', async () => {
    const second = await server.another();
    const handles: string[] = [];
    for (let number = 0; number < 10; number += 1) handles.push((await login()).id);
    const answers = await Promise.all(
      handles.flatMap((challengeId, number) =>
        Array.from({ length: 5 }, () =>
          (number % 2 === 0 ? server : second).mutate('verifyOtp', {
            challengeId,
            code: phone.wrongCode(),
          }),
        ),
      ),
    );
    await second.stop();
    expect(answers.filter((answer) => answer.code === 'INVALID_OR_EXPIRED_CODE')).toHaveLength(10);
    expect(answers.filter((answer) => answer.code === 'RATE_LIMITED')).toHaveLength(40);
  });

  it('OT-4 locks the app after a hundred consecutive failures until another is set up', {
    timeout: 300_000,
  }, async () => {
    for (let window = 0; window < 10; window += 1) {
      await failTimes(10);
      server.clock.advance(1801);
    }
    const locked = await verify((await login()).id, phone.nextCode());
    expect(locked).toMatchObject(limited);
    expect(locked.message).toContain('locked');
    server.clock.advance(400 * 24 * 3600);
    expect(await verify((await login()).id, phone.nextCode())).toMatchObject(limited);

    const tokens = await verify((await login()).id, recoveryCodes[0] ?? '');
    expect(tokens.__typename).toBe('AuthTokens');
    // The recovery code opened a session, but did not lift the lock.
    expect(await verify((await login()).id, phone.nextCode())).toMatchObject(limited);
    const sender = { token: tokens.accessToken };
    const enrollment = await server.mutate('startTotpEnrollment', {}, sender);
    const next = authenticator(server, enrollment.secret);
    const input = { enrollmentId: enrollment.id, code: next.code() };
    expect((await server.mutate('confirmTotpEnrollment', input, sender)).codes).toHaveLength(10);
    expect((await verify((await login()).id, next.nextCode())).__typename).toBe('AuthTokens');
  });
});

describe('a step-up', () => {
  it('RL-3 counts passwords against the device’s budget, which it shares with login', async () => {
    const sender = { token: person.accessToken };
    for (let guess = 0; guess < 5; guess += 1) {
      const answer = await server.mutate(
        'reauthenticate',
        { password: 'not the password' },
        sender,
      );
      expect(answer).toMatchObject({ code: 'INVALID_CREDENTIALS' });
    }
    expect(
      await server.mutate('reauthenticate', { password: person.password }, sender),
    ).toMatchObject(limited);
    const credentials = { email: person.email, password: person.password };
    expect(await server.mutate('login', credentials, sender)).toMatchObject(limited);
    // Guesses of attackers do not keep the owner from stepping up, nor the reverse.
    expect(await login()).toMatchObject({ __typename: 'OtpChallenge' });
  });

  it('mails ten codes an hour at most', async () => {
    const sender = { token: person.accessToken };
    for (let number = 0; number < 10; number += 1) {
      expect((await server.mutate('reauthenticate', {}, sender)).__typename).toBe('OtpChallenge');
    }
    expect(await server.mutate('reauthenticate', {}, sender)).toMatchObject(limited);
  });
});
