import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findUserById } from '../../db/queries/users.ts';
import { makeAdministrator } from '../../testing/administrators.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { meQuery } from '../../testing/client.ts';
import {
  changeEmail,
  freshAddress,
  goodPassword,
  type Person,
  registerPerson,
  signIn,
} from '../../testing/people.ts';
import { ageProof, auditOf, suspendUser } from '../../testing/rows.ts';

const otherPassword = 'copper willow thunder market';
const accepted = { __typename: 'AuthAccepted', accepted: true };
const wrongCode = { __typename: 'AuthError', code: 'INVALID_OR_EXPIRED_CODE' };
const refusedToken = { __typename: 'AuthError', code: 'INVALID_OR_EXPIRED_TOKEN' };
const day = 24 * 3600;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const mailsTo = (email: string) => server.mailbox.list().filter((mail) => mail.to === email);
const request = (person: Person, newEmail: string) =>
  server.mutate('requestEmailChange', { newEmail }, { token: person.accessToken });
const confirm = (person: Pick<Person, 'accessToken'>, challengeId: string, code: string) =>
  server.mutate('confirmEmailChange', { challengeId, code }, { token: person.accessToken });

async function isSignedIn(person: Pick<Person, 'accessToken'>): Promise<boolean> {
  const { data } = await server.send(meQuery, {}, { token: person.accessToken });
  return Boolean(data?.me);
}

/** Runs the whole change; returns the undo link's token. */
const move = (person: Person, to: string) => changeEmail(server, person, to);

describe('requestEmailChange', () => {
  it('requires a signed-in user and a fresh proof', async () => {
    const person = await registerPerson(server);
    const anonymous = await server.mutate('requestEmailChange', { newEmail: freshAddress() });
    expect(anonymous.errors[0].extensions).toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'TOKEN_MISSING',
    });
    await ageProof(server, person.sessionId, 601);
    expect(await request(person, freshAddress())).toMatchObject({ code: 'STEP_UP_REQUIRED' });
  });

  it('refuses the current address, in any spelling', async () => {
    const person = await registerPerson(server);
    expect(await request(person, person.email.toUpperCase())).toMatchObject({
      code: 'VALIDATION_FAILED',
      fields: [{ path: 'newEmail', code: 'UNCHANGED' }],
    });
  });

  it('EN-3 RC-10 answers the same for a taken address, and tells its owner', async () => {
    const person = await registerPerson(server);
    const owner = await registerPerson(server, {
      email: freshAddress().replace('person', 'Owner'),
    });
    const free = freshAddress();
    const taken = await request(person, owner.email.toLowerCase());
    const untaken = await request(person, free);
    const blank = (challenge: object) => ({ ...challenge, id: '', sentTo: '' });
    expect(blank(taken)).toEqual(blank(untaken));
    expect(taken.id).toHaveLength(untaken.id.length);

    const notice = await server.nextMail(owner.email);
    expect(notice.to).toBe(owner.email);
    expect(notice.subject).toBe('Your email address was entered for another account');
    expect(notice.text).not.toMatch(/^\d{6}$/m);
    for (let guess = 0; guess < 5; guess += 1) {
      expect(await confirm(person, taken.id, String(guess).padStart(6, '0'))).toMatchObject(
        wrongCode,
      );
    }
  });

  it('RL-9 limits the mails to one address without changing the answer', async () => {
    const strict = await startTestServer({ config: { rateLimitMultiplier: 1 } });
    try {
      const target = freshAddress();
      const challenges: { __typename: string }[] = [];
      for (let round = 0; round < 5; round += 1) {
        const person = await registerPerson(strict);
        const input = { newEmail: target };
        challenges.push(
          await strict.mutate('requestEmailChange', input, { token: person.accessToken }),
        );
      }
      expect(challenges.map((challenge) => challenge.__typename)).toEqual(
        Array(5).fill('OtpChallenge'),
      );
      expect(await strict.allMail(target)).toHaveLength(3);
    } finally {
      await strict.stop();
    }
  });
});

