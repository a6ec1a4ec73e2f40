import { getNamedType, isInputObjectType, isUnionType } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setUserRoles } from '../db/queries/user-administration.ts';
import { auditEvents } from '../db/tables/audit-events.ts';
import { type Administrator, makeAdministrator } from '../testing/administrators.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { signInWithApp } from '../testing/authenticator.ts';
import { type Answer, meQuery } from '../testing/client.ts';
import {
  freshAddress,
  goodPassword,
  type Person,
  registerPerson,
  signIn,
} from '../testing/people.ts';
import { authSchema } from './schema.ts';

let server: TestServer;
let admin: Administrator;
beforeAll(async () => {
  server = await startTestServer();
  admin = await makeAdministrator(server);
});
afterAll(() => server.stop());

const someId = '0190a0a0-0000-7000-8000-000000000000';
/** Every administrative query, with valid arguments. */
const queries: Readonly<Record<string, string>> = {
  users: 'users { totalCount edges { node { id email } } }',
  user: `user(id: "${someId}") { id }`,
  administrators: 'administrators { id email lastLoginAt }',
  overview: 'overview { findings { check status message advice } signIns countLimit since }',
  signingKeys: 'signingKeys { id algorithm current standby }',
  auditEvents: 'auditEvents { edges { node { id type actor { id email } subject { id email } } } }',
};
const mutations: Readonly<Record<string, string>> = {
  createUser: `{ email: "not-an-address" }`,
  deleteUser: `{ userId: "${someId}" }`,
  suspendUser: `{ userId: "${someId}", reason: "test" }`,
  reinstateUser: `{ userId: "${someId}" }`,
  setUserMetadata: `{ userId: "${someId}", publicMetadata: { plan: "free" } }`,
  setUserRoles: `{ userId: "${someId}", roles: [] }`,
  revokeUserSessions: `{ userId: "${someId}" }`,
  revokeUserSession: `{ userId: "${someId}", sessionId: "${someId}" }`,
  resetUserPassword: `{ userId: "${someId}", reason: "test" }`,
  resetUserFactors: `{ userId: "${someId}", reason: "test" }`,
  unlinkUserIdentity: `{ userId: "${someId}", identityId: "${someId}", reason: "test" }`,
};

const ask = (name: string, token?: string): Promise<Answer> =>
  server.send(`{ ${queries[name]} }`, {}, { token });
const change = (name: string, token?: string): Promise<Answer> =>
  server.send(
    `mutation { ${name}(input: ${mutations[name]}) { __typename ... on AuthError { code } } }`,
    {},
    { token },
  );

const as = (person: Pick<Person, 'accessToken'>) => ({ token: person.accessToken });

async function makeAdminWithoutApp(): Promise<Person> {
  const person = await registerPerson(server);
  await setUserRoles(server.app.db, { id: person.id, roles: ['admin'] });
  return person;
}

