import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Administrator, makeAdministrator } from '../../testing/administrators.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { gatewayToken, postForm } from '../../testing/doors.ts';
import { type Person, registerPerson, signIn } from '../../testing/people.ts';
import { auditOf } from '../../testing/rows.ts';
import { metadataOf } from './metadata-of.ts';

let server: TestServer;
let admin: Administrator;
beforeAll(async () => {
  server = await startTestServer({ config: { gatewayToken } });
  admin = await makeAdministrator(server);
});
afterAll(() => server.stop());

const as = ({ accessToken }: Pick<Person, 'accessToken'>) => ({ token: accessToken });
const set = (userId: string, input: Record<string, unknown>) =>
  server.mutate('setUserMetadata', { userId, ...input }, as(admin));
const userQuery = 'query Q($id: ID!) { user(id: $id) { publicMetadata adminMetadata } }';
const asAdmin = async (id: string) => (await server.send(userQuery, { id }, as(admin))).data.user;
const own = async (person: Person) =>
  (
    await server.send(
      '{ me { publicMetadata adminMetadata } account { preferences } }',
      {},
      as(person),
    )
  ).data;

describe('setUserMetadata', () => {
  it('MD-2 refuses what an object may not be, and keeps what was there', async () => {
    const { id } = await registerPerson(server);
    await set(id, { publicMetadata: { plan: 'free' } });
    const refused = [
      [{ publicMetadata: { a: 'x'.repeat(8192) } }, 'publicMetadata', 'TOO_LONG'],
      [{ adminMetadata: { a: 'x'.repeat(8192) } }, 'adminMetadata', 'TOO_LONG'],
      [{ adminMetadata: { a: { b: { c: { d: { e: {} } } } } } }, 'adminMetadata', 'INVALID'],
      [{ publicMetadata: { prototype: { isAdmin: true } } }, 'publicMetadata', 'INVALID'],
      [{ publicMetadata: { ['k'.repeat(65)]: 1 } }, 'publicMetadata', 'INVALID'],
    ] as const;
    for (const [input, path, code] of refused)
      expect(await set(id, input)).toMatchObject({
        code: 'VALIDATION_FAILED',
        fields: [{ path, code }],
      });
    const both = { publicMetadata: { plan: 'gold' }, adminMetadata: { a: 'x'.repeat(8192) } };
    expect(await set(id, both)).toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(await asAdmin(id)).toEqual({ publicMetadata: { plan: 'free' }, adminMetadata: {} });
  });

  it('MD-2 judges the size of what is left, and not of the change alone', async () => {
    const { id } = await registerPerson(server);
    await set(id, { adminMetadata: { a: 'x'.repeat(5000) } });
    expect(await set(id, { adminMetadata: { b: 'x'.repeat(5000) } })).toMatchObject({
      fields: [{ path: 'adminMetadata', code: 'TOO_LONG' }],
    });
    expect(await set(id, { adminMetadata: { a: null, b: 'x'.repeat(5000) } })).toMatchObject({
      __typename: 'User',
    });
    expect(Object.keys((await asAdmin(id)).adminMetadata)).toEqual(['b']);
  });

  it('changes key by key: what is left out stays, null takes a key away', async () => {
    const { id } = await registerPerson(server);
    await set(id, { publicMetadata: { plan: 'free', tags: ['a'] }, adminMetadata: { note: 'x' } });
    await set(id, { publicMetadata: { plan: { name: 'gold', until: null } } });
    await set(id, { publicMetadata: { tags: null }, reason: 'Ticket 3' });
    expect(await asAdmin(id)).toEqual({
      publicMetadata: { plan: { name: 'gold', until: null } },
      adminMetadata: { note: 'x' },
    });
    const events = await auditOf(server, id, 'user.metadata_changed');
    expect(new Set(events.map(({ actorId }) => actorId))).toEqual(new Set([admin.id]));
    // The test's clock stands still, so that ids of one moment come in any order.
    expect(
      events.map(({ detail }) => `${detail?.['fields']}: ${detail?.['reason']}`).sort(),
    ).toEqual([
      'publicMetadata adminMetadata: null',
      'publicMetadata: Ticket 3',
      'publicMetadata: null',
    ]);
  });

  it('names in the trail what was changed, and leaves no event where nothing was', async () => {
    const { id } = await registerPerson(server);
    await set(id, { publicMetadata: { plan: 'free' } });
    for (const nothing of [{}, { publicMetadata: {}, adminMetadata: {} }, { publicMetadata: null }])
      expect(await set(id, nothing)).toMatchObject({ __typename: 'User' });
    expect(await asAdmin(id)).toEqual({ publicMetadata: { plan: 'free' }, adminMetadata: {} });
    await set(id, { publicMetadata: {}, adminMetadata: { note: 'x' } });
    const events = await auditOf(server, id, 'user.metadata_changed');
    expect(events.map(({ detail }) => detail?.['fields']).sort()).toEqual([
      'adminMetadata',
      'publicMetadata',
    ]);
  });

  it('MD-2 refuses what JSON or PostgreSQL cannot keep, before anything is written', async () => {
    const { id } = await registerPerson(server);
    const hostile = [
      '{"a":"x\\u0000"}',
      '{"a\\u0000":1}',
      '{"a":"\\ud800"}',
      '{"__proto__":{"isAdmin":true}}',
      '{"a":[{"__proto__":1}]}',
      '{"constructor":1}',
      '{"a":1e400}',
      '{"a":1e21}',
      '{"a":5e-324}',
      `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`,
    ];
    for (const text of hostile) {
      const body = `{"query":${JSON.stringify(
        'mutation M($id: ID!, $o: JSONObject!) { setUserMetadata(input: ' +
          '{ userId: $id, publicMetadata: $o }) { __typename } }',
      )},"variables":{"id":"${id}","o":${text}}}`;
      const answer = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${admin.accessToken}`,
          'x-forwarded-proto': 'https',
        },
        body,
      });
      expect([200, 400]).toContain(answer.status);
      const { data, errors } = (await answer.json()) as {
        data?: { setUserMetadata: { __typename: string } };
        errors?: unknown[];
      };
      expect(errors ? 'AuthError' : data?.setUserMetadata.__typename).toBe('AuthError');
    }
    expect(await asAdmin(id)).toEqual({ publicMetadata: {}, adminMetadata: {} });
    // The last of two equal keys counts, as in JSON.parse; keys that only look reserved are kept.
    const o = JSON.parse('{"a":1,"a":2,"toString":3}');
    expect(await set(id, { publicMetadata: o })).toMatchObject({ __typename: 'User' });
    expect((await asAdmin(id)).publicMetadata).toEqual({ a: 2, toString: 3 });
  });

  it('keeps all that its owner and administrators write at once, the first time too', async () => {
    const person = await registerPerson(server);
    const keys = ['a', 'b', 'c'];
    await Promise.all(
      keys.flatMap((key) => [
        set(person.id, { publicMetadata: { [key]: 1 } }),
        set(person.id, { adminMetadata: { [key]: 1 } }),
        server.mutate('updateProfile', { preferences: { [key]: 1 } }, as(person)),
      ]),
    );
    const all = { a: 1, b: 1, c: 1 };
    expect(await asAdmin(person.id)).toEqual({ publicMetadata: all, adminMetadata: all });
    expect((await own(person)).account).toEqual({ preferences: all });
  });

  it('keeps both of two changes at once', async () => {
    const { id } = await registerPerson(server);
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => set(id, { adminMetadata: { [key]: 1 } })));
    expect((await asAdmin(id)).adminMetadata).toEqual({ a: 1, b: 1, c: 1, d: 1 });
  });

  it('AZ-6 shows the user the public part, and other users nothing', async () => {
    const person = await registerPerson(server);
    const other = await registerPerson(server);
    await set(person.id, { publicMetadata: { plan: 'gold' }, adminMetadata: { note: 'x' } });
    expect((await own(person)).me).toEqual({
      publicMetadata: { plan: 'gold' },
      adminMetadata: null,
    });
    const byIds =
      'query Q($ids: [ID!]!) { usersByIds(ids: $ids) { publicMetadata adminMetadata } }';
    const gateway = { headers: { 'x-gateway-token': gatewayToken } };
    for (const sender of [gateway, { ...gateway, ...as(other) }]) {
      const answer = await server.send(byIds, { ids: [person.id] }, sender);
      expect(answer.data.usersByIds).toEqual([{ publicMetadata: null, adminMetadata: null }]);
    }
    const asUser = await server.send(userQuery, { id: person.id }, as(other));
    expect(asUser.errors[0]?.extensions.code).toBe('FORBIDDEN');
  });
});

describe('updateProfile and preferences', () => {
  it('MD-2 refuses more than 4 kB, by field and rule', async () => {
    const person = await registerPerson(server);
    const preferences = { a: 'x'.repeat(4096) };
    expect(await server.mutate('updateProfile', { preferences }, as(person))).toMatchObject({
      code: 'VALIDATION_FAILED',
      fields: [{ path: 'preferences', code: 'TOO_LONG' }],
    });
    expect((await own(person)).account).toEqual({ preferences: {} });
  });

  it('changes them key by key; null in their place empties them', async () => {
    const person = await registerPerson(server);
    const update = (input: Record<string, unknown>) =>
      server.mutate('updateProfile', input, as(person));
    await update({ preferences: { theme: 'dark', size: 3 } });
    await update({ preferences: { size: null, beta: true }, name: 'Ada' });
    expect((await own(person)).account).toEqual({ preferences: { theme: 'dark', beta: true } });
    await update({ name: 'Ada L.' });
    expect((await own(person)).account).toEqual({ preferences: { theme: 'dark', beta: true } });
    await update({ preferences: null });
    expect((await own(person)).account).toEqual({ preferences: {} });
    const events = await auditOf(server, person.id, 'profile.updated');
    expect(events.map(({ detail }) => detail?.['fields']).sort()).toEqual([
      'name',
      'name preferences',
      'preferences',
      'preferences',
    ]);
  });

  it('MD-1 what its owner writes is in no token, header, event or permission', async () => {
    const person = await registerPerson(server);
    const canary = 'canary-preferences-7f3a';
    const claims = { roles: ['admin'], admin: true, role: canary, scope: canary, [canary]: canary };
    await server.mutate('updateProfile', { preferences: claims }, as(person));
    const again = await signIn(server, person);
    const tokens = await server.mutate('refreshSession', { refreshToken: again.refreshToken });
    const read = (token: string): string =>
      token
        .split('.')
        .map((part) => Buffer.from(part, 'base64url').toString('latin1'))
        .join();
    const verified = await fetch(`${server.url}/verify`, {
      headers: { authorization: `Bearer ${tokens.accessToken}` },
    });
    expect(verified.status).toBe(200);
    const asked = await postForm(server, '/oauth/introspect', { token: tokens.accessToken });
    expect(asked.body).toMatchObject({ active: true });
    const seen = [
      ...[again.accessToken, tokens.accessToken, tokens.refreshToken].map(read),
      JSON.stringify([...verified.headers]),
      JSON.stringify(asked.body),
      JSON.stringify(await auditOf(server, person.id)),
      server.logLines.join(),
    ];
    for (const text of seen) expect(text).not.toContain(canary);
    const [payload = ''] = tokens.accessToken.split('.').slice(1);
    const { roles } = JSON.parse(Buffer.from(payload, 'base64url').toString());
    expect(roles).toEqual([]);
    const answer = await server.send('{ users { totalCount } }', {}, { token: tokens.accessToken });
    expect(answer.errors[0]?.extensions.code).toBe('FORBIDDEN');
    // Nor do others see them: no type but Account has the field.
    const type = '{ __type(name: "User") { fields { name } } }';
    const { data } = await server.send(type, {}, as(admin));
    expect(data.__type.fields.map(({ name }: { name: string }) => name)).not.toContain(
      'preferences',
    );
  });

  it('MD-2 all three are in the export, and erased with the account', async () => {
    const person = await registerPerson(server);
    await server.mutate('updateProfile', { preferences: { theme: 'dark' } }, as(person));
    await set(person.id, {
      publicMetadata: { plan: 'gold' },
      adminMetadata: { note: 'late payer' },
    });
    const { json } = await server.mutate('exportAccount', {}, as(person));
    expect(JSON.parse(json)).toMatchObject({
      publicMetadata: { plan: 'gold' },
      adminMetadata: { note: 'late payer' },
      preferences: { theme: 'dark' },
    });
    expect(await metadataOf(server.app, { userIds: [person.id] })).not.toEqual([null]);
    await server.mutate('deleteAccount', { confirmEmail: person.email }, as(person));
    expect(await metadataOf(server.app, { userIds: [person.id] })).toEqual([null]);
  });
});