describe('confirmEmailChange', () => {
  it('RC-9 changes nothing before the code: sign-in uses the old address until then', async () => {
    const person = await registerPerson(server);
    const to = freshAddress();
    const challenge = await request(person, to);
    expect(challenge).toMatchObject({
      __typename: 'OtpChallenge',
      purpose: 'CHANGE_EMAIL',
      methods: ['EMAIL'],
    });
    const { data } = await server.send(meQuery, {}, { token: person.accessToken });
    expect(data.me.email).toBe(person.email);
    await signIn(server, person);
    expect(await server.mutate('login', { email: to, password: person.password })).toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
    const mail = await server.nextMail(to);
    expect(mail.text).not.toContain(person.email);
  });

  it('RC-9 changes the address, tells the old one, and ends the other sessions', async () => {
    const person = await registerPerson(server);
    const other = await signIn(server, person);
    const to = freshAddress();
    const challenge = await request(person, to);
    const code = await server.nextCode(to);
    expect(
      await confirm(person, challenge.id, code === '000000' ? '000001' : '000000'),
    ).toMatchObject(wrongCode);
    expect(await confirm(person, challenge.id, code)).toMatchObject({
      email: to,
      emailVerified: true,
    });
    expect(await isSignedIn(person)).toBe(true);
    expect(await isSignedIn(other)).toBe(false);
    await signIn(server, { email: to, password: person.password });
    expect(
      await server.mutate('login', { email: person.email, password: person.password }),
    ).toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
    const notice = await server.nextMail(person.email);
    expect(notice.subject).toBe('The email address of your account was changed');
    expect(notice.text).toContain('/undo-email-change#token=');
    expect(notice.text + notice.html).not.toContain(to);
    const types = (await auditOf(server, person.id)).map(({ type }) => type);
    expect(types.filter((type) => type === 'email.changed')).toHaveLength(1);
  });

  it('RC-9 only the session that asked can confirm, and signing out cancels it', async () => {
    const person = await registerPerson(server);
    const other = await signIn(server, person);
    const to = freshAddress();
    const challenge = await request(person, to);
    const code = await server.nextCode(to);
    expect(await confirm(other, challenge.id, code)).toMatchObject(wrongCode);
    const stranger = await registerPerson(server);
    expect(await confirm(stranger, challenge.id, code)).toMatchObject(wrongCode);

    await server.mutate('logout', {}, { token: person.accessToken });
    const late = await confirm(person, challenge.id, code);
    expect(late.errors[0].extensions).toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'SESSION_REVOKED',
    });
    const again = await signIn(server, person);
    expect(await confirm(again, challenge.id, code)).toMatchObject(wrongCode);
  });

  it('RC-9 EN-3 after signing out no code is resent, for a free or a taken address', async () => {
    const owner = await registerPerson(server);
    for (const to of [freshAddress(), owner.email]) {
      const person = await registerPerson(server);
      const { id: challengeId } = await request(person, to);
      server.clock.advance(31);
      expect(
        await server.mutate('resendOtp', { challengeId }, { token: person.accessToken }),
      ).toMatchObject({
        __typename: 'OtpChallenge',
      });
      await server.mutate('logout', {}, { token: person.accessToken });
      server.clock.advance(31);
      expect(await server.mutate('resendOtp', { challengeId })).toMatchObject(wrongCode);
    }
  });

  it('OT-5 a sign-in code changes no address, and this code signs no one in', async () => {
    const person = await registerPerson(server);
    const to = freshAddress();
    const change = await request(person, to);
    const changeCode = await server.nextCode(to);
    const login = await server.mutate('requestLoginCode', { email: person.email });
    const loginCode = await server.nextCode(person.email);
    expect(await confirm(person, login.id, loginCode)).toMatchObject(wrongCode);
    expect(
      await server.mutate('verifyOtp', { challengeId: change.id, code: changeCode }),
    ).toMatchObject(wrongCode);
    expect(await confirm(person, change.id, loginCode)).toMatchObject(wrongCode);
    expect(await confirm(person, change.id, changeCode)).toMatchObject({ email: to });
  });

  it('expires after ten minutes, after five attempts, and once it was used', async () => {
    const person = await registerPerson(server);
    const to = freshAddress();
    const late = await request(person, to);
    const lateCode = await server.nextCode(to);
    server.clock.advance(600);
    expect(await confirm(person, late.id, lateCode)).toMatchObject(wrongCode);

    const again = await signIn(server, person);
    const guessed = await request(again, to);
    const guessedCode = await server.nextCode(to);
    const wrong = guessedCode === '111111' ? '222222' : '111111';
    for (let guess = 0; guess < 5; guess += 1)
      expect(await confirm(again, guessed.id, wrong)).toMatchObject(wrongCode);
    expect(await confirm(again, guessed.id, guessedCode)).toMatchObject(wrongCode);

    const used = await request(again, to);
    const usedCode = await server.nextCode(to);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => confirm(again, used.id, usedCode)),
    );
    expect(answers.filter((answer) => answer.__typename === 'User')).toHaveLength(1);
  });

  it('RC-9 a second request replaces the first', async () => {
    const person = await registerPerson(server);
    const [one, two] = [freshAddress(), freshAddress()];
    const first = await request(person, one);
    const firstCode = await server.nextCode(one);
    const second = await request(person, two);
    expect(await confirm(person, first.id, firstCode)).toMatchObject(wrongCode);
    expect(await confirm(person, second.id, await server.nextCode(two))).toMatchObject({
      email: two,
    });
  });

  it('RC-9 of two users who claim one address at the same time one gets it', async () => {
    for (let round = 0; round < 5; round += 1) {
      const racers = [await registerPerson(server), await registerPerson(server)];
      const to = freshAddress();
      const starts: { person: Person; id: string; code: string }[] = [];
      for (const person of racers) {
        const { id } = await request(person, to);
        starts.push({ person, id, code: await server.nextCode(to) });
      }
      const answers = await Promise.all(
        starts.map(({ person, id, code }) => confirm(person, id, code)),
      );
      expect(answers.filter((answer) => answer.email === to)).toHaveLength(1);
      expect(answers.find((answer) => answer.email !== to)).toMatchObject(wrongCode);
      const loser = racers[answers.findIndex((answer) => answer.email !== to)];
      if (!loser) throw new Error('Neither request was refused.');
      await signIn(server, loser);
      expect(mailsTo(loser.email).some((mail) => mail.text.includes('undo-email-change'))).toBe(
        false,
      );
    }
  });

  it('RC-7 an unverified registration does not block the user who proves the mailbox', async () => {
    const person = await registerPerson(server);
    const to = freshAddress();
    const squatted = await server.mutate('register', { email: to, password: otherPassword });
    const squattersCode = await server.nextCode(to);
    const challenge = await request(person, to);
    expect(await confirm(person, challenge.id, await server.nextCode(to))).toMatchObject({
      id: person.id,
      email: to,
    });
    expect(
      await server.mutate('verifyOtp', { challengeId: squatted.id, code: squattersCode }),
    ).toMatchObject(wrongCode);
    expect(await server.mutate('login', { email: to, password: otherPassword })).toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
  });

  it('LG-6 audits what was displaced, an invitation too', async () => {
    const admin = await makeAdministrator(server);
    const to = freshAddress();
    const invited = await server.mutate(
      'createUser',
      { email: to, roles: ['editor'] },
      { token: admin.accessToken },
    );
    const person = await registerPerson(server);
    const challenge = await request(person, to);
    await confirm(person, challenge.id, await server.nextCode(to));
    expect((await server.send(meQuery, {}, { token: person.accessToken })).data.me).toMatchObject({
      email: to,
      roles: [],
    });
    expect(await auditOf(server, invited.id, 'account.deleted')).toMatchObject([
      { actorId: person.id, detail: { cause: 'address_proved_by_another' } },
    ]);
  });
});

