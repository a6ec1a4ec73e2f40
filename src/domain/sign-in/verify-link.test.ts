import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeIn, linkTokenIn, startTestServer, type TestServer } from '../../testing/app.ts';
import { authenticator, enrolTotp } from '../../testing/authenticator.ts';
import { freshAddress, goodPassword, type Person, registerPerson } from '../../testing/people.ts';
import { rawSql } from '../../testing/raw-sql.ts';
import { auditOf, suspendUser } from '../../testing/rows.ts';

const otherPassword = 'copper willow thunder market';
const refusedToken = { __typename: 'AuthError', code: 'INVALID_OR_EXPIRED_TOKEN' };

let server: TestServer;
let sql: postgres.Sql;
beforeAll(async () => {
  server = await startTestServer();
  sql = rawSql(server);
});
afterAll(async () => {
  await sql.end();
  await server.stop();
});

const as = ({ accessToken }: Pick<Person, 'accessToken'>) => ({ token: accessToken });
const open = (input: Record<string, unknown>) => server.mutate('verifyLink', input);

async function register(options: { email?: string; password?: string; name?: string } = {}) {
  const { email = freshAddress(), password = goodPassword, name = 'Ada' } = options;
  const challenge = await server.mutate('register', { email, password, name });
  return { email, password, challengeId: String(challenge.id), ...(await nextLinkMail(email)) };
}

async function requestLogin(email: string) {
  const challenge = await server.mutate('requestLoginCode', { email });
  return { challengeId: String(challenge.id), ...(await nextLinkMail(email)) };
}

/** The next mail that has a link for `verifyLink`. */
async function nextLinkMail(email: string) {
  for (;;) {
    const mail = await server.nextMail(email);
    const token = linkTokenIn(mail);
    if (token !== null) return { token, code: codeIn(mail) ?? '', mail };
  }
}

describe('X-1 verifyLink refuses', () => {
  it('what is no token, by name and rule', async () => {
    for (const input of [{ token: '' }, { token: 'x'.repeat(513) }])
      expect(await open(input)).toMatchObject({
        code: 'VALIDATION_FAILED',
        fields: [{ path: 'token' }],
      });
    expect(await open({ token: 'x', password: '' })).toMatchObject({
      code: 'VALIDATION_FAILED',
      fields: [{ path: 'password', code: 'REQUIRED' }],
    });
  });

  it('an unknown token, the id of a challenge, and a token of another kind', async () => {
    const { challengeId, code } = await register();
    const person = await registerPerson(server);
    await server.mutate('requestPasswordReset', { email: person.email });
    const reset = await server.nextToken(person.email);
    for (const token of ['made-up', challengeId, code, reset, person.refreshToken])
      expect(await open({ token, challengeId })).toMatchObject(refusedToken);
  });

  it('RC-2 a token that was used, replaced by a resend, or is ten minutes old', async () => {
    const used = await register();
    expect((await open({ token: used.token })).__typename).toBe('AuthTokens');
    expect(await open({ token: used.token })).toMatchObject(refusedToken);
    const { token, challengeId } = used;
    expect(await open({ token, challengeId })).toMatchObject(refusedToken);

    const resent = await register();
    server.clock.advance(31);
    await server.mutate('resendOtp', { challengeId: resent.challengeId });
    const newer = await server.nextLink(resent.email);
    expect(await open({ token: resent.token })).toMatchObject(refusedToken);
    expect((await open({ token: newer })).__typename).toBe('AuthTokens');

    const late = await register();
    server.clock.advance(600);
    expect(await open({ token: late.token })).toMatchObject(refusedToken);
  });

  it('the link once its code was used, and the code once its link was', async () => {
    const byCode = await register();
    const { challengeId, code, token } = byCode;
    expect((await server.mutate('verifyOtp', { challengeId, code })).__typename).toBe('AuthTokens');
    expect(await open({ token })).toMatchObject(refusedToken);
    const byLink = await register();
    expect((await open({ token: byLink.token })).__typename).toBe('AuthTokens');
    expect(
      await server.mutate('verifyOtp', { challengeId: byLink.challengeId, code: byLink.code }),
    ).toMatchObject({ code: 'INVALID_OR_EXPIRED_CODE' });
  });

  it('RC-3 the links of an account after a reset, a change of password or address', async () => {
    const person = await registerPerson(server);
    const { token } = await requestLogin(person.email);
    await server.mutate(
      'changePassword',
      { currentPassword: goodPassword, newPassword: otherPassword },
      as(person),
    );
    expect(await open({ token })).toMatchObject(refusedToken);
    const again = await requestLogin(person.email);
    await server.mutate('requestPasswordReset', { email: person.email });
    const reset = await server.nextToken(person.email);
    await server.mutate('resetPassword', { token: reset, newPassword: goodPassword });
    expect(await open({ token: again.token })).toMatchObject(refusedToken);
  });

  it('RC-6 the links of an account that was suspended meanwhile', async () => {
    const person = await registerPerson(server);
    const { token } = await requestLogin(person.email);
    await suspendUser(server, person.id);
    expect(await open({ token })).toMatchObject(refusedToken);
  });

  it('another password than that of the registration, and leaves the link valid', async () => {
    const { token, email } = await register();
    const wrong = await open({ token, password: otherPassword });
    expect(wrong).toMatchObject({ code: 'INVALID_CREDENTIALS' });
    expect(wrong.message).not.toContain(otherPassword);
    const tokens = await open({ token, password: goodPassword });
    expect(tokens).toMatchObject({ __typename: 'AuthTokens', user: { email, name: 'Ada' } });
    expect(await auditOf(server, tokens.user.id, 'otp.failed')).toMatchObject([
      { detail: { purpose: 'VERIFY_EMAIL', method: 'LINK' } },
    ]);
  });

  it('the challenge of a step-up and of a new address, whose mails have no link', async () => {
    const person = await registerPerson(server);
    await server.mutate('reauthenticate', {}, as(person));
    expect(linkTokenIn(await server.nextMail(person.email))).toBeNull();
    const to = freshAddress();
    await server.mutate('requestEmailChange', { newEmail: to }, as(person));
    expect(linkTokenIn(await server.nextMail(to))).toBeNull();
    const rows = await sql`
      select 1 from otp_challenges where purpose in ('STEP_UP', 'CHANGE_EMAIL')
        and link_hash is not null`;
    expect(rows).toHaveLength(0);
  });
});

