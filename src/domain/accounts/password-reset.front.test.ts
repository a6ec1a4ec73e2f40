import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { users } from '../../db/tables/users.ts';
import { startTestServer, type TestServer, tokenIn } from '../../testing/app.ts';
import { enrolTotp } from '../../testing/authenticator.ts';
import { meQuery } from '../../testing/client.ts';
import {
  freshAddress,
  goodPassword,
  type Person,
  registerPerson,
  signIn,
} from '../../testing/people.ts';
import { suspendUser } from '../../testing/rows.ts';

const otherPassword = 'copper willow thunder market';
const refusedToken = { __typename: 'AuthError', code: 'INVALID_OR_EXPIRED_TOKEN' };
const wrongCredentials = { __typename: 'AuthError', code: 'INVALID_CREDENTIALS' };
const accepted = { __typename: 'AuthAccepted', accepted: true };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

async function requestReset(email: string): Promise<string> {
  expect(await server.mutate('requestPasswordReset', { email })).toEqual(accepted);
  return server.nextToken(email);
}

const reset = (token: string, newPassword = otherPassword) =>
  server.mutate('resetPassword', { token, newPassword });

const mailsTo = (email: string) => server.mailbox.list().filter((mail) => mail.to === email);

async function isSignedIn(person: Pick<Person, 'accessToken'>): Promise<boolean> {
  const { data } = await server.send(meQuery, {}, { token: person.accessToken });
  return Boolean(data?.me);
}

describe('requestPasswordReset', () => {
  it.each([
    ['two addresses', 'a@x.org,b@evil.example'],
    ['two addresses and a semicolon', 'a@x.org;b@evil.example'],
    ['a header', 'a@x.org\r\nBcc: b@evil.example'],
    ['a line feed', 'a@x.org\n'.concat('b@evil.example')],
    ['a display name', 'Ada <a@x.org>'],
    ['two at signs', 'a@x.org@evil.example'],
    ['a full-width at sign', 'a\uff20x.org'],
    ['a small at sign', 'a\ufe6bevil.example@x.org'],
    ['a dotless i', 'm\u0131ke@x.org'],
    ['a Cyrillic a', '\u0430@x.org'],
    ['a comment', 'a@x.org(b@evil.example)'],
    ['quotes', '"a@evil.example"@x.org'],
    ['a percent hack', 'a%evil.example@x.org@'],
    ['nothing', ''],
  ])('EM-2 ADV-18 ADV-19 refuses %s, and no mail goes out', async (_what, email) => {
    const before = server.mailbox.list().length;
    for (const [name, input] of [
      ['requestPasswordReset', { email }],
      ['requestLoginCode', { email }],
      ['register', { email, password: goodPassword }],
    ] as const) {
      expect(await server.mutate(name, input)).toMatchObject({
        __typename: 'AuthError',
        code: 'VALIDATION_FAILED',
        fields: [{ path: 'email' }],
      });
    }
    expect(server.mailbox.list()).toHaveLength(before);
  });

  it('EM-2 ADV-19 refuses a list in a variable, and sends no mail', async () => {
    const person = await registerPerson(server);
    const before = mailsTo(person.email).length;
    for (const email of [[person.email, 'b@evil.example'], { to: person.email }, 7]) {
      const answer = await server.mutate('requestPasswordReset', { email });
      expect(answer.errors[0].extensions.code).toBe('BAD_USER_INPUT');
    }
    expect(mailsTo(person.email)).toHaveLength(before);
    expect(server.mailbox.list().some((mail) => mail.to.includes('evil'))).toBe(false);
  });

  it('RC-10 ADV-55 mails the stored address, whichever spelling was typed', async () => {
    const person = await registerPerson(server, {
      email: freshAddress().replace('person', 'Mixed.Case'),
    });
    await server.mutate('requestPasswordReset', { email: person.email.toUpperCase() });
    const mail = await server.nextMail(person.email);
    expect(mail.to).toBe(person.email);
    expect(
      await server.mutate('login', {
        email: person.email.toUpperCase(),
        password: person.password,
      }),
    ).toMatchObject({
      __typename: 'AuthTokens',
      user: { id: person.id, email: person.email },
    });
  });

  it('RL-3 changes nothing about the account: password and sessions stay valid', async () => {
    const person = await registerPerson(server);
    await requestReset(person.email);
    expect(await isSignedIn(person)).toBe(true);
    await signIn(server, person);
  });

  it('RL-9 answers twenty requests alike and sends three mails', async () => {
    const strict = await startTestServer({ config: { rateLimitMultiplier: 1 } });
    try {
      const person = await registerPerson(strict);
      const texts = new Set<string>();
      for (let round = 0; round < 20; round += 1) {
        const answer = await strict.mutate('requestPasswordReset', { email: person.email });
        texts.add(JSON.stringify(answer));
        strict.clock.advance(60);
      }
      expect([...texts]).toEqual([JSON.stringify(accepted)]);
      const first = await strict.nextToken(person.email);
      const second = await strict.nextToken(person.email);
      const third = await strict.nextToken(person.email);
      expect(
        (await strict.allMail(person.email)).filter((mail) => tokenIn(mail) !== null),
      ).toHaveLength(3);
      // The last link stays valid: a flood cannot void the owner's link.
      for (const token of [first, second]) {
        expect(
          await strict.mutate('resetPassword', { token, newPassword: otherPassword }),
        ).toMatchObject(refusedToken);
      }
      expect(
        await strict.mutate('resetPassword', { token: third, newPassword: otherPassword }),
      ).toEqual(accepted);
    } finally {
      await strict.stop();
    }
  });
});