describe('undoEmailChange', () => {
  it('RC-9 restores the old address, ends every session and removes the password', async () => {
    const person = await registerPerson(server);
    const to = freshAddress();
    const token = await move(person, to);
    const thief = await signIn(server, { email: to, password: person.password });
    const pending = await server.mutate('requestPasswordReset', { email: to });
    expect(pending).toEqual(accepted);
    const thiefsReset = await server.nextToken(to);

    server.clock.advance(7 * day - 1);
    expect(await server.mutate('undoEmailChange', { token })).toEqual(accepted);
    expect(await isSignedIn(person)).toBe(false);
    expect(await isSignedIn(thief)).toBe(false);
    for (const email of [person.email, to]) {
      expect(await server.mutate('login', { email, password: person.password })).toMatchObject({
        code: 'INVALID_CREDENTIALS',
      });
    }
    expect(
      await server.mutate('resetPassword', { token: thiefsReset, newPassword: otherPassword }),
    ).toMatchObject(refusedToken);
    const notice = await server.nextMail(person.email);
    expect(notice.subject).toBe('Your account has its former email address again');
    expect(await server.mutate('undoEmailChange', { token })).toMatchObject(refusedToken);

    await server.mutate('requestPasswordReset', { email: person.email });
    const reset = await server.nextToken(person.email);
    expect(
      await server.mutate('resetPassword', { token: reset, newPassword: otherPassword }),
    ).toEqual(accepted);
    const owner = await signIn(server, { email: person.email, password: otherPassword });
    expect(owner.id).toBe(person.id);
  });

  it('is valid for seven days', async () => {
    const person = await registerPerson(server);
    const token = await move(person, freshAddress());
    server.clock.advance(7 * day);
    expect(await server.mutate('undoEmailChange', { token })).toMatchObject(refusedToken);
  });

  it('RC-4 ADV-56 is not spent by opening the link', async () => {
    const person = await registerPerson(server);
    const token = await move(person, freshAddress());
    for (const method of ['HEAD', 'GET', 'HEAD', 'GET', 'HEAD', 'GET']) {
      await fetch(`${server.url}/undo-email-change?token=${token}`, { method });
    }
    expect(await server.mutate('undoEmailChange', { token })).toEqual(accepted);
  });

  it('stays valid after a changed or reset password and a further change of address', async () => {
    const person = await registerPerson(server);
    const [second, third] = [freshAddress(), freshAddress()];
    const ownersLink = await move(person, second);
    const input = { currentPassword: person.password, newPassword: otherPassword };
    await server.mutate('changePassword', input, { token: person.accessToken });
    server.clock.advance(60);
    const thiefsLink = await move({ ...person, email: second }, third);
    expect(await server.mutate('undoEmailChange', { token: ownersLink })).toEqual(accepted);
    // The thief's link, made later, is void with it.
    expect(await server.mutate('undoEmailChange', { token: thiefsLink })).toMatchObject(
      refusedToken,
    );
    const user = await findUserById(server.app.db, { id: person.id });
    expect(user).toMatchObject({ email: person.email, passwordHash: null });
  });

  it('a thief who undoes a change of their own cannot void the owner’s link', async () => {
    const person = await registerPerson(server);
    const [second, third] = [freshAddress(), freshAddress()];
    const ownersLink = await move(person, second);
    server.clock.advance(60);
    const thiefsLink = await move({ ...person, email: second }, third);
    expect(await server.mutate('undoEmailChange', { token: thiefsLink })).toEqual(accepted);
    expect(await server.mutate('undoEmailChange', { token: ownersLink })).toEqual(accepted);
  });

  it('refuses where the address has an account of its own, and changes nothing', async () => {
    const person = await registerPerson(server);
    const to = freshAddress();
    const token = await move(person, to);
    const again = await registerPerson(server, { email: person.email });
    expect(await server.mutate('undoEmailChange', { token })).toMatchObject({ code: 'CONFLICT' });
    expect(await isSignedIn(person)).toBe(true);
    expect(await isSignedIn(again)).toBe(true);
  });

  it('takes the address back from an unverified registration', async () => {
    const person = await registerPerson(server);
    const token = await move(person, freshAddress());
    await server.mutate('register', { email: person.email, password: goodPassword });
    expect(await server.mutate('undoEmailChange', { token })).toEqual(accepted);
    await server.mutate('requestPasswordReset', { email: person.email });
    const reset = await server.nextToken(person.email);
    expect(
      await server.mutate('resetPassword', { token: reset, newPassword: otherPassword }),
    ).toEqual(accepted);
    expect((await signIn(server, { email: person.email, password: otherPassword })).id).toBe(
      person.id,
    );
  });

  it('RC-6 lifts no suspension', async () => {
    const person = await registerPerson(server);
    const token = await move(person, freshAddress());
    await suspendUser(server, person.id);
    await server.mutate('undoEmailChange', { token });
    await server.mutate('requestPasswordReset', { email: person.email });
    expect(
      await server.mutate('login', { email: person.email, password: person.password }),
    ).toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
  });
});
