import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Administrator, makeAdministrator } from '../testing/administrators.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { enrolTotp } from '../testing/authenticator.ts';
import { meQuery } from '../testing/client.ts';
import { createTestDatabase } from '../testing/database.ts';
import { gatewayToken } from '../testing/doors.ts';
import { type Person, registerPerson, signIn } from '../testing/people.ts';
import { auditOf, setRoles } from '../testing/rows.ts';

let server: TestServer;
let second: TestServer;
let admin: Administrator;
const statements: string[] = [];
beforeAll(async () => {
  const database = await createTestDatabase({ onStatement: (text) => statements.push(text) });
  server = await startTestServer({ database, config: { gatewayToken, sessionLimit: 5 } });
  second = await server.another();
  admin = await makeAdministrator(server);
});
afterAll(async () => {
  await second.stop();
  await server.stop();
});

const as = ({ accessToken }: Pick<Person, 'accessToken'>) => ({ token: accessToken });
const page = `edges { cursor node { id device ipAddress current methods } }
  pageInfo { hasNextPage endCursor } totalCount`;
const sessionsQuery = `query Q($id: ID!, $first: Int, $after: String) {
  user(id: $id) { sessions(first: $first, after: $after) { ${page} } } }`;
const sessionsOf = (id: string, variables = {}) =>
  server.send(sessionsQuery, { id, ...variables }, as(admin));

