import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { gatewayToken, postForm } from '../../testing/doors.ts';
import { registerPerson, signIn } from '../../testing/people.ts';
import { ageProof, auditOf, proveSecondFactor, sessionsOf, setRoles } from '../../testing/rows.ts';

let server: TestServer;
let without: TestServer;
beforeAll(async () => {
  server = await startTestServer({ config: { gatewayToken } });
  without = await server.another({ gatewayToken: null });
});
afterAll(async () => {
  await without.stop();
  await server.stop();
});

const routes = ['/oauth/introspect', '/oauth/revoke'];
const introspect = async (token: string) =>
  (await postForm(server, '/oauth/introspect', { token })).body;
const revoke = (token: string) => postForm(server, '/oauth/revoke', { token });
const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('introspection and revocation refuse', () => {
  for (const path of routes) {
    it(`ADV-12 ADV-45 ${path} a missing or wrong credential in the same words`, async () => {
      const person = await registerPerson(server);
      const { accessToken } = person;
      const wrong: Record<string, string>[] = [
        {},
        { authorization: '' },
        bearer('nonsense'),
        bearer(gatewayToken.slice(0, -1)),
        bearer(`${gatewayToken}x`),
        basic('client', 'wrong'),
        basic(gatewayToken, ''),
        basic('', ''),
        { authorization: gatewayToken },
        { authorization: `Digest ${gatewayToken}` },
        { 'x-gateway-token': gatewayToken },
        bearer(person.refreshToken),
      ];
      const answers = new Set<string>();
      for (const headers of wrong) {
        const answer = await postForm(server, path, { token: accessToken }, headers);
        expect(answer.headers.get('www-authenticate')).toBe(
          'Bearer realm="latchkey", Basic realm="latchkey"',
        );
        answers.add(JSON.stringify([answer.status, answer.body]));
      }
      expect([...answers]).toEqual([expect.stringContaining('[401,{"error":"invalid_client"')]);
      const inBody = {
        token: accessToken,
        client_id: 'a',
        client_secret: gatewayToken,
        access_token: gatewayToken,
      };
      expect((await postForm(server, path, inBody, {})).status).toBe(401);
      // A signed-in user is not a service.
      expect(
        await postForm(server, path, { token: accessToken }, bearer(accessToken)),
      ).toMatchObject({
        status: 403,
        body: { error: 'insufficient_scope' },
      });
      expect((await sessionsOf(server, person.id))[0]?.revokedAt).toBeNull();
    });

    it(`${path} non-admins when no credential is configured`, async () => {
      for (const headers of [
        {},
        bearer(''),
        bearer('null'),
        bearer('undefined'),
        basic('', ''),
        bearer(gatewayToken),
      ]) {
        expect((await postForm(without, path, { token: 'x' }, headers)).status).toBe(401);
      }
      const admin = await registerPerson(without);
      const ask = () => postForm(without, path, { token: 'x' }, bearer(admin.accessToken));
      expect((await ask()).status).toBe(403);
      await setRoles(without, admin.id, ['admin']);
      // The role alone is not enough (AZ-4).
      expect((await ask()).status).toBe(path === '/oauth/introspect' ? 403 : 401);
      await proveSecondFactor(without, admin.sessionId);
      expect((await ask()).status).toBe(200);
      await ageProof(without, admin.sessionId, 600);
      if (path === '/oauth/revoke') {
        expect(await ask()).toMatchObject({
          status: 401,
          body: { error: 'insufficient_user_authentication' },
        });
      } else {
        expect((await ask()).status).toBe(200);
      }
      await setRoles(without, admin.id, []);
      expect((await ask()).status).toBe(403);
    });

    it(`${path} anything but a form with one token`, async () => {
      for (const form of [{}, { token: '' }, { access_token: 'x' }]) {
        expect(await postForm(server, path, form)).toMatchObject({
          status: 400,
          body: { error: 'invalid_request' },
        });
      }
      const send = (body: string, type?: string) =>
        fetch(`${server.url}${path}`, {
          method: 'POST',
          headers: { ...bearer(gatewayToken), ...(type ? { 'content-type': type } : {}) },
          body,
        });
      expect((await send('token=a&token=b', 'application/x-www-form-urlencoded')).status).toBe(400);
      expect((await send('{"token":"a"}', 'application/json')).status).toBe(415);
      expect((await send('token=a', 'text/plain')).status).toBe(415);
      expect(
        (await fetch(`${server.url}${path}?token=a`, { headers: bearer(gatewayToken) })).status,
      ).toBe(405);
    });
  }

  it('TR-5 a form anywhere else: the API accepts none', async () => {
    const form = new URLSearchParams({ query: '{ me { id } }' });
    const answer = await fetch(`${server.url}/graphql`, { method: 'POST', body: form });
    expect(answer.status).toBe(415);
  });
});

