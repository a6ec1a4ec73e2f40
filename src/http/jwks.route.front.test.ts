import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rotateSigningKey } from '../domain/signing-keys/rotate-signing-key.ts';
import { overlap } from '../domain/signing-keys/rules.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';

let server: TestServer;
beforeAll(async () => {
  const jwt = { algorithm: 'RS256', audience: 'http://localhost:4000', type: 'JWT' } as const;
  server = await startTestServer({ config: { jwt } });
}, 60_000);
afterAll(() => server.stop());

const path = '/.well-known/jwks.json';
const ask = (init: RequestInit = {}, at = path) => fetch(`${server.url}${at}`, init);

describe('the public keys', () => {
  it('JW-11 are read by GET and HEAD only', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await ask({ method });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
    }
  });

  it('JW-11 JW-10 hold public members only, with use, alg and kid', async () => {
    const answer = await ask();
    expect(answer.headers.get('content-type')).toBe('application/jwk-set+json; charset=utf-8');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    const { keys } = JSON.parse(await answer.text());
    expect(keys).toHaveLength(1);
    expect(keys[0]).toMatchObject({ kty: 'RSA', use: 'sig', alg: 'RS256', e: 'AQAB' });
    expect(Object.keys(keys[0]).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    expect(Buffer.from(keys[0].n, 'base64url').length * 8).toBeGreaterThanOrEqual(3072);
  });

  it('JW-11 may be kept for less long than an old key goes on, and are asked for again by ETag', async () => {
    const answer = await ask();
    const maxAge = Number(/^public, max-age=(\d+)$/.exec(answer.headers.get('cache-control') ?? '')?.[1]);
    expect(maxAge).toBe(300);
    expect(maxAge).toBeLessThan(overlap);
    const etag = answer.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const again = await ask({ headers: { 'if-none-match': known } });
      expect([known, again.status, again.headers.get('etag')]).toEqual([known, 304, etag]);
      expect(again.headers.get('cache-control')).toBe('public, max-age=300');
      expect(await again.text()).toBe('');
    }
    expect((await ask({ headers: { 'if-none-match': '"x"' } })).status).toBe(200);
    const head = await ask({ method: 'HEAD' });
    expect([head.status, head.headers.get('etag'), await head.text()]).toEqual([200, etag, '']);

    await rotateSigningKey(server.app);
    await server.app.keyRing.load();
    const changed = await ask({ headers: { 'if-none-match': etag } });
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(etag);
  }, 60_000);

  it('are for every origin, without credentials', async () => {
    const answer = await ask({ headers: { origin: 'https://anyone.example' } });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
  });
});

describe('the discovery document', () => {
  it('names issuer, keys, algorithms and the two routes for services', async () => {
    const answer = await ask({}, '/.well-known/openid-configuration');
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(JSON.parse(await answer.text())).toEqual({
      issuer: 'http://localhost:4000',
      jwks_uri: 'http://localhost:4000/.well-known/jwks.json',
      id_token_signing_alg_values_supported: ['RS256'],
      subject_types_supported: ['public'],
      response_types_supported: ['none'],
      introspection_endpoint: 'http://localhost:4000/oauth/introspect',
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'Bearer'],
      revocation_endpoint: 'http://localhost:4000/oauth/revoke',
      revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'Bearer'],
    });
  });
});
