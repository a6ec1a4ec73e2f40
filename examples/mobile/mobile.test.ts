import { type ChildProcess, spawn } from 'node:child_process';
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AuthClient, createAuthClient } from '@latchkey/client';
import { createIdentities } from '@latchkey/client/identities';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import {
  type ServerWithProvider,
  startAcme,
  startServerWithProvider,
  writeProvidersFile,
} from '../../src/testing/any-provider.ts';
import type { TestServer } from '../../src/testing/app.ts';
import { enrolTotp } from '../../src/testing/authenticator.ts';
import { bareEnvironment } from '../../src/testing/command-line.ts';
import { bundledProgram } from '../../src/testing/compiled.ts';
import { CookieJar } from '../../src/testing/cookie-jar.ts';
import { freePort } from '../../src/testing/free-port.ts';
import { startIdentityProvider } from '../../src/testing/identity-provider.ts';
import type { OidcProvider } from '../../src/testing/oidc-provider.ts';
import { freshAddress, personOf } from '../../src/testing/people.ts';
import { createProviderSignIn, type Expo } from './sign-in.ts';

/**
 * A link of the site that says which app is its own, a scheme that any app may claim, and the page
 * of a command-line tool.
 */
const returnUrls = [
  'https://app.example.com/signed-in',
  'com.example.app:/signed-in',
  'http://127.0.0.1:8765/signed-in',
];
const [appLink = '', scheme = ''] = returnUrls;

let home: ServerWithProvider;
let email: string;

beforeAll(async () => {
  home = await startServerWithProvider({ identityReturnUrls: returnUrls });
});
afterAll(() => home.stop());
beforeEach(() => {
  email = freshAddress();
  home.provider.user = { sub: email, email, email_verified: true, name: 'Ada' };
});

type Phone = {
  readonly auth: AuthClient;
  readonly expo: Expo;
  /** The links that opened an app, in order. */
  readonly links: string[];
  /** What the app has sent in headers. */
  readonly headers: string[];
  /** What the user does at the provider; `closes`: the browser. */
  user: 'Continue' | 'Cancel' | 'closes';
};

type PhoneOptions = {
  /** The server that answers a path; the instances have one PUBLIC_URL. */
  readonly serverOf?: (path: string) => string;
  readonly provider?: OidcProvider;
};

/** A phone with an app, a keychain, and a browser that the app sees nothing of. */
function openPhone({
  serverOf = () => home.publicUrl,
  provider = home.provider,
}: PhoneOptions = {}): Phone {
  const kept = new Map<string, string>();
  const headers: string[] = [];
  const links: string[] = [];
  const auth = createAuthClient({
    url: `${serverOf('/graphql')}/graphql`,
    fetch: async (url, init) => {
      headers.push(...Object.keys(init?.headers ?? {}));
      const answer = await fetch(url, init);
      if (answer.headers.has('set-cookie')) throw new Error('The app was given a cookie.');
      return answer;
    },
  });
  const openAuthSessionAsync = async (url: string, redirectUrl: string) => {
    if (phone.user === 'closes') return { type: 'cancel' };
    links.push(await followed(url, { serverOf, provider, redirectUrl, button: phone.user }));
    return { type: 'success', url: links.at(-1) ?? '' };
  };
  const phone: Phone = {
    auth,
    links,
    headers,
    user: 'Continue',
    expo: {
      Crypto: {
        getRandomValues: (array) => webcrypto.getRandomValues(array),
        digest: (algorithm, data) => webcrypto.subtle.digest(algorithm, data),
      },
      SecureStore: {
        getItemAsync: async (key) => kept.get(key) ?? null,
        setItemAsync: async (key, value) => void kept.set(key, value),
        deleteItemAsync: async (key) => void kept.delete(key),
      },
      WebBrowser: { openAuthSessionAsync },
    },
  };
  return phone;
}

type Following = {
  readonly serverOf: (path: string) => string;
  readonly provider: OidcProvider;
  readonly redirectUrl: string;
  readonly button: 'Continue' | 'Cancel';
};