describe('resetPassword', () => {
  it.each(['nonsense', 'A'.repeat(43), '0190a0a0-0000-7000-8000-000000000000', 'x'.repeat(513)])(
    'refuses %s',
    async (token) => {
      const { code } = await reset(token);
      expect(code).toBe(token.length > 512 ? 'VALIDATION_FAILED' : 'INVALID_OR_EXPIRED_TOKEN');
    },
  );

  it('RC-4 counts attempts with tokens by address', async () => {
    const strict = await startTestServer({ config: { rateLimitMultiplier: 1 } });
    try {
      const codes: string[] = [];
      for (let round = 0; round < 62; round += 1) {
        codes.push(
          (await strict.mutate('resetPassword', { token: 'nonsense', newPassword: otherPassword }))
            .code,
        );
      }
      expect(codes.filter((code) => code === 'INVALID_OR_EXPIRED_TOKEN')).toHaveLength(60);
      expect(codes.at(-1)).toBe('RATE_LIMITED');
    } finally {
      await strict.stop();
    }
  });

  it('RC-2 a token has 256 random bits and works once, within an hour', async () => {
    const person = await registerPerson(server);
    const token = await requestReset(person.email);
    expect(token).toMatch(/^[\w-]{43}$/);
    server.clock.advance(3599);
    expect(await reset(token)).toEqual(accepted);
    expect(await reset(token, 'velvet harbor copper lantern')).toMatchObject(refusedToken);

    const late = await requestReset(person.email);
    server.clock.advance(3600);
    expect(await reset(late)).toMatchObject(refusedToken);
  });

  it('RC-2 of ten concurrent uses of one token one succeeds', async () => {
    const person = await registerPerson(server);
    const token = await requestReset(person.email);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => reset(token, `${otherPassword} ${index}`)),
    );
    expect(answers.filter((answer) => answer.accepted)).toHaveLength(1);
    const winner = answers.findIndex((answer) => answer.accepted);
    await signIn(server, { email: person.email, password: `${otherPassword} ${winner}` });
  });

  it('RC-3 a new token revokes the previous one, also with concurrent requests', async () => {
    const person = await registerPerson(server);
    const first = await requestReset(person.email);
    const second = await requestReset(person.email);
    expect(await reset(first)).toMatchObject(refusedToken);
    expect(await reset(second)).toEqual(accepted);

    const another = await registerPerson(server);
    await Promise.all(
      Array.from({ length: 8 }, () =>
        server.mutate('requestPasswordReset', { email: another.email }),
      ),
    );
    const tokens: string[] = [];
    for (let count = 0; count < 8; count += 1) tokens.push(await server.nextToken(another.email));
    const outcomes: boolean[] = [];
    for (const token of tokens) outcomes.push(Boolean((await reset(token)).accepted));
    expect(outcomes.filter(Boolean)).toHaveLength(1);
  });

  it('RC-3 a changed password, a changed address and a deletion revoke the token', async () => {
    const changed = await registerPerson(server);
    const token = await requestReset(changed.email);
    const input = { currentPassword: changed.password, newPassword: otherPassword };
    expect(await server.mutate('changePassword', input, { token: changed.accessToken })).toEqual(
      accepted,
    );
    expect(await reset(token)).toMatchObject(refusedToken);

    const moved = await registerPerson(server);
    const movedToken = await requestReset(moved.email);
    const to = freshAddress();
    const { id } = await server.mutate(
      'requestEmailChange',
      { newEmail: to },
      { token: moved.accessToken },
    );
    const confirmation = { challengeId: id, code: await server.nextCode(to) };
    expect(
      await server.mutate('confirmEmailChange', confirmation, { token: moved.accessToken }),
    ).toMatchObject({
      email: to,
    });
    expect(await reset(movedToken)).toMatchObject(refusedToken);

    const gone = await registerPerson(server);
    const goneToken = await requestReset(gone.email);
    await server.mutate('deleteAccount', { confirmEmail: gone.email }, { token: gone.accessToken });
    expect(await reset(goneToken)).toMatchObject(refusedToken);
  });

  it('RC-4 ADV-56 a scanner that opens the link spends nothing', async () => {
    const person = await registerPerson(server);
    const token = await requestReset(person.email);
    for (const method of ['HEAD', 'GET', 'HEAD', 'GET', 'HEAD', 'GET']) {
      // The app's page, and the same path on this server: APP_URL defaults to its address.
      await fetch(`${server.url}/reset-password#token=${token}`, { method });
      await fetch(`${server.url}/reset-password?token=${token}`, { method });
      const query = encodeURIComponent(
        `mutation { resetPassword(input: { token: "${token}", newPassword: "${otherPassword}" }) ` +
          '{ __typename } }',
      );
      const answer = await fetch(`${server.url}/graphql?query=${query}`, {
        method,
        headers: { 'apollo-require-preflight': '1' },
      });
      expect(answer.status).toBeGreaterThanOrEqual(400);
    }
    expect(await reset(token)).toEqual(accepted);
  });

  it('keeps the link valid where the new password fails the policy', async () => {
    const person = await registerPerson(server);
    const token = await requestReset(person.email);
    expect(await reset(token, 'password1')).toMatchObject({
      code: 'VALIDATION_FAILED',
      fields: [{ path: 'newPassword', code: 'PASSWORD_COMMON' }],
    });
    expect(await reset(token)).toEqual(accepted);
  });

  it('RC-5 RC-6 signs no one in, and ends every session and pending challenge', async () => {
    const person = await registerPerson(server);
    const phone = await signIn(server, person);
    const pending = await server.mutate('requestLoginCode', { email: person.email });
    const pendingCode = await server.nextCode(person.email);
    const change = freshAddress();
    const challenge = await server.mutate(
      'requestEmailChange',
      { newEmail: change },
      { token: phone.accessToken },
    );
    const changeCode = await server.nextCode(change);
    const token = await requestReset(person.email);

    const answer = await server.send(
      'mutation M($input: ResetPasswordInput!) { resetPassword(input: $input) ' +
        '{ __typename ... on AuthAccepted { accepted } } }',
      { input: { token, newPassword: otherPassword } },
    );
    expect(answer.data.resetPassword).toEqual(accepted);
    expect(answer.headers.get('set-cookie')).toBeNull();

    for (const device of [person, phone]) {
      expect(await isSignedIn(device)).toBe(false);
      expect(
        await server.mutate('refreshSession', { refreshToken: device.refreshToken }),
      ).toMatchObject(refusedToken);
    }
    expect(
      await server.mutate('verifyOtp', { challengeId: pending.id, code: pendingCode }),
    ).toMatchObject({
      code: 'INVALID_OR_EXPIRED_CODE',
    });
    expect(
      await server.mutate('login', { email: person.email, password: person.password }),
    ).toMatchObject(wrongCredentials);
    const again = await signIn(server, { email: person.email, password: otherPassword });
    const confirmation = { challengeId: challenge.id, code: changeCode };
    expect(
      await server.mutate('confirmEmailChange', confirmation, { token: again.accessToken }),
    ).toMatchObject({
      code: 'INVALID_OR_EXPIRED_CODE',
    });
  });

  it('RC-8 notifies the owner, without a secret in the mail', async () => {
    const person = await registerPerson(server);
    const token = await requestReset(person.email);
    await server.mutate(
      'resetPassword',
      { token, newPassword: otherPassword },
      {
        headers: {
          'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
        },
      },
    );
    const notice = await server.nextMail(person.email);
    expect(notice.subject).toBe('Your password was reset');
    expect(notice.text).toContain('Device: Firefox on Linux');
    expect(notice.text).toContain(' UTC');
    expect(notice.text).toContain('/forgot-password');
    for (const secret of [token, otherPassword])
      expect(notice.text + notice.html).not.toContain(secret);
    expect(mailsTo(person.email).filter(({ subject }) => subject === notice.subject)).toHaveLength(
      1,
    );
  });

  it('lifts the locks that guessing has caused on the account', async () => {
    const strict = await startTestServer({ config: { rateLimitMultiplier: 1 } });
    try {
      const person = await registerPerson(strict);
      let last = '';
      for (let round = 0; round < 12; round += 1) {
        last = (
          await strict.mutate('login', { email: person.email, password: 'wrong wrong wrong' })
        ).code;
      }
      expect(last).toBe('RATE_LIMITED');
      await strict.mutate('requestPasswordReset', { email: person.email });
      const token = await strict.nextToken(person.email);
      expect(await strict.mutate('resetPassword', { token, newPassword: otherPassword })).toEqual(
        accepted,
      );
      await signIn(strict, { email: person.email, password: otherPassword });
    } finally {
      await strict.stop();
    }
  });
});

