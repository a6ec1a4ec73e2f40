import { GraphQLInputObjectType, type GraphQLInputType, getNamedType } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { administrativeFields, makeAdministrator } from '../testing/administrators.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { meQuery, mutationText } from '../testing/client.ts';
import { gatewayToken } from '../testing/doors.ts';
import { getTicket, linkByProvider, withProviders } from '../testing/identities.ts';
import { startIdentityProvider, type TestIdentityProvider } from '../testing/identity-provider.ts';
import { newSigner, registerPasskey } from '../testing/passkeys.ts';
import { freshAddress, goodPassword, type Person, registerPerson } from '../testing/people.ts';
import { auditOf } from '../testing/rows.ts';
import { gatewayFields } from './access.ts';
import { authSchema } from './schema.ts';

/**
 * The caller's own objects that an argument names by id. A new one also belongs in the test of
 * ADV-14 below.
 */
const namedById = [
  'confirmEmailChange.challengeId',
  'confirmPasskeyRegistration.challengeId',
  'confirmTotpEnrollment.enrollmentId',
  'loginWithIdToken.nonceId',
  'removePasskey.passkeyId',
  'renamePasskey.passkeyId',
  'resendOtp.challengeId',
  'revokeSession.sessionId',
  'unlinkIdentity.identityId',
  'verifyLink.challengeId',
  'verifyOtp.challengeId',
  'verifyPasskey.challengeId',
];

type Argument = { readonly of: string; readonly name: string };

function argumentsOf(of: string, name: string, type: GraphQLInputType): Argument[] {
  const named = getNamedType(type);
  if (!(named instanceof GraphQLInputObjectType)) return [{ of, name }];
  return Object.values(named.getFields()).flatMap((field) =>
    argumentsOf(of, field.name, field.type),
  );
}

/**
 * Every argument, nested ones included, of the operations on the caller's own account and of the
 * fields of their results.
 */
const selfService: Argument[] = Object.values(authSchema().getTypeMap()).flatMap((type) => {
  if (
    type.name.startsWith('__') ||
    !('getFields' in type) ||
    type instanceof GraphQLInputObjectType
  )
    return [];
  return Object.values(type.getFields()).flatMap((field) => {
    const coordinate = `${type.name}.${field.name}`;
    if (administrativeFields.has(coordinate) || gatewayFields.has(coordinate) || !('args' in field))
      return [];
    return field.args.flatMap((argument) => argumentsOf(field.name, argument.name, argument.type));
  });
});

let provider: TestIdentityProvider;
let server: TestServer;
let ada: Person;
let bob: Person;
beforeAll(async () => {
  provider = await startIdentityProvider();
  server = await startTestServer({
    config: { gatewayToken, ...withProviders([provider.entry()]) },
  });
  ada = await registerPerson(server, { name: 'Ada' });
  bob = await registerPerson(server, { name: 'Bob' });
});
afterAll(async () => {
  await server.stop();
  await provider.stop();
});

const meOf = async (person: Person) =>
  (await server.send(meQuery, {}, { token: person.accessToken })).data.me;