describe('introspection', () => {
  it('ADV-45 answers only {"active": false} for any token that is not active', async () => {
    const person = await registerPerson(server);
    const inactive = { active: false };
    for (const token of [
      'x',
      person.sessionId,
      `${person.accessToken}x`,
      gatewayToken,
      'ä\u0000',
      'a'.repeat(9000),
    ]) {
      expect(await introspect(token)).toEqual(inactive);
    }
    const { refreshToken } = await server.mutate('refreshSession', {
      refreshToken: person.refreshToken,
    });
    // Within the grace window the old one could still be exchanged; introspection is not such a
    // use.
    expect(await introspect(person.refreshToken)).toMatchObject({ active: true });
    server.clock.advance(20);
    expect(await introspect(person.refreshToken)).toEqual(inactive);
    expect(await introspect(refreshToken)).toMatchObject({ active: true });
    server.clock.advance(900);
    expect(await introspect(person.accessToken)).toEqual(inactive);
    server.clock.advance(15 * 24 * 3600);
    expect(await introspect(refreshToken)).toEqual(inactive);
  });

  it('describes the current state of an access token, and nothing personal', async () => {
    const person = await registerPerson(server);
    await setRoles(server, person.id, ['editor']);
    const claims = decodeJwt(person.accessToken);
    const credentials = [
      bearer(gatewayToken),
      basic('gateway', gatewayToken),
      basic('', encodeURIComponent(gatewayToken)),
    ];
    for (const headers of credentials) {
      const answer = await postForm(
        server,
        '/oauth/introspect',
        { token: person.accessToken },
        headers,
      );
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.body).toEqual({
        active: true,
        token_use: 'access_token',
        token_type: 'Bearer',
        iss: claims.iss,
        aud: claims.aud,
        sub: person.id,
        sid: person.sessionId,
        jti: claims.jti,
        iat: claims.iat,
        exp: claims.exp,
        auth_time: claims['auth_time'],
        amr: claims['amr'],
        roles: ['editor'],
      });
    }
  });

  it('distinguishes refresh from access tokens, whatever the hint says', async () => {
    const person = await registerPerson(server);
    const form = { token: person.refreshToken, token_type_hint: 'access_token' };
    const { body } = await postForm(server, '/oauth/introspect', form);
    expect(body).toMatchObject({
      active: true,
      token_use: 'refresh_token',
      sub: person.id,
      sid: person.sessionId,
    });
    expect(body).not.toHaveProperty('token_type');
    expect(body).not.toHaveProperty('aud');
  });
});

describe('revocation', () => {
  it('ADV-45 accepts either kind, is idempotent, and hides unknown tokens', async () => {
    const person = await registerPerson(server);
    const other = await signIn(server, person);
    const first = await revoke(person.accessToken);
    expect(first).toMatchObject({ status: 200, body: {} });
    for (const token of [person.accessToken, person.refreshToken, 'nonsense']) {
      expect(await revoke(token)).toMatchObject({ status: 200, body: {} });
    }
    expect(await introspect(person.accessToken)).toEqual({ active: false });
    expect(await introspect(person.refreshToken)).toEqual({ active: false });
    expect(await introspect(other.accessToken)).toMatchObject({ active: true });
    expect(await revoke(other.refreshToken)).toMatchObject({ status: 200 });
    expect(await introspect(other.accessToken)).toEqual({ active: false });

    const closed = await auditOf(server, person.id, 'session.closed');
    expect(closed).toHaveLength(2);
    for (const event of closed) {
      expect(event).toMatchObject({ actorId: null, detail: { reason: 'revoked_by_service' } });
    }
  });

  it('ADV-45 of an expired access token is no silent no-op: the session ends', async () => {
    const person = await registerPerson(server);
    server.clock.advance(910);
    expect(await introspect(person.accessToken)).toEqual({ active: false });
    expect(await introspect(person.refreshToken)).toMatchObject({ active: true });
    expect(await revoke(person.accessToken)).toMatchObject({ status: 200, body: {} });
    expect(await introspect(person.refreshToken)).toEqual({ active: false });
  });

  it('records the admin who does it', async () => {
    const [admin, person] = [await registerPerson(server), await registerPerson(server)];
    await setRoles(server, admin.id, ['admin']);
    await proveSecondFactor(server, admin.sessionId);
    await postForm(
      server,
      '/oauth/revoke',
      { token: person.refreshToken },
      bearer(admin.accessToken),
    );
    const [closed] = await auditOf(server, person.id, 'session.closed');
    expect(closed).toMatchObject({ actorId: admin.id, detail: { reason: 'revoked_by_admin' } });
  });
});