/** The browser of the system: it has cookies, and hands an address of the app to the app. */
async function followed(url: string, { serverOf, provider, redirectUrl, button }: Following) {
  const jar = new CookieJar(systemClock);
  let at = url;
  while (!at.startsWith(redirectUrl)) {
    const { origin, pathname, search } = new URL(at);
    if (origin === provider.issuer) {
      at = await provider.press(button, at);
      continue;
    }
    const cookie = jar.header({ path: pathname, isSecure: false, isCrossSite: true });
    const answer = await fetch(`${serverOf(pathname)}${pathname}${search}`, {
      redirect: 'manual',
      ...(cookie === undefined ? {} : { headers: { cookie } }),
    });
    jar.take(answer.headers.getSetCookie());
    const location = answer.headers.get('location');
    if (location === null) throw new Error(`${pathname} answered ${answer.status}.`);
    at = new URL(location, at).href;
  }
  return at;
}

const me = '{ me { email } }';

describe('the app of docs/integrations/mobile.md', () => {
  it.each(returnUrls)(
    'ID-10 signs in without a cookie of its own, back at %s',
    async (returnTo) => {
      const { auth, expo, headers } = openPhone();
      const { signIn } = createProviderSignIn(auth, expo, returnTo);
      expect(await signIn('acme')).toMatchObject({
        __typename: 'AuthTokens',
        user: { name: 'Ada' },
      });
      expect(await auth.request(me)).toEqual({ me: { email } });
      expect(headers.filter((name) => name.toLowerCase() === 'cookie')).toEqual([]);
    },
  );

  it('ID-11 comes back to no address but those of the list', async () => {
    const { auth, expo } = openPhone();
    for (const returnTo of [`${appLink}/`, `${scheme}2`, 'com.example.app:/', 'evil:/signed-in']) {
      const { signIn } = createProviderSignIn(auth, expo, returnTo);
      expect(await signIn('acme')).toMatchObject({ code: 'VALIDATION_FAILED' });
    }
  });

  it('says so where the user cancels, and nothing where the browser is closed', async () => {
    const phone = openPhone();
    const { signIn } = createProviderSignIn(phone.auth, phone.expo, appLink);
    phone.user = 'Cancel';
    expect(await signIn('acme')).toMatchObject({ code: 'PROVIDER_REFUSED' });
    phone.user = 'closes';
    expect(await signIn('acme')).toBeNull();
    expect(phone.auth.getState().status).toBe('signed-out');
  });

  it('ID-10 gives another app that has claimed the scheme nothing to use', async () => {
    const [own, other] = [openPhone(), openPhone()];
    const identities = createIdentities(own.auth, { crypto: own.expo.Crypto });
    const flow = await identities.begin({ providerId: 'acme', returnTo: scheme });
    if (flow.__typename !== 'IdentityFlow') throw new Error(flow.message);
    const { url } = await own.expo.WebBrowser.openAuthSessionAsync(flow.url, scheme);
    const ticket = /ticket=(.*)/.exec(url ?? '')?.[1] ?? '';
    // It has begun a flow of its own, and knows all that was in the link.
    const theirs = createIdentities(other.auth, { crypto: other.expo.Crypto });
    const begun = await theirs.begin({ providerId: 'acme', returnTo: scheme });
    if (begun.__typename !== 'IdentityFlow') throw new Error(begun.message);
    const stolen = await theirs.complete({ ticket, verifier: begun.verifier });
    expect(stolen).toMatchObject({ code: 'INVALID_OR_EXPIRED_TOKEN' });
    const done = await identities.complete({ ticket, verifier: flow.verifier });
    expect(done).toMatchObject({ __typename: 'AuthTokens' });
  });

  it('takes up the link with which it was started, once, and no other', async () => {
    const { auth, expo, links } = openPhone();
    // The phone ends the app while the browser is open.
    const ended = new Error('The app was ended.');
    const dying: Expo['WebBrowser'] = {
      openAuthSessionAsync: async (url, redirectUrl) => {
        await expo.WebBrowser.openAuthSessionAsync(url, redirectUrl);
        throw ended;
      },
    };
    const before = createProviderSignIn(auth, { ...expo, WebBrowser: dying }, appLink);
    await expect(before.signIn('acme')).rejects.toThrow(ended);
    const { finish } = createProviderSignIn(auth, expo, appLink);
    expect(await finish('https://app.example.com/orders/1#ticket=abc')).toBeNull();
    const [link = ''] = links;
    expect(await finish(link)).toMatchObject({ __typename: 'AuthTokens' });
    expect(await finish(link)).toBeNull();
  });

  it('ID-14 is asked for the second factor, as after a password', async () => {
    const { auth, expo } = openPhone();
    const { signIn } = createProviderSignIn(auth, expo, appLink);
    const tokens = await signIn('acme');
    const person = personOf(tokens, { email, password: '' });
    const { phone } = await enrolTotp(home.server, person);
    const challenge = await signIn('acme');
    if (challenge?.__typename !== 'OtpChallenge') throw new Error(JSON.stringify(challenge));
    expect(challenge.methods).toContain('TOTP');
    const code = phone.nextCode();
    const done = await auth.verifyOtp({ challengeId: challenge.id, code });
    expect(done).toMatchObject({ __typename: 'AuthTokens' });
  });
});

