import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { registerPerson } from '../../testing/people.ts';
import { setRoles } from '../../testing/rows.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const ask = (
  headers: Record<string, string> = {},
  init: { method?: string; path?: string; body?: string } = {},
) =>
  fetch(`${server.url}${init.path ?? '/verify'}`, {
    method: init.method ?? 'GET',
    headers,
    ...(init.body === undefined ? {} : { body: init.body }),
  });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('GET /verify', () => {
  it('refuses a request without a token, and says how to send one', async () => {
    for (const headers of [{}, { authorization: '' }, { cookie: 'latchkey=x' }]) {
      const answer = await ask(headers);
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
        401,
        'Bearer realm="latchkey"',
      ]);
      expect(answer.headers.get('x-auth-user')).toBeNull();
    }
  });

  it('refuses invalid tokens, in the same words whatever is wrong with them', async () => {
    const person = await registerPerson(server);
    const bodies = new Set<string>();
    const tell = async (headers: Record<string, string>) => {
      const answer = await ask(headers);
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
        401,
        'Bearer error="invalid_token"',
      ]);
      bodies.add((await answer.text()).replace(/"requestId":"[^"]+"/, ''));
    };
    await tell(bearer('nonsense'));
    await tell(bearer(`${person.accessToken.slice(0, -4)}AAAA`));
    await tell({ authorization: `Basic ${btoa('a:b')}` });
    await server.mutate('logout', {}, { token: person.accessToken });
    await tell(bearer(person.accessToken));
    server.clock.advance(910);
    await tell(bearer(person.accessToken));
    expect(bodies.size).toBe(1);
  });

  it('reads the token from the Authorization header alone', async () => {
    const { accessToken } = await registerPerson(server);
    expect((await ask({}, { path: `/verify?access_token=${accessToken}` })).status).toBe(401);
    expect((await ask({ cookie: `latchkey=${accessToken}` })).status).toBe(401);
    expect((await ask({ 'x-auth-user': 'me' })).status).toBe(401);
  });

  it('identifies the user, for GET and HEAD, and is not cacheable', async () => {
    const person = await registerPerson(server);
    for (const method of ['GET', 'HEAD']) {
      const answer = await ask(bearer(person.accessToken), { method });
      expect(answer.status).toBe(200);
      expect(await answer.text()).toBe('');
      expect(answer.headers.get('x-auth-user')).toBe(person.id);
      expect(answer.headers.get('x-auth-session')).toBe(person.sessionId);
      // Present though empty: a proxy then overwrites a header of that name from the client.
      expect(answer.headers.get('x-auth-roles')).toBe('');
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
    await setRoles(server, person.id, ['admin', 'billing:read']);
    expect((await ask(bearer(person.accessToken))).headers.get('x-auth-roles')).toBe(
      'admin,billing:read',
    );
  });

  it('accepts no other method', async () => {
    const { accessToken } = await registerPerson(server);
    const answer = await ask(bearer(accessToken), { method: 'POST' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });

  it('accepts Envoy’s check, with the method and path of the checked request', async () => {
    const { accessToken, id } = await registerPerson(server);
    const path = '/verify/orders/7?x=1';
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      expect((await ask({}, { method, path })).status).toBe(401);
      const answer = await ask(bearer(accessToken), { method, path });
      expect([method, answer.status, answer.headers.get('x-auth-user')]).toEqual([method, 200, id]);
    }
    const odd = { ...bearer(accessToken), 'content-type': 'application/xml' };
    expect((await ask(odd, { method: 'POST', path, body: '<x/>' })).status).toBe(200);
  });
});
