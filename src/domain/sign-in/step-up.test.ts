import { GraphQLNonNull, type GraphQLOutputType, getNamedType, isLeafType } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publicFields } from '../../graphql/access.ts';
import { authSchema } from '../../graphql/schema.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { enrolTotp, signInWithApp } from '../../testing/authenticator.ts';
import { type MutationName, meQuery } from '../../testing/client.ts';
import { claimsOf, registerWithoutPassword } from '../../testing/factors.ts';
import { freshAddress, goodPassword, registerPerson, signIn } from '../../testing/people.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const refused = (code: string) => ({ __typename: 'AuthError', code });
const someId = '0190a0a0-0000-7000-8000-000000000000';

/**
 * Every sensitive mutation. A code of the app may replace the session's factor proof, never the
 * recent proof.
 */
const sensitive: [MutationName, Record<string, unknown>][] = [
  ['startTotpEnrollment', {}],
  ['confirmTotpEnrollment', { enrollmentId: someId, code: '123456' }],
  ['disableTotp', {}],
  ['disableTotp', { code: '123456' }],
  ['regenerateRecoveryCodes', {}],
  ['regenerateRecoveryCodes', { code: '123456' }],
  // Even an attacker who knows the password still lacks the app.
  ['changePassword', { currentPassword: goodPassword, newPassword: 'walnut ferry copper tuesday' }],
  ['requestEmailChange', { newEmail: 'thief@example.com' }],
  ['revokeSession', { sessionId: someId }],
  ['logout', { everywhere: true }],
  ['exportAccount', {}],
  ['deleteAccount', { confirmEmail: 'thief@example.com' }],
];

describe('a stolen access token by itself', () => {
  it.each(sensitive)(
    'SE-13 OT-15 cannot %s %j, ten minutes after its owner proved who they are',
    async (name, input) => {
      const person = await registerPerson(server);
      const { phone } = await enrolTotp(server, person);
      const { accessToken } = await signInWithApp(server, person, phone);
      server.clock.advance(600);
      const answer = await server.mutate(name, input, { token: accessToken });
      expect(answer).toMatchObject(refused('STEP_UP_REQUIRED'));
      // By another session: `logout` ends its own even so.
      const me = await server.send(meQuery, {}, { token: person.accessToken });
      expect(me.data.me.totpEnabled).toBe(true);
    },
  );

  it.each(
    sensitive.filter(([name, input]) => !('code' in input) || name === 'confirmTotpEnrollment'),
  )(
    'SE-13 cannot %s while the app is set up and the session has not proved it, however fresh',
    async (name, input) => {
      const person = await registerPerson(server);
      await enrolTotp(server, person);
      const answer = await server.mutate(name, input, { token: person.accessToken });
      expect(answer).toMatchObject(refused('STEP_UP_REQUIRED'));
    },
  );

  it('SE-13 cannot step up by a refresh, nor by a code without the first step', async () => {
    const person = await registerPerson(server);
    const { phone } = await enrolTotp(server, person);
    const signedIn = await signInWithApp(server, person, phone);
    server.clock.advance(601);
    const refreshed = await server.mutate('refreshSession', {
      refreshToken: signedIn.refreshToken,
    });
    const sender = { token: refreshed.accessToken };
    expect(claimsOf(refreshed.accessToken)['auth_time']).toBe(
      claimsOf(signedIn.accessToken)['auth_time'],
    );
    expect(await server.mutate('disableTotp', {}, sender)).toMatchObject(
      refused('STEP_UP_REQUIRED'),
    );
    const byCode = await server.mutate('disableTotp', { code: phone.nextCode() }, sender);
    expect(byCode).toMatchObject(refused('STEP_UP_REQUIRED'));
    const byPassword = await server.mutate(
      'reauthenticate',
      { password: 'wrong password' },
      sender,
    );
    expect(byPassword).toMatchObject(refused('INVALID_CREDENTIALS'));
  });
});

