import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { meQuery } from '../../testing/client.ts';
import { misspelled, spaced } from '../../testing/forged-tokens.ts';
import { type Person, registerPerson, signIn } from '../../testing/people.ts';
import { ageProof, auditOf, sessionsOf } from '../../testing/rows.ts';
import { hashSessionId } from '../audit/record.ts';

const accountQuery = `query Account($first: Int, $after: String) { account {
  hasPassword user { id email }
  sessions(first: $first, after: $after) { totalCount
    edges { cursor node {
      id createdAt lastUsedAt expiresAt authenticatedAt methods ipAddress device current } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
const notFound = { __typename: 'AuthError', code: 'NOT_FOUND' };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ config: { trustedProxies: ['127.0.0.1'] } });
});
afterAll(() => server.stop());

const list = (person: Pick<Person, 'accessToken'>, page: Record<string, unknown> = {}) =>
  server.send(accountQuery, page, { token: person.accessToken });
const revoke = (sessionId: string, token?: string) =>
  server.mutate('revokeSession', { sessionId }, { token });
const reasonOf = async (token: string) =>
  (await server.send(meQuery, {}, { token })).errors[0]?.extensions.reason;

describe('account.sessions', () => {
  it('SE-12 refuses a missing token, an oversized page and an invalid cursor', async () => {
    const anonymous = await server.send(accountQuery);
    expect(anonymous).toMatchObject({
      data: { account: null },
      errors: [{ extensions: { reason: 'TOKEN_MISSING' } }],
    });
    const person = await registerPerson(server);
    for (const page of [
      { first: 0 },
      { first: -1 },
      { first: 101 },
      { after: 'x' },
      { after: 'A'.repeat(300) },
    ]) {
      const { data, errors } = await list(person, page);
      expect(data?.account ?? null).toBeNull();
      const [error] = errors;
      expect(error?.extensions).toMatchObject({
        code: 'BAD_USER_INPUT',
        fields: [{ path: Object.keys(page)[0] }],
      });
    }
  });

  it('X-12 takes a cursor as it was given, in no other spelling', async () => {
    const person = await registerPerson(server);
    await signIn(server, person);
    const { endCursor } = (await list(person, { first: 1 })).data.account.sessions.pageInfo;
    for (const after of [...misspelled(endCursor), ...spaced(endCursor)]) {
      const { errors } = await list(person, { after });
      expect(errors[0]?.extensions, after).toMatchObject({ code: 'BAD_USER_INPUT' });
    }
    const rest = (await list(person, { after: endCursor })).data.account.sessions;
    expect(rest.edges).toHaveLength(1);
  });

  it('SE-12 shows the caller’s own live sessions, without secrets or exact addresses', async () => {
    const person = await registerPerson(server);
    await registerPerson(server);
    server.clock.advance(1);
    const headers = { 'user-agent': firefox, 'x-forwarded-for': '203.0.113.77' };
    const input = { email: person.email, password: person.password };
    const { accessToken, session } = await server.mutate('login', input, { headers });
    const ended = await signIn(server, person);
    await server.mutate('logout', {}, { token: ended.accessToken });

    const { data, text } = await list({ accessToken });
    expect(data.account).toMatchObject({ hasPassword: true, user: { id: person.id } });
    const { edges, totalCount } = data.account.sessions;
    expect(totalCount).toBe(2);
    expect(edges.map(({ node }: { node: { id: string } }) => node.id)).toEqual([
      session.id,
      person.sessionId,
    ]);
    expect(edges[0].node).toEqual({
      id: session.id,
      createdAt: session.createdAt,
      lastUsedAt: session.createdAt,
      expiresAt: session.expiresAt,
      authenticatedAt: session.createdAt,
      methods: ['pwd'],
      ipAddress: '203.0.113.0/24',
      device: 'Firefox on Linux',
      current: true,
    });
    expect(edges[1].node).toMatchObject({ current: false, ipAddress: '127.0.0.0/24' });
    expect(text).not.toMatch(/hash|203\.0\.113\.77|refreshToken/i);
  });

  it('pages by cursor, and continues correctly while sessions begin and end', async () => {
    const person = await registerPerson(server);
    const people = [person];
    for (let count = 0; count < 4; count += 1) {
      server.clock.advance(1);
      people.push(await signIn(server, person));
    }
    const ids = people.map(({ sessionId }) => sessionId).reverse();
    const read = async (page: Record<string, unknown>) =>
      (await list(person, page)).data.account.sessions;
    const idsOf = (page: { edges: { node: { id: string } }[] }) =>
      page.edges.map(({ node }) => node.id);

    const first = await read({ first: 2 });
    expect(idsOf(first)).toEqual(ids.slice(0, 2));
    expect(first).toMatchObject({
      totalCount: 5,
      pageInfo: { hasNextPage: true, hasPreviousPage: false },
    });
    expect(first.pageInfo.endCursor).toBe(first.edges[1].cursor);

    // The session that the cursor refers to ends, and a new one begins in front.
    await revoke(ids[1] ?? '', people[4]?.accessToken);
    server.clock.advance(1);
    await signIn(server, person);
    const second = await read({ first: 2, after: first.pageInfo.endCursor });
    expect(idsOf(second)).toEqual(ids.slice(2, 4));
    expect(second.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
    const third = await read({ first: 2, after: second.pageInfo.endCursor });
    expect(idsOf(third)).toEqual(ids.slice(4));
    expect(third.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    expect(idsOf(await read({ first: null }))).toHaveLength(5);
  });
});

describe('revokeSession', () => {
  it('EN-6 AZ-3 answers alike for another’s session, an unknown id and an invalid id', async () => {
    const [a, b] = [await registerPerson(server), await registerPerson(server)];
    const foreign = await revoke(b.sessionId, a.accessToken);
    expect(foreign).toMatchObject(notFound);
    for (const id of [
      '0192f0c0-0000-7000-8000-000000000001',
      'nonsense',
      '',
      `${b.sessionId}'`,
      '\u0000'.repeat(3),
    ]) {
      const answer = await revoke(id, a.accessToken);
      if (id.includes('\u0000')) expect(answer.code).toBe('VALIDATION_FAILED');
      else expect(answer).toEqual(foreign);
    }
    expect(await reasonOf(b.accessToken)).toBeUndefined();
  });

  it('SE-12 SE-13 is refused without a token, and with a proof that is a day old', async () => {
    const person = await registerPerson(server);
    const other = await signIn(server, person);
    expect((await revoke(other.sessionId)).errors[0].extensions).toMatchObject({
      reason: 'TOKEN_MISSING',
    });
    await ageProof(server, person.sessionId, 24 * 3600);
    for (const id of [other.sessionId, person.sessionId, 'nonsense']) {
      expect(await revoke(id, person.accessToken)).toMatchObject({ code: 'STEP_UP_REQUIRED' });
    }
    expect(await reasonOf(other.accessToken)).toBeUndefined();
  });

  it('SE-11 ends one of the caller’s sessions at once, and only that', async () => {
    const person = await registerPerson(server);
    const [other, third] = [await signIn(server, person), await signIn(server, person)];
    expect(await revoke(other.sessionId, person.accessToken)).toMatchObject({
      __typename: 'AuthAccepted',
    });
    expect(await reasonOf(other.accessToken)).toBe('SESSION_REVOKED');
    expect(
      await server.mutate('refreshSession', { refreshToken: other.refreshToken }),
    ).toMatchObject({
      code: 'INVALID_OR_EXPIRED_TOKEN',
    });
    expect(await reasonOf(third.accessToken)).toBeUndefined();
    expect(await revoke(other.sessionId, person.accessToken)).toMatchObject(notFound);
    const [closed] = await auditOf(server, person.id, 'session.closed');
    expect(closed).toMatchObject({
      actorId: person.id,
      sessionHash: hashSessionId(server.app, other.sessionId),
      detail: { reason: 'revoked_by_owner' },
    });
  });
});

