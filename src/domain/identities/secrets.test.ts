import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { dumpText } from '../../testing/dump.ts';
import { begin, goToProvider, TestBrowser, withProviders } from '../../testing/identities.ts';
import {
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../testing/identity-provider.ts';
import { registerPerson } from '../../testing/people.ts';

let provider: TestIdentityProvider;
let server: TestServer;
/** What the provider gave out. */
const handedOut: string[] = [];
beforeAll(async () => {
  provider = await startIdentityProvider();
  const entry = provider.entry({ trustEmail: true, nativeClientIds: ['app'] });
  server = await startTestServer({ config: { ...withProviders([entry]), logLevel: 'trace' } });
  provider.lies = {
    tokens: (body) => {
      handedOut.push(String(body['access_token']), String(body['id_token']));
      return body;
    },
  };
});
afterAll(async () => {
  await server.stop();
  await provider.stop();
});

/** A secret as a row might hold it: as text, or as bytes in hex. */
const spellings = (secret: string): string[] => [
  secret,
  Buffer.from(secret).toString('hex'),
  Buffer.from(secret, 'base64url').toString('hex'),
];

it('ID-18 no log, export or row holds a code, token, nonce, state or verifier', async () => {
  const person = await registerPerson(server);
  const sender = { token: person.accessToken };
  provider.user = { sub: person.id, email: person.email, email_verified: true };
  const browser = new TestBrowser(server);
  const begun = await begin(server, { sender, mutation: 'startIdentityLink' });
  const held = [await dumpText(server.app)];
  const { callback } = await goToProvider(provider, browser, begun);
  held.push(await dumpText(server.app));
  const { location } = await browser.open(callback);
  held.push(await dumpText(server.app));
  const ticket = location.split('=')[1] ?? '';
  const input = { ticket, codeVerifier: begun.codeVerifier };
  const linked = await server.mutate('completeIdentityLink', input, sender);
  expect(linked.__typename).toBe('AuthIdentity');
  const nonce = await server.mutate('requestIdTokenNonce', { providerId: 'double' });
  const idToken = await provider.idToken({ ...provider.user, aud: 'app', nonce: nonce.nonce });
  const wrong = await provider.idToken({ ...provider.user, aud: 'wrong', nonce: nonce.nonce });
  await server.mutate('loginWithIdToken', { nonceId: nonce.id, idToken: wrong });
  // A refusal, of which the log says more.
  provider.lies = { ...provider.lies, claims: (claims) => ({ ...claims, nonce: 'forged' }) };
  const refused = await goToProvider(provider, browser, await begin(server));
  await browser.open(refused.callback);
  const { json } = await server.mutate('exportAccount', {}, sender);
  held.push(await dumpText(server.app));
  const asked = provider.requests.flatMap(({ state, nonce: sent }) => [state ?? '', sent ?? '']);
  const forms = provider.forms.flatMap((form) => [
    form.get('code') ?? '',
    form.get('code_verifier') ?? '',
    form.get('client_secret') ?? '',
  ]);
  const secrets = [
    ...handedOut,
    ...asked,
    ...forms,
    ...browser.jar.list().map(({ value }) => value),
    begun.codeVerifier,
    begun.url.slice(begun.url.lastIndexOf('/') + 1),
    ticket,
    nonce.id,
    nonce.nonce,
    idToken,
    wrong,
  ];
  expect(secrets.length).toBeGreaterThan(20);
  const texts = { rows: held.join('\n'), log: server.logLines.join('\n'), export: json };
  for (const [where, text] of Object.entries(texts))
    for (const secret of secrets) {
      expect(secret, where).not.toBe('');
      for (const spelling of spellings(secret)) expect(text.includes(spelling), where).toBe(false);
    }
});

it('ID-10 a row holds the hash of a handle, and of nothing that could be guessed', async () => {
  const { url } = await begin(server);
  const handle = url.slice(url.lastIndexOf('/') + 1);
  const hash = createHash('sha256').update(handle).digest('hex');
  expect(await dumpText(server.app)).toContain(hash);
});