describe('after a step-up', () => {
  it('OT-15 removes the app and its codes, ends other sessions and tells the owner', async () => {
    const person = await registerPerson(server);
    const { phone, recoveryCodes } = await enrolTotp(server, person);
    const elsewhere = await signInWithApp(server, person, phone);
    const here = await signInWithApp(server, person, phone);
    server.clock.advance(700);
    const aged = { token: here.accessToken };
    expect(await server.mutate('disableTotp', {}, aged)).toMatchObject(refused('STEP_UP_REQUIRED'));
    const challenge = await server.mutate('reauthenticate', { password: person.password }, aged);
    const tokens = await server.mutate(
      'verifyOtp',
      { challengeId: challenge.id, code: phone.nextCode() },
      aged,
    );
    const fresh = { token: tokens.accessToken };
    expect(await server.mutate('disableTotp', {}, fresh)).toMatchObject({ accepted: true });

    expect((await server.send(meQuery, {}, fresh)).data.me.totpEnabled).toBe(false);
    const other = await server.send(meQuery, {}, { token: elsewhere.accessToken });
    expect(other.errors[0]?.extensions).toMatchObject({ reason: 'SESSION_REVOKED' });
    const notice = await server.nextMail(person.email);
    expect(notice.subject).toBe('Your authenticator app was removed');
    expect((await signIn(server, person)).id).toBe(person.id);
    // After a new set-up, the codes of the first set are still void.
    const again = await enrolTotp(server, { ...person, accessToken: tokens.accessToken });
    const login = await server.mutate('login', { email: person.email, password: person.password });
    const old = await server.mutate('verifyOtp', {
      challengeId: login.id,
      code: recoveryCodes[0] ?? '',
    });
    expect(old).toMatchObject(refused('INVALID_OR_EXPIRED_CODE'));
    expect(again.recoveryCodes).toHaveLength(10);
  });

  it('OT-15 a wrong code is refused even where the session has proved the app', async () => {
    const person = await registerPerson(server);
    const { phone } = await enrolTotp(server, person);
    const here = await signInWithApp(server, person, phone);
    const answer = await server.mutate(
      'disableTotp',
      { code: phone.wrongCode() },
      { token: here.accessToken },
    );
    expect(answer).toMatchObject(refused('INVALID_OR_EXPIRED_CODE'));
    expect(await server.mutate('disableTotp', {}, { token: here.accessToken })).toMatchObject({
      accepted: true,
    });
    const twice = await server.mutate('disableTotp', {}, { token: here.accessToken });
    expect(twice).toMatchObject(refused('CONFLICT'));
  });

  it('a user without a password proves the mailbox, and the app where there is one', async () => {
    const person = await registerWithoutPassword(server);
    server.clock.advance(700);
    const sender = { token: person.accessToken };
    expect(await server.mutate('startTotpEnrollment', {}, sender)).toMatchObject(
      refused('STEP_UP_REQUIRED'),
    );
    const challenge = await server.mutate('reauthenticate', {}, sender);
    expect(challenge).toMatchObject({ purpose: 'STEP_UP', methods: ['EMAIL'] });
    const mail = await server.nextMail(person.email);
    expect(mail.subject).toBe('Confirm that it is you');
    const code = /^(\d{6})$/m.exec(mail.text)?.[1] ?? '';
    const tokens = await server.mutate('verifyOtp', { challengeId: challenge.id, code }, sender);
    const fresh = { ...person, accessToken: tokens.accessToken };
    const { phone } = await enrolTotp(server, fresh);

    const bearer = { token: fresh.accessToken };
    expect(await server.mutate('regenerateRecoveryCodes', {}, bearer)).toMatchObject(
      refused('STEP_UP_REQUIRED'),
    );
    const next = await server.mutate('reauthenticate', {}, bearer);
    const second = await server.mutate(
      'verifyOtp',
      { challengeId: next.id, code: await server.nextCode(person.email) },
      bearer,
    );
    expect(second).toMatchObject({ purpose: 'STEP_UP', methods: ['TOTP', 'RECOVERY_CODE'] });
    const complete = await server.mutate(
      'verifyOtp',
      { challengeId: second.id, code: phone.nextCode() },
      bearer,
    );
    expect(complete).toMatchObject({ __typename: 'AuthTokens', session: { methods: ['otp'] } });
    const renewed = await server.mutate(
      'regenerateRecoveryCodes',
      {},
      { token: complete.accessToken },
    );
    expect(renewed.codes).toHaveLength(10);
  });
});