describe('operations on one’s own account', () => {
  it('AZ-2 take no user id: the access token identifies the user', () => {
    expect(selfService.length).toBeGreaterThan(30);
    expect(
      selfService.filter(({ name }) =>
        /^(user|account|owner|subject|sub|actor|person)(Ids?)?$/i.test(name),
      ),
    ).toEqual([]);
    const ids = selfService
      // A provider is the operator's.
      .filter(({ name }) => /id$/i.test(name) && name !== 'providerId')
      .map(({ of, name }) => `${of}.${name}`);
    expect(ids.sort()).toEqual(namedById);
  });

  it('AZ-2 ADV-4 change no other account, wherever the request names its id', async () => {
    const before = await meOf(bob);
    for (const key of ['userId', 'id', 'sub', 'accountId']) {
      const input = { name: 'Mallory', [key]: bob.id };
      const answer = await server.send(
        mutationText('updateProfile'),
        { input },
        { token: ada.accessToken },
      );
      expect(answer.status).toBe(400);
      expect(answer.data).toBeNull();
    }
    const spoofed = {
      'x-user-id': bob.id,
      'x-auth-user': bob.id,
      'x-session-id': bob.sessionId,
      'x-hasura-user-id': bob.id,
      cookie: `userId=${bob.id}`,
    };
    const answer = await fetch(`${server.url}/graphql?userId=${bob.id}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${ada.accessToken}`,
        ...spoofed,
      },
      body: JSON.stringify({
        query: mutationText('updateProfile'),
        variables: { input: { name: 'Ada L.' }, userId: bob.id },
        userId: bob.id,
        extensions: { userId: bob.id, authorization: `Bearer ${bob.accessToken}` },
      }),
    });
    expect(JSON.parse(await answer.text()).data.updateProfile).toMatchObject({
      id: ada.id,
      name: 'Ada L.',
    });
    // These values do not sign the caller in either.
    const anonymous = await server.send(meQuery, { userId: bob.id }, { headers: spoofed });
    expect(anonymous.data.me).toBeNull();
    expect(await meOf(bob)).toEqual(before);
  });

  it('ADV-14 answer the same for an object of another user as for a missing one', async () => {
    const asAda = { token: ada.accessToken };
    const asBob = { token: bob.accessToken };
    const newEmail = freshAddress();
    const change = await server.mutate('requestEmailChange', { newEmail }, asBob);
    const code = await server.nextCode(newEmail);
    const enrollment = await server.mutate('startTotpEnrollment', {}, asBob);
    const nowhere = '0190a0a0-0000-7000-8000-000000000000';
    const { id: passkeyId } = await registerPasskey(server, bob, newSigner());
    const { id: identityId } = await linkByProvider(server, provider, bob);
    const bobs = { sender: asBob, mutation: 'startIdentityLink' } as const;
    const ticket = await getTicket(server, provider, bobs);
    const ceremony = await server.mutate('startPasskeyRegistration', {}, asBob);
    const credential = newSigner().register(ceremony.options);
    for (const [name, input, missing] of [
      ['revokeSession', { sessionId: bob.sessionId }, { sessionId: nowhere }],
      [
        'confirmEmailChange',
        { challengeId: change.id, code },
        { challengeId: 'x'.repeat(32), code },
      ],
      [
        'confirmTotpEnrollment',
        { enrollmentId: enrollment.id, code: '123456' },
        { enrollmentId: nowhere, code: '123456' },
      ],
      ['renamePasskey', { passkeyId, name: 'Mine' }, { passkeyId: nowhere, name: 'Mine' }],
      ['removePasskey', { passkeyId }, { passkeyId: nowhere }],
      ['unlinkIdentity', { identityId }, { identityId: nowhere }],
      ['completeIdentityLink', ticket, { ...ticket, ticket: 'x'.repeat(43) }],
      [
        'confirmPasskeyRegistration',
        { challengeId: ceremony.id, credential },
        { challengeId: 'x'.repeat(32), credential },
      ],
    ] as const) {
      const refused = await server.mutate(name, input, asAda);
      expect(refused.__typename).toBe('AuthError');
      expect(await server.mutate(name, missing, asAda)).toEqual(refused);
    }
    expect((await meOf(ada)).email).toBe(ada.email);
    // Bob's session, challenge and enrolment are unchanged.
    const confirmed = await server.mutate(
      'confirmEmailChange',
      { challengeId: change.id, code },
      asBob,
    );
    expect(confirmed).toMatchObject({ id: bob.id, email: newEmail });
    bob = { ...bob, email: newEmail };
  });
});

describe('fields that an owner may not write', () => {
  const forbidden = [
    'id',
    'role',
    'roles',
    'isAdmin',
    'admin',
    'status',
    'verified',
    'emailVerified',
    'emailVerifiedAt',
    'suspendedAt',
    'totpEnabled',
    'passwordHash',
    'createdAt',
    'lastLoginAt',
  ];

  it('AZ-5 ADV-30 are in no input of self-service operations', () => {
    const words = [
      /^(is)?(admin|roles?|status|verified|passwordHash|createdAt)$/i,
      /^(is)?(emailVerified|suspended|totpEnabled)\w*$/i,
    ];
    const found = selfService.filter(({ name }) => words.some((word) => word.test(name)));
    expect(found).toEqual([]);
  });

  it.each(forbidden)(
    'AZ-5 ADV-30 register and updateProfile refuse "%s" and change nothing',
    async (key) => {
      for (const value of ['ADMIN', true, ['admin'], '2020-01-01T00:00:00Z']) {
        const email = freshAddress();
        const asked = { email, password: goodPassword, [key]: value };
        const registration = await server.send(mutationText('register'), { input: asked });
        expect(registration.status).toBe(400);
        expect(registration.data).toBeNull();
        const input = { name: 'Changed', [key]: value };
        const profile = await server.send(
          mutationText('updateProfile'),
          { input },
          { token: ada.accessToken },
        );
        expect(profile.status).toBe(400);
        server.app.wakeOutbox();
        expect(server.mailbox.list().filter(({ to }) => to === email)).toEqual([]);
      }
      expect((await meOf(ada)).name).not.toBe('Changed');
    },
  );

  it('AZ-5 ADV-30 register and updateProfile set no role and no status', async () => {
    const email = freshAddress();
    await server.mutate('register', {
      email,
      password: goodPassword,
      name: '{"roles":["admin"],"emailVerified":true}',
    });
    expect(await server.mutate('login', { email, password: goodPassword })).toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
    const person = await registerPerson(server, { name: '__proto__' });
    await server.mutate('updateProfile', { name: 'roles' }, { token: person.accessToken });
    expect(await meOf(person)).toMatchObject({
      roles: [],
      status: 'ACTIVE',
      totpEnabled: false,
      id: person.id,
    });
  });
});

