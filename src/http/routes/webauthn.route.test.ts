import { describe, expect, it } from 'vitest';
import { startTestServer } from '../../testing/app.ts';
import { newSigner, registerPasskey, signInWithPasskey } from '../../testing/passkeys.ts';
import { registerPerson } from '../../testing/people.ts';

const android = `android:apk-key-hash:${'A'.repeat(43)}`;

async function listOf(origins: readonly string[], enabled = true) {
  const passkeys = { enabled, rpId: 'example.com', origins, limit: 20 };
  const server = await startTestServer({ config: { passkeys } });
  const response = await fetch(`${server.url}/.well-known/webauthn`);
  const { status, headers } = response;
  const body = status === 200 ? JSON.parse(await response.text()) : null;
  await server.stop();
  return { status, headers, body };
}

describe('the list of related origins', () => {
  it('PK-2 names the sites, and no app, where they have several domains', async () => {
    const sites = ['https://www.example.com', 'https://example.de'];
    const { status, headers, body } = await listOf([...sites, android]);
    expect(status).toBe(200);
    expect(body).toEqual({ origins: sites });
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(headers.get('cache-control')).toBe('public, max-age=300');
  });

  it.each([
    ['one site', ['https://example.com'], true],
    ['sites of one domain', ['https://example.com', 'https://www.example.com'], true],
    ['apps beside one', ['https://example.com', android], true],
    ['passkeys that are off', ['https://example.com', 'https://example.de'], false],
  ] as const)('is not there for %s', async (_, origins, enabled) => {
    expect((await listOf(origins, enabled)).status).toBe(404);
  });

  it('PK-2 goes with what is accepted: each origin of the list, and no other', async () => {
    const origins = ['https://www.example.com', 'https://example.de', android];
    const passkeys = { enabled: true, rpId: 'example.com', origins, limit: 20 };
    const server = await startTestServer({ config: { passkeys } });
    const person = await registerPerson(server);
    const signer = newSigner({ origin: 'https://www.example.com' });
    await registerPasskey(server, person, signer);
    for (const origin of origins)
      expect((await signInWithPasskey(server, signer, { origin })).__typename).toBe('AuthTokens');
    for (const origin of ['https://example.com', 'https://app.example.de'])
      expect((await signInWithPasskey(server, signer, { origin })).__typename).toBe('AuthError');
    await server.stop();
  });
});