describe('a mailed code', () => {
  it('OT-9 is never called mfa, and is no second factor beside the password', async () => {
    const person = await registerPerson(server);
    const challenge = await server.mutate('requestLoginCode', { email: person.email });
    const byMail = await server.mutate('verifyOtp', {
      challengeId: challenge.id,
      code: await server.nextCode(person.email),
    });
    expect(claimsOf(byMail.accessToken)['amr']).toEqual(['otp']);
    const { phone } = await enrolTotp(server, { ...person, accessToken: byMail.accessToken });
    const login = await server.mutate('login', { email: person.email, password: person.password });
    expect(login.methods).toEqual(['TOTP', 'RECOVERY_CODE']);
    const stillMissing = await server.mutate('resendOtp', { challengeId: login.id });
    expect(stillMissing).toMatchObject(refused('INVALID_OR_EXPIRED_CODE'));
    const tokens = await server.mutate('verifyOtp', {
      challengeId: login.id,
      code: phone.nextCode(),
    });
    expect(claimsOf(tokens.accessToken)['amr']).toEqual(['pwd', 'otp', 'mfa']);
  });
});

describe('before the password is right', () => {
  it('EN-5 ADV-49 does not reveal an app: wrong passwords get byte-identical answers', async () => {
    const plain = await registerPerson(server);
    const guarded = await registerPerson(server);
    await enrolTotp(server, guarded);
    const unverified = freshAddress();
    await server.mutate('register', { email: unverified, password: goodPassword });
    const text = `mutation L($input: LoginInput!) { login(input: $input) { __typename
      ... on AuthError { code message fields { path code } retryAfter }
      ... on OtpChallenge { id methods } } }`;
    const answers = await Promise.all(
      [plain.email, guarded.email, unverified, freshAddress()].map((email) =>
        server.send(text, { input: { email, password: 'not the password' } }),
      ),
    );
    const shapes = answers.map((answer) => {
      const headers = Object.fromEntries(
        [...answer.headers].filter(([name]) => !['date', 'x-request-id'].includes(name)),
      );
      return JSON.stringify({ status: answer.status, text: answer.text, headers });
    });
    expect(new Set(shapes).size).toBe(1);
    expect(answers[0]?.data.login).toMatchObject(refused('INVALID_CREDENTIALS'));
    // ADV-49: with the right password of an account that may not sign in, the answer is still the
    // same.
    const right = await server.send(text, { input: { email: unverified, password: goodPassword } });
    expect(right.text).toBe(answers[0]?.text);
  });
});