describe('User.sessions', () => {
  it('AZ-6 is null to everyone who is no administrator, the user included', async () => {
    const person = await registerPerson(server);
    const other = await registerPerson(server);
    const own = await server.send(`{ me { sessions { ${page} } } }`, {}, as(person));
    expect(own).toMatchObject({ errors: [], data: { me: { sessions: null } } });
    const byIds = `{ usersByIds(ids: ["${person.id}"]) { sessions(first: 5) { ${page} } } }`;
    const gateway = { headers: { 'x-gateway-token': gatewayToken } };
    for (const sender of [gateway, { ...gateway, ...as(other) }]) {
      const answer = await server.send(byIds, {}, sender);
      expect(answer).toMatchObject({ errors: [], data: { usersByIds: [{ sessions: null }] } });
    }
  });

  it('GQ-6 refuses an oversized page and an invalid cursor', async () => {
    for (const variables of [{ first: 101 }, { first: 0 }, { after: 'nonsense' }]) {
      const answer = await sessionsOf(admin.id, variables);
      expect(answer.errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
    }
  });

  it('lists the devices, newest first, page by page, and marks the one that asks', async () => {
    const person = await registerPerson(server);
    const ids = [person.sessionId];
    for (let turn = 0; turn < 3; turn += 1) {
      server.clock.advance(1);
      ids.unshift((await signIn(server, person)).sessionId);
    }
    const { edges, pageInfo, totalCount } = (await sessionsOf(person.id, { first: 3 })).data.user
      .sessions;
    expect(edges.map(({ node }: { node: { id: string } }) => node.id)).toEqual(ids.slice(0, 3));
    expect([pageInfo.hasNextPage, totalCount, edges[0].node.current]).toEqual([true, 4, false]);
    const rest = await sessionsOf(person.id, { first: 3, after: pageInfo.endCursor });
    expect(rest.data.user.sessions.edges).toMatchObject([{ node: { id: ids[3] } }]);
    const own = (await sessionsOf(admin.id)).data.user.sessions;
    expect(own.edges.some(({ node }: { node: { current: boolean } }) => node.current)).toBe(true);
    expect((await sessionsOf(person.id)).data.user.sessions.totalCount).toBe(4);
  });

  it('AV-8 of all users of a list takes a statement for ten of them', async () => {
    await Promise.all(Array.from({ length: 11 }, () => registerPerson(server)));
    const fields = 'hasPassword recoveryCodesLeft passkeyCount publicMetadata adminMetadata';
    const query = `{ users(first: 12) { edges { node { ${fields} sessions { totalCount } } } } }`;
    statements.length = 0;
    const answer = await server.send(query, {}, as(admin));
    expect(answer.errors).toEqual([]);
    const { edges } = answer.data.users;
    expect(edges).toHaveLength(12);
    for (const { node } of edges) expect(node.sessions.totalCount).toBeGreaterThan(0);
    const reads = statements.filter((text) => /unnest|= any/.test(text));
    // Passwords, codes, passkeys, metadata, and two times ten users' sessions.
    expect(reads).toHaveLength(6);
  });
});

describe('a user by the federation’s door', () => {
  const fields = `hasPassword recoveryCodesLeft passkeyCount identities { id } publicMetadata
    adminMetadata suspendedUntil status sessions(first: 5) { totalCount }`;
  const query = `query Q($representations: [_Any!]!) {
    _entities(representations: $representations) { ... on User { id ${fields} } } }`;
  const hidden = {
    hasPassword: null,
    recoveryCodesLeft: null,
    passkeyCount: null,
    identities: null,
    publicMetadata: null,
    adminMetadata: null,
    suspendedUntil: null,
    status: null,
    sessions: null,
  };
  it('AZ-6 AZ-4 hides all of it from gateways, others, and admins with one factor', async () => {
    const person = await registerPerson(server);
    const other = await registerPerson(server);
    const bare = await registerPerson(server);
    await setRoles(server, bare.id, ['admin']);
    const representations = [{ __typename: 'User', id: person.id }];
    const gateway = { headers: { 'x-gateway-token': gatewayToken } };
    for (const sender of [gateway, { ...gateway, ...as(other) }, { ...gateway, ...as(bare) }]) {
      const { data } = await server.send(query, { representations }, sender);
      expect(data._entities).toEqual([{ id: person.id, ...hidden }]);
    }
    for (const sender of [{}, as(other), as(bare)])
      expect((await server.send(query, { representations }, sender)).errors).not.toEqual([]);
    const { data } = await server.send(query, { representations }, { ...gateway, ...as(admin) });
    expect(data._entities[0]).toMatchObject({ hasPassword: true, sessions: { totalCount: 1 } });
    await setRoles(server, bare.id, []);
  });

  it('AZ-6 hides it in the events of one’s own account, whoever acted', async () => {
    const person = await registerPerson(server);
    // Ids of one moment come in any order.
    server.clock.advance(1);
    await server.mutate('setUserRoles', { userId: person.id, roles: ['editor'] }, as(admin));
    const own = `{ account { securityEvents(first: 1) { edges { node { type actor { id ${fields} }
      subject { adminMetadata sessions(first: 1) { totalCount } } } } } } }`;
    const { data, errors } = await server.send(own, {}, as(person));
    expect(errors).toEqual([]);
    expect(data.account.securityEvents.edges[0].node).toEqual({
      type: 'user.roles_changed',
      actor: { id: admin.id, ...hidden },
      subject: { adminMetadata: null, sessions: null },
    });
  });
});

describe('two changes in one document', () => {
  it('are each answered with what is there after them', async () => {
    const { id } = await registerPerson(server);
    const set = (value: number, by: string) => `${by}: setUserMetadata(
      input: { userId: "${id}", publicMetadata: { n: ${value} } }
    ) { ... on User { publicMetadata sessions { totalCount } } }`;
    const signOut = `revokeUserSessions(input: { userId: "${id}" }) { __typename }`;
    const { data, errors } = await server.send(
      `mutation { ${set(1, 'a')} ${signOut} ${set(2, 'b')} }`,
      {},
      as(admin),
    );
    expect(errors).toEqual([]);
    expect(data.a).toEqual({ publicMetadata: { n: 1 }, sessions: { totalCount: 1 } });
    expect(data.b).toEqual({ publicMetadata: { n: 2 }, sessions: { totalCount: 0 } });
  });
});

describe('what a user signs in with', () => {
  const query = 'query Q($id: ID!) { user(id: $id) { hasPassword recoveryCodesLeft } }';
  it('AZ-6 is seen by the user and by administrators, and by no one else', async () => {
    const person = await registerPerson(server);
    await enrolTotp(server, person);
    const shown = { hasPassword: true, recoveryCodesLeft: 10 };
    expect((await server.send(query, { id: person.id }, as(admin))).data.user).toEqual(shown);
    const own = await server.send('{ me { hasPassword recoveryCodesLeft } }', {}, as(person));
    expect(own.data.me).toEqual(shown);
    const { refreshToken } = person;
    const refresh = `mutation { refreshSession(input: { refreshToken: "${refreshToken}" }) {
      ... on AuthTokens { user { hasPassword recoveryCodesLeft } } } }`;
    expect((await server.send(refresh)).data.refreshSession.user).toEqual(shown);
    const byIds =
      'query Q($ids: [ID!]!) { usersByIds(ids: $ids) { hasPassword recoveryCodesLeft } }';
    const gateway = { headers: { 'x-gateway-token': gatewayToken } };
    expect((await server.send(byIds, { ids: [person.id] }, gateway)).data.usersByIds).toEqual([
      { hasPassword: null, recoveryCodesLeft: null },
    ]);
  });

  it('says that there is no password, and no codes', async () => {
    const { id } = await registerPerson(server);
    const reason = 'Ticket 1';
    await server.mutate('resetUserPassword', { userId: id, reason }, as(admin));
    expect((await server.send(query, { id }, as(admin))).data.user).toEqual({
      hasPassword: false,
      recoveryCodesLeft: 0,
    });
  });
});

describe('revokeUserSession', () => {
  const revoke = (input: Record<string, unknown>) =>
    server.mutate('revokeUserSession', input, as(admin));

  it('AZ-3 is NOT_FOUND alike for one of another user, one that has ended, and none', async () => {
    const person = await registerPerson(server);
    const other = await registerPerson(server);
    const ended = await signIn(server, person);
    await server.mutate('logout', {}, as(ended));
    const nowhere = '0190a0a0-0000-7000-8000-000000000000';
    for (const sessionId of [other.sessionId, ended.sessionId, nowhere, 'x'])
      expect(await revoke({ userId: person.id, sessionId })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await revoke({ userId: nowhere, sessionId: person.sessionId })).toMatchObject({
      code: 'NOT_FOUND',
    });
    for (const one of [person, other])
      expect((await server.send(meQuery, {}, as(one))).data.me.id).toBe(one.id);
    expect(await auditOf(server, person.id, 'user.session_revoked')).toEqual([]);
  });

  it('SE-11 ends it once, however many ask at the same time on any instance', async () => {
    const person = await registerPerson(server);
    const input = { userId: person.id, sessionId: person.sessionId };
    const answers = await Promise.all(
      [server, second, server, second].map((one) =>
        one.mutate('revokeUserSession', input, as(admin)),
      ),
    );
    expect(answers.filter(({ code }) => code === 'NOT_FOUND')).toHaveLength(3);
    expect(await auditOf(server, person.id, 'user.session_revoked')).toHaveLength(1);
    expect(await auditOf(server, person.id, 'session.closed')).toHaveLength(1);
  });

  it('SE-11 ends one device at once on every instance, and the others go on', async () => {
    const person = await registerPerson(server);
    const phone = await signIn(server, person);
    expect((await second.send(meQuery, {}, as(phone))).data.me.id).toBe(person.id);
    const { sessionId } = phone;
    const answer = await revoke({ userId: person.id, sessionId, reason: 'Lost phone' });
    expect(answer).toMatchObject({ accepted: true });
    const ended = await second.send(meQuery, {}, as(phone));
    expect(ended.errors[0]?.extensions).toMatchObject({ reason: 'SESSION_REVOKED' });
    const { refreshToken } = phone;
    expect(await second.mutate('refreshSession', { refreshToken })).toMatchObject({
      code: 'INVALID_OR_EXPIRED_TOKEN',
    });
    expect((await second.send(meQuery, {}, as(person))).data.me.id).toBe(person.id);
    const events = await auditOf(server, person.id);
    const revoked = events.find(({ type }) => type === 'user.session_revoked');
    const closed = events.find(({ type }) => type === 'session.closed');
    expect(revoked).toMatchObject({ actorId: admin.id, detail: { reason: 'Lost phone' } });
    // The trail names a session by its hash alone.
    expect(revoked?.detail?.['session']).toBe(closed?.sessionHash);
    expect(JSON.stringify(events)).not.toContain(sessionId);
  });
});

describe('auditEvents', () => {
  const query = `
    query Q($type: String, $userId: ID, $actorId: ID, $since: DateTime, $until: DateTime) {
      auditEvents(
        type: $type, userId: $userId, actorId: $actorId, since: $since, until: $until, first: 50
      ) { edges { node { id type at reason detail actor { id } subject { id } } } } }`;
  type Event = {
    type: string;
    at: string;
    reason: string | null;
    detail: Record<string, unknown> | null;
    actor: { id: string } | null;
  };
  const eventsOf = async (variables: Record<string, unknown>): Promise<Event[]> => {
    const answer = await server.send(query, variables, as(admin));
    expect(answer.errors).toEqual([]);
    return answer.data.auditEvents.edges.map(({ node }: { node: Event }) => node);
  };

  it('keeps administrators’ reasons and words of ours apart', async () => {
    const person = await registerPerson(server);
    await server.mutate('suspendUser', { userId: person.id, reason: 'Ticket 2' }, as(admin));
    const events = await eventsOf({ userId: person.id });
    const of = (type: string) => events.find((event) => event.type === type);
    expect(of('user.suspended')).toMatchObject({ reason: 'Ticket 2', detail: null });
    expect(of('session.closed')).toMatchObject({
      reason: null,
      detail: { reason: 'account_suspended' },
    });
  });

  it('AZ-6 show detail and reason to administrators alone', async () => {
    const person = await registerPerson(server);
    const reason = 'Ticket 3';
    await server.mutate(
      'setUserRoles',
      { userId: person.id, roles: ['editor'], reason },
      as(admin),
    );
    const [changed] = await eventsOf({ userId: person.id, type: 'user.roles_changed' });
    expect(changed).toMatchObject({ reason, detail: { before: '', after: 'editor' } });
    const own = '{ account { securityEvents { edges { node { type reason detail } } } } }';
    const { data } = await server.send(own, {}, as(person));
    for (const { node } of data.account.securityEvents.edges)
      expect(node).toMatchObject({ reason: null, detail: null });
  });

  it('filters by actor, and by time, from a moment on and before another', async () => {
    const person = await registerPerson(server);
    server.clock.advance(60);
    const since = server.clock.now();
    await server.mutate('setUserRoles', { userId: person.id, roles: ['a'] }, as(admin));
    server.clock.advance(60);
    const until = server.clock.now();
    await server.mutate('setUserRoles', { userId: person.id, roles: ['b'] }, as(admin));
    const between = { since, until };
    for (const variables of [
      { userId: person.id, ...between },
      { actorId: admin.id, ...between },
      { actorId: admin.id, userId: person.id, ...between },
      { actorId: admin.id, type: 'user.roles_changed', ...between },
      { type: 'user.roles_changed', ...between },
      between,
    ])
      expect(await eventsOf(variables)).toMatchObject([{ detail: { after: 'a' } }]);
    expect(await eventsOf({ type: 'user.roles_changed', since: until })).toMatchObject([
      { detail: { after: 'b' } },
    ]);
    expect(await eventsOf({ actorId: person.id })).toEqual([]);
    expect(await eventsOf({ actorId: 'x' })).toEqual([]);
  });
});
