import { createPublicKey, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { registerPerson } from '../../testing/people.ts';

type KeySet = { readonly keys: Record<string, string>[] };
const keySet = async (response: Response): Promise<KeySet> => JSON.parse(await response.text());

const publicMembers: Readonly<Record<string, string[]>> = {
  RS256: ['kty', 'n', 'e', 'kid', 'use', 'alg'],
  ES256: ['kty', 'crv', 'x', 'y', 'kid', 'use', 'alg'],
  EdDSA: ['kty', 'crv', 'x', 'kid', 'use', 'alg'],
};

describe.each(['ES256', 'RS256', 'EdDSA', 'HS256'] as const)('the key set with %s', (algorithm) => {
  let server: TestServer;
  let address: string;
  beforeAll(async () => {
    server = await startTestServer({
      config: {
        // Development would refuse the hostile host.
        mode: 'production',
        jwt: { algorithm, audience: 'http://localhost:4000', type: 'JWT' },
      },
    });
    address = `${server.url}/.well-known/jwks.json`;
  });
  afterAll(() => server.stop());

  it('JW-11 has public members only, and no HS256 key', async () => {
    const { keys, ...rest } = await keySet(await fetch(address));
    expect(rest).toEqual({});
    const expected = publicMembers[algorithm];
    expect(keys).toHaveLength(expected === undefined ? 0 : 1);
    for (const key of keys) {
      expect(Object.keys(key).sort()).toEqual([...(expected ?? [])].sort());
      expect(key).toMatchObject({
        use: 'sig',
        alg: algorithm,
        kid: server.app.keyRing.signing().kid,
      });
    }
    const secret = server.app.keyRing.signing().privateKey.export({ format: 'jwk' });
    const text = JSON.stringify(keys);
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'] as const) {
      if (secret[member] !== undefined) expect(text).not.toContain(secret[member]);
    }
  });

  it('JW-11 has what a verifier needs to check a token, and no more', async () => {
    if (algorithm === 'HS256') return;
    const { accessToken } = await registerPerson(server);
    const { keys } = await keySet(await fetch(address));
    const [header = '', payload = '', signature = ''] = accessToken.split('.');
    const key = createPublicKey({ key: keys[0] ?? {}, format: 'jwk' });
    const data = Buffer.from(`${header}.${payload}`);
    const digest = algorithm === 'EdDSA' ? null : 'sha256';
    expect(
      verify(digest, data, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url')),
    ).toBe(true);
  });

  it('JW-11 is served as a key set, cacheable for five minutes, with an ETag', async () => {
    const response = await fetch(address);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^application\/jwk-set\+json/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('cache-control')).toBe('public, max-age=300');
    const tag = response.headers.get('etag') ?? '';
    expect(tag).toMatch(/^"[\w-]{22}"$/);
    for (const value of [tag, `W/${tag}`, `"other", ${tag}`]) {
      const again = await fetch(address, { headers: { 'if-none-match': value } });
      expect(again.status).toBe(304);
      expect(await again.text()).toBe('');
      expect(again.headers.get('etag')).toBe(tag);
    }
    expect((await fetch(address, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  it('JW-11 answers HEAD like GET, and no other method', async () => {
    const head = await fetch(address, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(head.headers.get('content-type')).toMatch(/^application\/jwk-set\+json/);
    expect(await head.text()).toBe('');
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const response = await fetch(address, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toMatch(/GET.*HEAD/);
    }
  });

  it('the discovery document has issuer, key set and algorithm from configuration', async () => {
    const hostile = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
    };
    const response = await fetch(`${server.url}/.well-known/openid-configuration`, {
      headers: hostile,
    });
    expect(await response.json()).toMatchObject({
      issuer: 'http://localhost:4000',
      jwks_uri: 'http://localhost:4000/.well-known/jwks.json',
      id_token_signing_alg_values_supported: [algorithm],
    });
  });
});