describe('access to administration', () => {
  it('AZ-4 AZ-1 the tests below cover every administrative field', () => {
    const fields = Object.values(authSchema().getMutationType()?.getFields() ?? {});
    const administrative = fields.filter(
      (field) => /User/.test(field.name) && isUnionType(getNamedType(field.type)),
    );
    expect(administrative.map(({ name }) => name).sort()).toEqual(Object.keys(mutations).sort());
  });

  describe.each(Object.keys(queries))('%s', (name) => {
    it('AZ-4 is refused to anonymous callers', async () => {
      const answer = await ask(name);
      expect(answer.errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
      expect(answer.data?.[name] ?? null).toBeNull();
    });

    it('AZ-4 is refused to users, and to admins without a second factor', async () => {
      const user = await registerPerson(server);
      const bare = await makeAdminWithoutApp();
      for (const person of [user, bare]) {
        const answer = await ask(name, person.accessToken);
        expect(answer.errors[0]?.extensions.code).toBe('FORBIDDEN');
        expect(answer.data?.[name] ?? null).toBeNull();
      }
      expect((await ask(name, bare.accessToken)).errors[0]?.message).toContain('second factor');
    });

    it('is answered for an admin with a second factor', async () => {
      const answer = await ask(name, admin.accessToken);
      expect(answer.errors).toEqual([]);
    });
  });

  describe.each(Object.keys(mutations))('%s', (name) => {
    it('AZ-4 is refused to anonymous callers and users', async () => {
      expect((await change(name)).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
      const user = await registerPerson(server);
      const answer = await change(name, user.accessToken);
      expect(answer.errors[0]?.extensions.code).toBe('FORBIDDEN');
    });

    it('AZ-4 SE-13 requires the second factor of an admin and a recent step-up', async () => {
      const bare = await makeAdminWithoutApp();
      expect((await change(name, bare.accessToken)).data[name].code).toBe('STEP_UP_REQUIRED');
      const fresh = await signInWithApp(server, admin, admin.phone);
      const reached = (await change(name, fresh.accessToken)).data[name].code;
      expect(reached).toBe(name === 'createUser' ? 'VALIDATION_FAILED' : 'NOT_FOUND');
      server.clock.advance(601);
      expect((await change(name, fresh.accessToken)).data[name].code).toBe('STEP_UP_REQUIRED');
      admin = { ...admin, ...(await signInWithApp(server, admin, admin.phone)) };
    });
  });

  it('OT-9 a mailed code and the app do not count as the two required factors', async () => {
    const challenge = await server.mutate('requestLoginCode', { email: admin.email });
    const next = await server.mutate('verifyOtp', {
      challengeId: challenge.id,
      code: await server.nextCode(admin.email),
    });
    const tokens = await server.mutate('verifyOtp', {
      challengeId: next.id,
      code: admin.phone.nextCode(),
    });
    expect(tokens.session.methods).toEqual(['otp']);
    expect((await ask('users', tokens.accessToken)).errors[0]?.extensions.code).toBe('FORBIDDEN');
    expect((await change('suspendUser', tokens.accessToken)).data.suspendUser.code).toBe(
      'STEP_UP_REQUIRED',
    );
  });

  it('AZ-4 SE-11 the loss of the role takes effect at once on every instance', async () => {
    const other = await makeAdministrator(server);
    const second = await server.another();
    try {
      expect((await second.send(`{ ${queries['user']} }`, {}, as(other))).errors).toEqual([]);
      const changed = await server.mutate(
        'setUserRoles',
        { userId: other.id, roles: ['editor'] },
        as(admin),
      );
      expect(changed).toMatchObject({ __typename: 'User', roles: ['editor'] });
      const refused = await second.send(`{ ${queries['user']} }`, {}, as(other));
      expect(refused.errors[0]?.extensions.code).toBe('FORBIDDEN');
    } finally {
      await second.stop();
    }
  });

  it('AZ-4 the loss of the role takes effect within the same document', async () => {
    const other = await makeAdministrator(server);
    const victim = await registerPerson(server);
    const answer = await server.send(
      `mutation {
        a: setUserRoles(input: { userId: "${other.id}", roles: [] }) { __typename }
        b: suspendUser(input: { userId: "${victim.id}" }) { __typename }
      }`,
      {},
      as(other),
    );
    expect(answer.errors[0]?.extensions.code).toBe('FORBIDDEN');
    expect((await server.send(meQuery, {}, as(victim))).data.me.status).toBe('ACTIVE');
  });
});

describe('the last administrator', () => {
  it('AZ-7 can be neither demoted nor suspended; registering grants no role', async () => {
    const alone = await startTestServer();
    try {
      const first = await registerPerson(alone);
      const me = await alone.send(meQuery, {}, as(first));
      expect(me.data.me.roles).toEqual([]);
      const last = await makeAdministrator(alone);
      const userId = last.id;
      const demoted = await alone.mutate('setUserRoles', { userId, roles: ['editor'] }, as(last));
      expect(demoted).toMatchObject({ __typename: 'AuthError', code: 'CONFLICT' });
      const suspended = await alone.mutate('suspendUser', { userId }, as(last));
      expect(suspended).toMatchObject({ __typename: 'AuthError', code: 'CONFLICT' });
      const kept = await alone.mutate(
        'setUserRoles',
        { userId, roles: ['admin', 'editor', 'admin'] },
        as(last),
      );
      expect(kept).toMatchObject({ __typename: 'User', roles: ['admin', 'editor'] });
    } finally {
      await alone.stop();
    }
  });

  it('AZ-7 stays the last while other admins are suspended or have never signed in', async () => {
    const alone = await startTestServer();
    try {
      const last = await makeAdministrator(alone);
      const other = await makeAdministrator(alone);
      expect(await alone.mutate('suspendUser', { userId: other.id }, as(last))).toMatchObject({
        status: 'SUSPENDED',
      });
      expect(
        await alone.mutate('setUserRoles', { userId: last.id, roles: [] }, as(last)),
      ).toMatchObject({
        code: 'CONFLICT',
      });
      await alone.mutate('reinstateUser', { userId: other.id }, as(last));
      expect(
        await alone.mutate('setUserRoles', { userId: last.id, roles: [] }, as(last)),
      ).toMatchObject({
        __typename: 'User',
        roles: [],
      });
    } finally {
      await alone.stop();
    }
  });
});

describe('changes to users', () => {
  it('SE-11 suspending refuses the next request on any instance, refresh and sign-in', async () => {
    const user = await registerPerson(server);
    const second = await server.another();
    try {
      expect((await second.send(meQuery, {}, as(user))).data.me.id).toBe(user.id);
      const suspended = await server.mutate(
        'suspendUser',
        { userId: user.id, reason: 'spam' },
        as(admin),
      );
      expect(suspended).toMatchObject({
        __typename: 'User',
        id: user.id,
        status: 'SUSPENDED',
        email: user.email,
      });
      const refused = await second.send(meQuery, {}, as(user));
      expect(refused.errors[0]?.extensions).toMatchObject({
        code: 'UNAUTHENTICATED',
        reason: 'SESSION_REVOKED',
      });
      const { refreshToken, email, password } = user;
      expect(await second.mutate('refreshSession', { refreshToken })).toMatchObject({
        code: 'INVALID_OR_EXPIRED_TOKEN',
      });
      expect(await second.mutate('login', { email, password })).toMatchObject({
        code: 'INVALID_CREDENTIALS',
      });

      expect(await server.mutate('reinstateUser', { userId: user.id }, as(admin))).toMatchObject({
        status: 'ACTIVE',
      });
      expect(await second.mutate('refreshSession', { refreshToken })).toMatchObject({
        code: 'INVALID_OR_EXPIRED_TOKEN',
      });
      expect(await second.mutate('login', { email, password })).toMatchObject({
        __typename: 'AuthTokens',
      });
    } finally {
      await second.stop();
    }
  });

  it('RC-11 mails a reset link only to the owner, and discloses no secret', async () => {
    const user = await registerPerson(server);
    const { id, email, password } = user;
    expect(
      await server.mutate('resetUserPassword', { userId: id, reason: '' }, as(admin)),
    ).toMatchObject({
      code: 'VALIDATION_FAILED',
      fields: [{ path: 'reason', code: 'REQUIRED' }],
    });
    const reason = 'found in a list; called back on the number we have';
    const answer = await server.mutate('resetUserPassword', { userId: id, reason }, as(admin));
    expect(answer).toEqual({ __typename: 'AuthAccepted', accepted: true });
    expect((await server.send(meQuery, {}, as(user))).errors[0]?.extensions.reason).toBe(
      'SESSION_REVOKED',
    );
    expect(await server.mutate('login', { email, password })).toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
    const token = await server.nextToken(email);
    const newPassword = 'walnut harbour thirteen kites';
    expect(await server.mutate('resetPassword', { token, newPassword })).toMatchObject({
      accepted: true,
    });
    expect(await server.mutate('login', { email, password: newPassword })).toMatchObject({
      __typename: 'AuthTokens',
    });
    const rows = await server.app.database.db.select().from(auditEvents);
    const row = rows.find(
      ({ type, subjectId }) => type === 'user.password_reset' && subjectId === id,
    );
    expect(row).toMatchObject({ actorId: admin.id, outcome: 'SUCCESS', detail: { reason } });
    expect(JSON.stringify(rows)).not.toContain(token);

    // The schema offers administrators neither an input nor a result that holds a secret.
    const names = Object.keys(mutations).flatMap((mutation) => {
      const field = authSchema().getMutationType()?.getFields()[mutation];
      const input = getNamedType(field?.args[0]?.type);
      const result = getNamedType(field?.type);
      const members = isUnionType(result) ? result.getTypes().map(({ name }) => name) : [];
      expect(['User', 'AuthAccepted', 'AuthError']).toEqual(expect.arrayContaining(members));
      return isInputObjectType(input) ? Object.keys(input.getFields()) : [];
    });
    expect(names).toContain('userId');
    expect(names.filter((name) => /password|secret|code|token|link|hash/i.test(name))).toEqual([]);
  });

  it('SE-11 ends every session of a user', async () => {
    const user = await registerPerson(server);
    const phone = await signIn(server, user);
    expect(await server.mutate('revokeUserSessions', { userId: user.id }, as(admin))).toMatchObject(
      { accepted: true },
    );
    for (const { accessToken, refreshToken } of [user, phone]) {
      expect(
        (await server.send(meQuery, {}, { token: accessToken })).errors[0]?.extensions.reason,
      ).toBe('SESSION_REVOKED');
      expect((await server.mutate('refreshSession', { refreshToken })).code).toBe(
        'INVALID_OR_EXPIRED_TOKEN',
      );
    }
  });

  it('OT-15 removes lost factors, ends the sessions and notifies the owner', async () => {
    const user = await makeAdministrator(server);
    expect(
      await server.mutate('resetUserFactors', { userId: user.id, reason: ' ' }, as(admin)),
    ).toMatchObject({
      code: 'VALIDATION_FAILED',
      fields: [{ path: 'reason', code: 'REQUIRED' }],
    });
    const reset = await server.mutate(
      'resetUserFactors',
      { userId: user.id, reason: 'lost phone' },
      as(admin),
    );
    expect(reset).toMatchObject({ accepted: true });
    expect((await server.send(meQuery, {}, as(user))).errors[0]?.extensions.reason).toBe(
      'SESSION_REVOKED',
    );
    const tokens = await server.mutate('login', { email: user.email, password: user.password });
    expect(tokens).toMatchObject({ __typename: 'AuthTokens', user: { totpEnabled: false } });
    expect((await ask('users', tokens.accessToken)).errors[0]?.extensions.code).toBe('FORBIDDEN');
    await expect
      .poll(() => server.mailbox.list().find(({ to }) => to === user.email)?.subject)
      .toBe('Your second factor was removed');
  });

  it.each([
    [['']],
    [['Admin']],
    [['a'.repeat(41)]],
    [['a b']],
    [['admin\n']],
    [Array.from({ length: 21 }, (_, i) => `r${i}`)],
  ])('refuses the roles %j without repeating them in the answer', async (roles) => {
    const user = await registerPerson(server);
    const answer = await server.mutate('setUserRoles', { userId: user.id, roles }, as(admin));
    expect(answer).toMatchObject({ __typename: 'AuthError', code: 'VALIDATION_FAILED' });
    if (roles[0])
      expect(JSON.stringify(answer)).not.toContain(JSON.stringify(roles[0]).slice(1, -1));
  });

  it('LG-1 LG-6 writes audit events with actor, subject and reason', async () => {
    const user = await registerPerson(server);
    await server.mutate('suspendUser', { userId: user.id, reason: 'spam\r\nfrom here' }, as(admin));
    await server.mutate(
      'setUserRoles',
      { userId: user.id, roles: ['editor'], reason: 'joined' },
      as(admin),
    );
    await server.mutate('reinstateUser', { userId: user.id, reason: 'appeal' }, as(admin));
    await server.mutate('revokeUserSessions', { userId: user.id, reason: 'stolen' }, as(admin));
    await server.mutate('deleteUser', { userId: user.id, reason: 'asked to' }, as(admin));
    const rows = (await server.app.database.db.select().from(auditEvents)).filter(
      ({ subjectId }) => subjectId === user.id,
    );
    expect(rows.find(({ type }) => type === 'user.suspended')).toMatchObject({
      actorId: admin.id,
      outcome: 'SUCCESS',
      detail: { reason: 'spam from here' },
    });
    expect(rows.find(({ type }) => type === 'user.roles_changed')).toMatchObject({
      actorId: admin.id,
      detail: { before: '', after: 'editor', reason: 'joined' },
    });
    for (const [type, reason] of [
      ['user.reinstated', 'appeal'],
      ['user.sessions_revoked', 'stolen'],
      ['account.deleted', 'asked to'],
    ]) {
      expect(rows.find((row) => row.type === type)).toMatchObject({
        actorId: admin.id,
        detail: { reason },
      });
    }
    expect(rows.find(({ type }) => type === 'session.closed')).toMatchObject({ actorId: admin.id });
  });
});

/** The token of the link in the next mail. */
async function tokenOf(mails: TestServer, to: string): Promise<string> {
  const token = /#token=([\w-]+)/.exec((await mails.nextMail(to)).text)?.[1];
  if (token === undefined) throw new Error('The mail holds no link with a token.');
  return token;
}

describe('createUser', () => {
  it('invites: the link sets a password, works once, and the roles take effect', async () => {
    const email = freshAddress();
    const input = { email, name: 'Grace', roles: ['editor', 'team:7'], locale: 'fr' };
    const created = await server.mutate('createUser', input, as(admin));
    expect(created).toMatchObject({
      __typename: 'User',
      email,
      name: 'Grace',
      roles: ['editor', 'team:7'],
      status: 'UNVERIFIED',
    });
    const mail = await server.nextMail(email);
    expect(mail.subject).toBe('Vous êtes invité');
    const token = /#token=([\w-]+)/.exec(mail.text)?.[1];

    expect(await server.mutate('login', { email, password: goodPassword })).toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
    const weak = await server.mutate('resetPassword', { token, newPassword: 'password1' });
    expect(weak).toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(
      await server.mutate('resetPassword', { token, newPassword: goodPassword }),
    ).toMatchObject({
      accepted: true,
    });
    expect(
      await server.mutate('resetPassword', { token, newPassword: goodPassword }),
    ).toMatchObject({
      code: 'INVALID_OR_EXPIRED_TOKEN',
    });
    const tokens = await server.mutate('login', { email, password: goodPassword });
    expect(tokens.user).toMatchObject({
      id: created.id,
      status: 'ACTIVE',
      roles: ['editor', 'team:7'],
    });
  });

  it('RC-2 an invitation expires after a day; a reset then activates the account', async () => {
    const email = freshAddress();
    await server.mutate('createUser', { email, sendInvitation: true }, as(admin));
    const token = await tokenOf(server, email);
    server.clock.advance(24 * 3600);
    expect(
      await server.mutate('resetPassword', { token, newPassword: goodPassword }),
    ).toMatchObject({
      code: 'INVALID_OR_EXPIRED_TOKEN',
    });
    await server.mutate('requestPasswordReset', { email });
    const reset = { token: await tokenOf(server, email), newPassword: goodPassword };
    expect(await server.mutate('resetPassword', reset)).toMatchObject({ accepted: true });
    admin = { ...admin, ...(await signInWithApp(server, admin, admin.phone)) };
  });

  it('called again for a pending invitation, replaces the link and the roles', async () => {
    const email = freshAddress();
    const first = await server.mutate('createUser', { email, roles: ['editor'] }, as(admin));
    const old = await tokenOf(server, email);
    const second = await server.mutate('createUser', { email, roles: ['viewer'] }, as(admin));
    expect(second).toMatchObject({ id: first.id, roles: ['viewer'] });
    const token = await tokenOf(server, email);
    expect(
      await server.mutate('resetPassword', { token: old, newPassword: goodPassword }),
    ).toMatchObject({
      code: 'INVALID_OR_EXPIRED_TOKEN',
    });
    expect(
      await server.mutate('resetPassword', { token, newPassword: goodPassword }),
    ).toMatchObject({
      accepted: true,
    });
  });

  it('sends no mail if not asked to, and refuses the address of an existing account', async () => {
    const email = freshAddress();
    const quiet = await server.mutate('createUser', { email, sendInvitation: false }, as(admin));
    expect(quiet).toMatchObject({ __typename: 'User', roles: [] });
    const user = await registerPerson(server);
    const taken = await server.mutate('createUser', { email: user.email.toUpperCase() }, as(admin));
    expect(taken).toMatchObject({ __typename: 'AuthError', code: 'CONFLICT' });
    expect(server.mailbox.list().filter(({ to }) => to === email)).toEqual([]);
  });

  it('RC-7 ADV-16 ADV-48 registering before or after an invitation claims no roles', async () => {
    const email = freshAddress();
    const squat = { email, password: 'velvet anchor thunder mango', name: 'Mallory' };
    const before = await server.mutate('register', squat);
    const codeBefore = await server.nextCode(email);
    await server.mutate('createUser', { email, roles: ['admin'] }, as(admin));
    const token = await tokenOf(server, email);
    expect(
      await server.mutate('verifyOtp', { challengeId: before.id, code: codeBefore }),
    ).toMatchObject({
      code: 'INVALID_OR_EXPIRED_CODE',
    });

    const after = await server.mutate('register', squat);
    expect(after).toMatchObject({ __typename: 'OtpChallenge' });
    const mail = await server.nextMail(email);
    expect(mail.subject).toBe('You already have an account');
    expect(mail.text).not.toMatch(/^\d{6}$/m);

    expect(
      await server.mutate('resetPassword', { token, newPassword: goodPassword }),
    ).toMatchObject({
      accepted: true,
    });
    expect(await server.mutate('login', { email, password: squat.password })).toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
    expect((await server.mutate('login', { email, password: goodPassword })).user).toMatchObject({
      roles: ['admin'],
    });
  });

  it('accepts no registration if accounts are by invitation only', async () => {
    const closed = await startTestServer({ config: { registration: 'invite' } });
    try {
      const email = freshAddress();
      const refused = await closed.mutate('register', { email, password: goodPassword });
      expect(refused.errors[0].extensions.code).toBe('FORBIDDEN');
    } finally {
      await closed.stop();
    }
  });
});

describe('deleteUser', () => {
  it('DP-4 erases the account, hides the actor from the owner, keeps audit events', async () => {
    const user = await registerPerson(server);
    expect(await server.mutate('deleteUser', { userId: user.id }, as(admin))).toMatchObject({
      accepted: true,
    });
    expect((await server.send(meQuery, {}, as(user))).errors[0]?.extensions.reason).toBe(
      'SESSION_REVOKED',
    );
    expect(
      (await server.send(`{ user(id: "${user.id}") { id } }`, {}, as(admin))).data.user,
    ).toBeNull();
    const farewell = () =>
      server.mailbox.list().find(({ to, subject }) => to === user.email && /deleted/.test(subject));
    await expect.poll(farewell).toBeDefined();
    expect(farewell()?.text).not.toContain('Network');
    expect(await server.mutate('deleteUser', { userId: user.id }, as(admin))).toMatchObject({
      code: 'NOT_FOUND',
    });

    const { data } = await server.send(
      `{ auditEvents(userId: "${user.id}", type: "account.deleted") {
          edges { node {
            type outcome actor { id email } subject { id email status } ipAddress } } } }`,
      {},
      as(admin),
    );
    expect(data.auditEvents.edges.map((edge: { node: unknown }) => edge.node)).toEqual([
      {
        type: 'account.deleted',
        outcome: 'SUCCESS',
        actor: { id: admin.id, email: admin.email },
        subject: { id: user.id, email: null, status: null },
        ipAddress: null,
      },
    ]);
  });

  it('AZ-7 refuses to delete the last administrator, by deleteAccount too', async () => {
    const alone = await startTestServer();
    try {
      const last = await makeAdministrator(alone);
      expect(await alone.mutate('deleteUser', { userId: last.id }, as(last))).toMatchObject({
        code: 'CONFLICT',
      });
      expect(
        await alone.mutate('deleteAccount', { confirmEmail: last.email }, as(last)),
      ).toMatchObject({
        code: 'CONFLICT',
      });
      // An invited administrator who has never signed in does not count.
      await alone.mutate('createUser', { email: freshAddress(), roles: ['admin'] }, as(last));
      expect(await alone.mutate('deleteUser', { userId: last.id }, as(last))).toMatchObject({
        code: 'CONFLICT',
      });
    } finally {
      await alone.stop();
    }
  });
});

describe('the audit trail', () => {
  const list = `query ($first: Int, $after: String, $type: String, $userId: ID) {
    auditEvents(first: $first, after: $after, type: $type, userId: $userId) {
      edges { cursor node {
        id at type outcome reason ipAddress device requestId actor { id email } subject { id } } }
      pageInfo { hasNextPage endCursor } } }`;

  it('pages from the newest, and finds events with the user as actor or as subject', async () => {
    const user = await registerPerson(server);
    const other = await makeAdministrator(server);
    await server.mutate('suspendUser', { userId: user.id, reason: 'spam' }, as(other));
    await server.mutate('reinstateUser', { userId: user.id }, as(other));

    const ids: string[] = [];
    let after: string | null = null;
    for (let page = 0; page < 10; page += 1) {
      const answer: Answer = await server.send(
        list,
        { first: 2, after, userId: user.id },
        as(admin),
      );
      const { edges, pageInfo } = answer.data.auditEvents;
      ids.push(...edges.map((edge: { node: { id: string } }) => edge.node.id));
      after = pageInfo.endCursor;
      if (!pageInfo.hasNextPage) break;
    }
    expect(ids.length).toBeGreaterThanOrEqual(4);
    expect(ids).toEqual([...new Set(ids)].sort().reverse());

    const suspended = await server.send(
      list,
      { userId: user.id, type: 'user.suspended' },
      as(admin),
    );
    expect(suspended.data.auditEvents.edges).toMatchObject([
      {
        node: {
          reason: 'spam',
          actor: { id: other.id, email: other.email },
          subject: { id: user.id },
        },
      },
    ]);
    const did = await server.send(list, { userId: other.id, first: 100 }, as(admin));
    const types = did.data.auditEvents.edges.map(
      (edge: { node: { type: string } }) => edge.node.type,
    );
    expect(types).toContain('user.suspended');
    expect(types).toContain('totp.enabled');
    for (const unmatched of [{ userId: 'nobody' }, { type: 'nothing.happened' }]) {
      expect((await server.send(list, unmatched, as(admin))).data.auditEvents.edges).toEqual([]);
    }
  });
});

describe('the list of users', () => {
  const list = `query ($first: Int, $after: String, $search: String, $status: UserStatus) {
    users(first: $first, after: $after, search: $search, status: $status) {
      edges { cursor node { id email name status roles totpEnabled } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }`;
  let alone: TestServer;
  let chief: Administrator;
  const people: Person[] = [];
  beforeAll(async () => {
    alone = await startTestServer();
    chief = await makeAdministrator(alone);
    for (const name of ['Zoë Ashdown', 'zoo_keeper', 'ZOO%', 'Zooey', 'back\\slash']) {
      alone.clock.advance(1);
      people.push(
        await registerPerson(alone, { name, email: `list-${people.length}-${freshAddress()}` }),
      );
    }
  });
  afterAll(() => alone.stop());

  const names = async (variables: Record<string, unknown>): Promise<string[]> => {
    const answer = await alone.send(list, variables, as(chief));
    expect(answer.errors).toEqual([]);
    return answer.data.users.edges.map((edge: { node: { name: string } }) => edge.node.name);
  };

  it('pages from the newest, with every user once', async () => {
    const seen: string[] = [];
    let after: string | null = null;
    for (let page = 0; page < 10; page += 1) {
      const answer: Answer = await alone.send(list, { first: 2, after }, as(chief));
      const { users } = answer.data;
      expect(users.totalCount).toBe(6);
      expect(users.pageInfo.hasPreviousPage).toBe(page > 0);
      seen.push(...users.edges.map((edge: { node: { id: string } }) => edge.node.id));
      after = users.pageInfo.endCursor;
      if (!users.pageInfo.hasNextPage) break;
    }
    expect(seen).toEqual([...people.map(({ id }) => id).reverse(), chief.id]);
  });

  it('GQ-6 refuses page sizes over 100 or under 1, and an invalid cursor', async () => {
    for (const variables of [
      { first: 101 },
      { first: 0 },
      { first: -1 },
      { after: 'nonsense' },
      { after: 'x'.repeat(300) },
    ]) {
      const answer = await alone.send(list, variables, as(chief));
      expect(answer.errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
    }
  });

  it('AZ-9 matches the start of name or address, with % _ \\ as literal characters', async () => {
    expect(await names({ search: 'zoo' })).toEqual(['Zooey', 'ZOO%', 'zoo_keeper']);
    expect(await names({ search: 'zoo%' })).toEqual(['ZOO%']);
    expect(await names({ search: 'zoo_' })).toEqual(['zoo_keeper']);
    expect(await names({ search: 'back\\' })).toEqual(['back\\slash']);
    expect(await names({ search: '%' })).toEqual([]);
    expect(await names({ search: 'keeper' })).toEqual([]);
    expect(await names({ search: ' LIST-0- ' })).toEqual(['Zoë Ashdown']);
    expect(await names({ search: "' or 1=1 --" })).toEqual([]);
    expect(await names({ search: '' })).toHaveLength(6);
  });

  it('filters by status, and counts the matching users', async () => {
    const [first] = people;
    await alone.mutate('suspendUser', { userId: first?.id }, as(chief));
    await alone.mutate('register', {
      email: freshAddress(),
      password: 'otter lantern gravel sunday',
    });
    expect(await names({ status: 'SUSPENDED' })).toEqual(['Zoë Ashdown']);
    expect(await names({ status: 'UNVERIFIED' })).toEqual([null]);
    expect(await names({ status: 'ACTIVE' })).toHaveLength(5);
    const suspended = await alone.send(list, { status: 'SUSPENDED', search: 'zo' }, as(chief));
    expect(suspended.data.users.totalCount).toBe(1);
    await alone.mutate('reinstateUser', { userId: first?.id }, as(chief));
  });
});