describe('the SDK of a provider', () => {
  it('ID-17 signs in with an ID token that carries the server’s nonce, and no other', async () => {
    const double = await startIdentityProvider({ id: 'sdk', clock: home.server.clock });
    const aud = 'com.example.app';
    const entry = double.entry({ trustEmail: true, nativeClientIds: [aud] });
    const server = await home.server.another({ port: 0, identityProviders: [entry] });
    const auth = createAuthClient({ url: `${server.url}/graphql` });
    const identities = createIdentities(auth);
    const user = { sub: email, email, email_verified: true };
    const signIn = (more: object) =>
      identities.signInWithIdToken('sdk', (nonce) =>
        double.idToken({ ...user, aud, nonce, ...more }),
      );
    const refused = { __typename: 'AuthError', code: 'PROVIDER_REFUSED' };
    expect(await signIn({ nonce: 'of another' })).toMatchObject(refused);
    expect(await signIn({})).toMatchObject({ __typename: 'AuthTokens', user: { email } });
    expect(await auth.request(me)).toEqual({ me: { email } });
    await server.stop();
    await double.stop();
  });
});

describe('two instances over one database', () => {
  let other: TestServer;
  beforeAll(async () => {
    other = await home.server.another({ port: 0 });
  });
  afterAll(() => other.stop());

  it('pass a flow on to each other', async () => {
    const serverOf = (path: string) =>
      path.startsWith('/identity/callback/') ? other.url : home.publicUrl;
    const { auth, expo } = openPhone({ serverOf });
    const { signIn } = createProviderSignIn(auth, expo, appLink);
    expect(await signIn('acme')).toMatchObject({ __typename: 'AuthTokens' });
    // And the other way round.
    const turned = openPhone({
      serverOf: (path) => (path.startsWith('/identity/callback/') ? home.publicUrl : other.url),
    });
    const again = createProviderSignIn(turned.auth, turned.expo, appLink);
    expect(await again.signIn('acme')).toMatchObject({ __typename: 'AuthTokens' });
  });
});

describe('the built server, in development', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-mobile-'));
  let child: ChildProcess;
  let provider: OidcProvider;
  let publicUrl: string;

  beforeAll(async () => {
    const port = String(await freePort());
    publicUrl = `http://localhost:${port}`;
    provider = await startAcme(publicUrl);
    child = spawn(process.execPath, [bundledProgram(), 'dev'], {
      cwd: folder,
      stdio: 'ignore',
      env: {
        ...bareEnvironment,
        PORT: port,
        PUBLIC_URL: publicUrl,
        IDENTITY_PROVIDERS_FILE: writeProvidersFile(folder, provider),
        IDENTITY_RETURN_URLS: returnUrls.join(','),
        IDENTITY_ALLOW_PRIVATE: 'true',
      },
    });
    while (!(await fetch(`${publicUrl}/readyz`).catch(() => null))?.ok) {
      if (child.exitCode !== null) throw new Error('The server has ended.');
      await sleep(100);
    }
  }, 600_000);
  afterAll(async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    await provider.stop();
    rmSync(folder, { recursive: true });
  });

  it.each(returnUrls)('takes a provider from six lines of a file, back at %s', async (returnTo) => {
    const { auth, expo } = openPhone({ provider, serverOf: () => publicUrl });
    const { signIn } = createProviderSignIn(auth, expo, returnTo);
    expect(await signIn('acme')).toMatchObject({ __typename: 'AuthTokens', user: { name: 'Ada' } });
  });
});