describe('the cap on sessions', () => {
  it('SE-14 ends the least recently used one, and notifies the user once a day', async () => {
    const small = await server.another({ sessionLimit: 3 });
    try {
      const person = await registerPerson(small);
      const people = [person];
      for (let count = 0; count < 2; count += 1) {
        small.clock.advance(1);
        people.push(await signIn(small, person));
      }
      // The oldest is in use; the second is the least recently used.
      small.clock.advance(1);
      const refreshed = await small.mutate('refreshSession', { refreshToken: person.refreshToken });
      small.clock.advance(1);
      await signIn(small, person);
      expect(await reasonOf(people[1]?.accessToken ?? '')).toBe('SESSION_REVOKED');
      expect(
        await small.mutate('refreshSession', { refreshToken: people[1]?.refreshToken }),
      ).toMatchObject({
        code: 'INVALID_OR_EXPIRED_TOKEN',
      });
      expect(await reasonOf(refreshed.accessToken)).toBeUndefined();
      expect((await small.nextMail(person.email)).subject).toBe(
        'We signed one of your devices out',
      );

      small.clock.advance(1);
      await signIn(small, person);
      const alive = (await sessionsOf(small, person.id)).filter(
        ({ revokedAt }) => revokedAt === null,
      );
      expect(alive).toHaveLength(3);
      const closed = await auditOf(small, person.id, 'session.closed');
      const evicted = (await sessionsOf(small, person.id)).filter(
        ({ revokedAt }) => revokedAt !== null,
      );
      expect(evicted.map(({ id }) => id).sort()).toEqual(
        [people[1]?.sessionId, people[2]?.sessionId].sort(),
      );
      expect(closed).toHaveLength(2);
      expect(closed[0]).toMatchObject({ detail: { reason: 'evicted' } });
      const told = () =>
        small.mailbox
          .list()
          .filter(({ to, subject }) => to === person.email && /devices/.test(subject));
      expect(told()).toHaveLength(1);
      small.clock.advance(24 * 3600);
      await signIn(small, person);
      await small.nextMail(person.email);
      expect(told()).toHaveLength(2);
    } finally {
      await small.stop();
    }
  });

  it('SE-12 hides no session that began under a higher cap', async () => {
    const person = await registerPerson(server);
    for (let count = 0; count < 4; count += 1) {
      server.clock.advance(1);
      await signIn(server, person);
    }
    const small = await server.another({ sessionLimit: 2 });
    try {
      const { data } = await small.send(accountQuery, {}, { token: person.accessToken });
      expect(data.account.sessions.totalCount).toBe(5);
      expect(data.account.sessions.edges.at(-1).node).toMatchObject({
        id: person.sessionId,
        current: true,
      });
    } finally {
      await small.stop();
    }
  });

  it('SE-14 holds for concurrent sign-ins', async () => {
    const small = await server.another({ sessionLimit: 3 });
    try {
      const person = await registerPerson(small);
      await Promise.all(Array.from({ length: 8 }, () => signIn(small, person)));
      const alive = (await sessionsOf(small, person.id)).filter(
        ({ revokedAt }) => revokedAt === null,
      );
      expect(alive).toHaveLength(3);
    } finally {
      await small.stop();
    }
  });
});