describe('a suspended account', () => {
  it('RC-6 gets no link, and an older link does not reinstate it', async () => {
    const person = await registerPerson(server);
    const before = await requestReset(person.email);
    await suspendUser(server, person.id);
    expect(await reset(before)).toMatchObject(refusedToken);
    const mails = mailsTo(person.email).length;
    expect(await server.mutate('requestPasswordReset', { email: person.email })).toEqual(accepted);
    expect(await server.mutate('requestPasswordReset', { email: freshAddress() })).toEqual(
      accepted,
    );
    for (const password of [person.password, otherPassword]) {
      expect(await server.mutate('login', { email: person.email, password })).toMatchObject(
        wrongCredentials,
      );
    }
    expect(mailsTo(person.email)).toHaveLength(mails);
  });
});

describe('an unverified account', () => {
  it('RC-7 ADV-9 ADV-48 is claimed by a reset, which voids a squatter’s setup', async () => {
    const email = freshAddress();
    const squatterPassword = 'velvet harbor copper lantern';
    const squatted = await server.mutate('register', {
      email,
      password: squatterPassword,
      name: 'Squatter',
    });
    const squattersCode = await server.nextCode(email);
    const squattersLogin = await server.mutate('requestLoginCode', { email });
    await server.nextCode(email);

    const token = await requestReset(email);
    expect(await reset(token)).toEqual(accepted);

    expect(await server.mutate('login', { email, password: squatterPassword })).toMatchObject(
      wrongCredentials,
    );
    for (const challengeId of [squatted.id, squattersLogin.id]) {
      expect(await server.mutate('verifyOtp', { challengeId, code: squattersCode })).toMatchObject({
        code: 'INVALID_OR_EXPIRED_CODE',
      });
    }
    const owner = await signIn(server, { email, password: otherPassword });
    const { data } = await server.send(meQuery, {}, { token: owner.accessToken });
    expect(data.me).toMatchObject({ email, emailVerified: true, name: null, roles: [] });
  });

  it.each([
    ['drops the factors that others had set up', null, 'AuthTokens'],
    ['keeps those that the operator has set up', new Date(), 'OtpChallenge'],
  ] as const)('RC-7 a reset %s', async (_, invitedAt, next) => {
    const { id, email, ...person } = await registerPerson(server);
    await enrolTotp(server, { ...person, email });
    await server.app.db
      .update(users)
      .set({ emailVerifiedAt: null, invitedAt })
      .where(eq(users.id, id));
    expect(await reset(await requestReset(email))).toEqual(accepted);
    const answer = await server.mutate('login', { email, password: otherPassword });
    expect(answer.__typename).toBe(next);
  });

  it('ADV-48 the owner verifies their own registration, not another’s password', async () => {
    const email = freshAddress();
    const squatted = await server.mutate('register', {
      email,
      password: 'velvet harbor copper lantern',
    });
    await server.nextCode(email);
    const mine = await server.mutate('register', { email, password: otherPassword, name: 'Owner' });
    const code = await server.nextCode(email);
    expect(await server.mutate('verifyOtp', { challengeId: squatted.id, code })).toMatchObject({
      __typename: 'AuthError',
    });
    const tokens = await server.mutate('verifyOtp', { challengeId: mine.id, code });
    expect(tokens).toMatchObject({ __typename: 'AuthTokens', user: { name: 'Owner' } });
    expect(
      await server.mutate('login', { email, password: 'velvet harbor copper lantern' }),
    ).toMatchObject(wrongCredentials);
    await signIn(server, { email, password: otherPassword });
  });
});