describe('X-1 verifyLink', () => {
  it('RC-2 has 256 bits of its own in the fragment alone, stored as a hash', async () => {
    const { token, challengeId, code, mail } = await register();
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    const url = new URL(/https?:\S+\/verify\S*/.exec(mail.text)?.[0] ?? '');
    expect(url.search).toBe('');
    expect(url.hash).toBe(`#token=${token}`);
    for (const text of [mail.text, mail.html]) expect(text).not.toContain(challengeId);
    expect(url.href).not.toContain(code);
    const rows = await sql`select row_to_json(c)::text as row from otp_challenges c`;
    for (const { row } of rows) expect(row).not.toContain(token);
  });

  it('RC-4 is not spent by opening the link', async () => {
    const { token } = await register();
    for (const method of ['HEAD', 'GET', 'HEAD', 'GET'])
      for (const path of [`/verify?token=${token}`, `/verify#token=${token}`])
        await fetch(`${server.url}${path}`, { method });
    expect((await open({ token })).__typename).toBe('AuthTokens');
  });

  it('OT-3 works when others have used up the tries and the budget of the codes', async () => {
    const person = await registerPerson(server);
    const { challengeId, token, code } = await requestLogin(person.email);
    for (let tries = 0; tries < 6; tries += 1)
      await server.mutate('verifyOtp', { challengeId, code: '000000' });
    const right = await server.mutate('verifyOtp', { challengeId, code });
    expect(right).toMatchObject({ code: 'INVALID_OR_EXPIRED_CODE' });
    expect((await open({ token })).user.id).toBe(person.id);
  });

  it('ADV-29 opens one session for twenty callers at once', async () => {
    const { token } = await register();
    const answers = await Promise.all(Array.from({ length: 20 }, () => open({ token })));
    expect(answers.filter(({ __typename }) => __typename === 'AuthTokens')).toHaveLength(1);
  });

  it('OT-17 asks for the second factor afterwards, as after any first step', async () => {
    const person = await registerPerson(server);
    const { phone } = await enrolTotp(server, person);
    const { token } = await requestLogin(person.email);
    const challenge = await open({ token });
    expect(challenge).toMatchObject({
      __typename: 'OtpChallenge',
      purpose: 'LOGIN',
      methods: ['TOTP', 'RECOVERY_CODE'],
      sentTo: null,
    });
    const code = authenticator(server, phone.secret).nextCode();
    const tokens = await server.mutate('verifyOtp', { challengeId: challenge.id, code });
    expect(tokens.user.id).toBe(person.id);
    expect(tokens.session.methods).toContain('otp');
  });

  it('ignores a stale bearer, and can deliver into the cookie', async () => {
    const { token } = await register();
    const headers = { 'sec-fetch-site': 'same-origin' };
    const input = { token, tokenDelivery: 'COOKIE' };
    const tokens = await server.mutate('verifyLink', input, { token: 'stale', headers });
    expect(tokens).toMatchObject({ __typename: 'AuthTokens', refreshToken: null });
  });

  it('X-2 is counted against floods by address, which do not shut a valid link', async () => {
    const strict = await server.another({ rateLimitMultiplier: 1 });
    const { token } = await register();
    for (let tries = 0; tries < 60; tries += 1) await strict.mutate('verifyLink', { token: 'x' });
    expect((await strict.mutate('verifyLink', { token: 'x' })).code).toBe('RATE_LIMITED');
    // A link that is valid proves the mailbox: others at the address do not shut it.
    expect((await strict.mutate('verifyLink', { token })).__typename).toBe('AuthTokens');
    await strict.stop();
  });

  it('gives an account without a password, which takes one with no current password', async () => {
    const { token, email } = await register({ password: otherPassword });
    const tokens = await open({ token });
    expect(tokens).toMatchObject({ __typename: 'AuthTokens', user: { email, name: null } });
    const login = (password: string) => server.mutate('login', { email, password });
    expect((await login(otherPassword)).code).toBe('INVALID_CREDENTIALS');
    const set = (input: Record<string, unknown>) =>
      server.mutate('changePassword', { newPassword: goodPassword, ...input }, as(tokens));
    expect((await set({ currentPassword: null })).__typename).toBe('AuthAccepted');
    expect((await login(goodPassword)).__typename).toBe('AuthTokens');
    expect(await set({ newPassword: otherPassword })).toMatchObject({
      code: 'VALIDATION_FAILED',
      fields: [{ path: 'currentPassword', code: 'REQUIRED' }],
    });
  });
});