describe('restricted states', () => {
  const closedFields = [authSchema().getQueryType(), authSchema().getMutationType()].flatMap(
    (type) =>
      Object.values(type?.getFields() ?? {})
        .filter((field) => type && !publicFields.has(`${type.name}.${field.name}`))
        .map((field) => ({
          operation: type === authSchema().getQueryType() ? 'query' : 'mutation',
          field,
        })),
  );

  /** The text of an operation that asks for a field with valid input. */
  function documentOf({ operation, field }: (typeof closedFields)[number]): string {
    const parameters = field.args
      .filter((argument) => argument.type instanceof GraphQLNonNull)
      .map((argument) => `$${argument.name}: ${argument.type}`);
    const variables = field.args.filter((argument) => argument.type instanceof GraphQLNonNull);
    const call =
      variables.length === 0
        ? ''
        : `(${variables.map(({ name }) => `${name}: $${name}`).join(' ')})`;
    const head = parameters.length === 0 ? operation : `${operation} X(${parameters.join(' ')})`;
    return `${head} { ${field.name}${call} ${selectionOf(field.type)} }`;
  }

  function selectionOf(type: GraphQLOutputType): string {
    return isLeafType(getNamedType(type)) ? '' : '{ __typename }';
  }

  const input = {
    code: '123456',
    enrollmentId: someId,
    sessionId: someId,
    challengeId: someId,
    userId: someId,
    passkeyId: someId,
    identityId: someId,
    providerId: 'google',
    returnTo: 'https://app.example.com/signed-in',
    codeChallenge: someId,
    ticket: someId,
    codeVerifier: someId,
    name: 'Key',
    credential: {},
    currentPassword: goodPassword,
    newPassword: goodPassword,
    newEmail: 'new@example.com',
    confirmEmail: 'new@example.com',
    email: 'new@example.com',
    reason: 'because',
    roles: [],
  };

  it.each(closedFields.map((entry) => [entry.field.name, entry] as const))(
    'AZ-8 OT-6 a caller who has not finished signing in may not call %s',
    async (_, entry) => {
      const pending = await pendingStates();
      const known = entry.field.args.find(({ name }) => name === 'input');
      const wanted = known && 'ofType' in known.type ? known.type.ofType : undefined;
      const names = wanted && 'getFields' in wanted ? Object.keys(wanted.getFields()) : [];
      const fitting = Object.fromEntries(
        Object.entries(input).filter(([name]) => names.includes(name)),
      );
      const variables = { input: fitting, id: someId, ids: [someId], representations: [] };
      for (const [state, sender] of Object.entries(pending)) {
        const answer = await server.send(documentOf(entry), variables, sender);
        expect([state, answer.errors[0]?.extensions.code]).toEqual([state, 'UNAUTHENTICATED']);
        expect(answer.data?.[entry.field.name] ?? null).toBeNull();
      }
    },
  );

  it('AZ-8 steps cannot be skipped or swapped', async () => {
    const person = await registerPerson(server);
    const { phone } = await enrolTotp(server, person);
    const mailed = await server.mutate('requestLoginCode', { email: person.email });
    const skipped = await server.mutate('verifyOtp', {
      challengeId: mailed.id,
      code: phone.nextCode(),
    });
    expect(skipped).toMatchObject(refused('INVALID_OR_EXPIRED_CODE'));
    const code = await server.nextCode(person.email);
    const login = await server.mutate('login', { email: person.email, password: person.password });
    const swapped = await server.mutate('verifyOtp', {
      challengeId: login.id,
      code,
      method: 'EMAIL',
    });
    expect(swapped).toMatchObject(refused('INVALID_OR_EXPIRED_CODE'));
  });

  let made: Promise<Record<string, { token?: string }>> | undefined;

  /** Everything that a caller holds who has begun to sign in, sent in place of an access token. */
  function pendingStates(): Promise<Record<string, { token?: string }>> {
    made ??= (async () => {
      const registered = await server.mutate('register', {
        email: freshAddress(),
        password: goodPassword,
      });
      const person = await registerPerson(server);
      await enrolTotp(server, person);
      const login = await server.mutate('login', {
        email: person.email,
        password: person.password,
      });
      const stepUp = await server.mutate(
        'reauthenticate',
        { password: person.password },
        { token: person.accessToken },
      );
      const mailed = await server.mutate('requestLoginCode', { email: person.email });
      return {
        anonymous: {},
        'registered, not verified': { token: registered.id },
        'password proved, app not': { token: login.id },
        'stepping up': { token: stepUp.id },
        'code mailed': { token: mailed.id },
        'a refresh token': { token: person.refreshToken },
      };
    })();
    return made;
  }
});