describe('data loaded for one request', () => {
  it('GQ-18 is not shared: concurrent callers each see a user as they are allowed to', async () => {
    const administrator = await makeAdministrator(server);
    const query =
      'query Q($ids: [ID!]!) { usersByIds(ids: $ids) { id email status lastLoginAt totpEnabled } }';
    const headers = { 'x-gateway-token': gatewayToken };
    const callers = [
      { who: 'self', sender: { token: ada.accessToken, headers } },
      { who: 'other', sender: { token: bob.accessToken, headers } },
      { who: 'gateway', sender: { headers } },
      { who: 'admin', sender: { token: administrator.accessToken } },
      { who: 'anonymous', sender: {} },
      { who: 'user', sender: { token: bob.accessToken } },
    ];
    const asked = Array.from(
      { length: 60 },
      (_, n) => callers[n % callers.length] ?? { who: '', sender: {} },
    );
    const answers = await Promise.all(
      asked.map(({ sender }) => server.send(query, { ids: [ada.id] }, sender)),
    );
    for (const [n, { who }] of asked.entries()) {
      const answer = answers[n];
      const [shown] = answer?.data?.usersByIds ?? [];
      if (who === 'anonymous' || who === 'user') {
        expect(answer?.errors[0]?.extensions.code).toMatch(/^(UNAUTHENTICATED|FORBIDDEN)$/);
        expect(answer?.text).not.toContain(ada.email);
      } else {
        const personal = who === 'self' || who === 'admin';
        expect(shown).toMatchObject({
          id: ada.id,
          email: personal ? ada.email : null,
          status: personal ? 'ACTIVE' : null,
        });
        expect(shown.totpEnabled).toBe(personal ? false : null);
      }
    }
  });

  it('GQ-18 is not reused by the next request: a change is visible at once', async () => {
    const query = 'query Q($ids: [ID!]!) { usersByIds(ids: $ids) { name } }';
    const sender = { headers: { 'x-gateway-token': gatewayToken } };
    for (const name of ['One', 'Two', 'Three']) {
      await server.mutate('updateProfile', { name }, { token: ada.accessToken });
      const answer = await server.send(query, { ids: [ada.id, ada.id] }, sender);
      expect(answer.data.usersByIds).toEqual([{ name }, { name }]);
    }
  });
});

describe('the audit trail', () => {
  it('ADV-59 records a sign-in once it succeeds, not when its code is sent', async () => {
    const opened = async (id: string) => (await auditOf(server, id, 'session.opened')).length;
    const person = await registerPerson(server);
    const before = await opened(person.id);
    const challenge = await server.mutate('requestLoginCode', { email: person.email });
    const code = await server.nextCode(person.email);
    server.clock.advance(31);
    await server.mutate('resendOtp', { challengeId: challenge.id });
    await server.mutate('verifyOtp', {
      challengeId: challenge.id,
      code: code === '000000' ? '000001' : '000000',
    });
    await server.mutate('login', { email: person.email, password: 'wrong words' });
    expect(await opened(person.id)).toBe(before);
    const sent = await server.nextCode(person.email);
    expect(
      (await server.mutate('verifyOtp', { challengeId: challenge.id, code: sent })).__typename,
    ).toBe('AuthTokens');
    expect(await opened(person.id)).toBe(before + 1);
  });

  it('ADV-59 records no sign-in before the second factor is verified', async () => {
    const administrator = await makeAdministrator(server);
    const opened = async () => (await auditOf(server, administrator.id, 'session.opened')).length;
    const before = await opened();
    const challenge = await server.mutate('login', {
      email: administrator.email,
      password: administrator.password,
    });
    expect(challenge.__typename).toBe('OtpChallenge');
    await server.mutate('verifyOtp', {
      challengeId: challenge.id,
      code: administrator.phone.wrongCode(),
    });
    expect(await opened()).toBe(before);
    const code = administrator.phone.nextCode();
    expect((await server.mutate('verifyOtp', { challengeId: challenge.id, code })).__typename).toBe(
      'AuthTokens',
    );
    expect(await opened()).toBe(before + 1);
  });
});
