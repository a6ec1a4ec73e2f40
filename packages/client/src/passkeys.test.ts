import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startTestServer, type TestServer } from '../../../src/testing/app.ts';
import { enrolTotp } from '../../../src/testing/authenticator.ts';
import { countingFetch } from '../../../src/testing/counting-fetch.ts';
import { claimsOf } from '../../../src/testing/factors.ts';
import { openPasskeyBrowser, type PasskeyBrowser } from '../../../src/testing/passkey-browser.ts';
import type { AssertionOverrides } from '../../../src/testing/passkey-signer.ts';
import { type Person, registerPerson } from '../../../src/testing/people.ts';
import { type AuthClient, createAuthClient } from './index.ts';
import { createPasskeys, type Passkeys } from './passkeys.ts';

const origin = 'http://localhost:3000';
/** Seconds after which a proof is too old for what needs one. */
const staleAfter = 601;

let server: TestServer;
let browser: PasskeyBrowser;
let person: Person;
let auth: AuthClient;
let passkeys: Passkeys;
let counted: ReturnType<typeof countingFetch>;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  const opened = openPasskeyBrowser(origin);
  browser = opened.browser;
  for (const [name, value] of Object.entries(opened.globals)) vi.stubGlobal(name, value);
  person = await registerPerson(server, { name: 'Ada' });
  open();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** A client of this browser in which no one is signed in yet. */
function open(options: Partial<Parameters<typeof createAuthClient>[0]> = {}): void {
  counted = countingFetch();
  auth = createAuthClient({ url: `${server.url}/graphql`, fetch: counted.fetch, ...options });
  passkeys = createPasskeys(auth);
}

const logIn = () => auth.login({ email: person.email, password: person.password });
const me = '{ me { id } }';
const list = async () => {
  const query = '{ account { passkeys { id name synced lastUsedAt } } }';
  const { account } = await auth.request<{ account: { passkeys: { id: string }[] } }>(query);
  return account.passkeys;
};

/** A person with a passkey, signed out again. */
async function registerPasskey(): Promise<string> {
  await logIn();
  const passkey = await passkeys.register({ name: 'Laptop' });
  if (passkey.__typename !== 'Passkey') throw new Error(JSON.stringify(passkey));
  await auth.logout();
  open();
  return passkey.id;
}

/** Lets the newest passkey sign something else. */
function forge(overrides: AssertionOverrides): void {
  const held = browser.passkeys.pop();
  if (!held) throw new Error('There is no passkey.');
  const { rpId, signer } = held;
  const assert: typeof signer.assert = (options) => signer.assert(options, overrides);
  browser.passkeys.push({ rpId, signer: { ...signer, assert } });
}

const told = (name: string) =>
  browser.signals.flatMap((signal) => (signal.name === name ? [signal.options] : []));

describe('refusals', () => {
  it('of a passkey that the server does not have let the password manager delete it', async () => {
    const { globals, browser: other } = openPasskeyBrowser(origin);
    await registerPasskey();
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
    // Made for this site, and for no account of it.
    await navigator.credentials.create({
      publicKey: { json: { challenge: '', rp: { id: 'localhost' }, user: { id: 'YQ' } } },
    } as object);
    expect(await passkeys.signIn()).toMatchObject({ code: 'UNKNOWN_PASSKEY' });
    const credentialId = other.passkeys[0]?.signer.credentialId.toString('base64url');
    expect(other.signals).toEqual([
      { name: 'unknown', options: { rpId: 'localhost', credentialId } },
    ]);
  });

  it.each<[string, AssertionOverrides]>([
    ['another origin', { origin: 'https://evil.example' }],
    ['another challenge', { challenge: 'YW5vdGhlcg' }],
    ['another site', { rpId: 'evil.example' }],
  ])('of any other kind delete nothing: %s (PK-15)', async (_case, overrides) => {
    await registerPasskey();
    forge(overrides);
    const { length } = browser.signals;
    expect(await passkeys.signIn()).toMatchObject({ __typename: 'AuthError' });
    expect(browser.signals.slice(length)).toEqual([]);
    expect(auth.getState().status).toBe('signed-out');
  });

  it('of a registration say that a proof is wanted', async () => {
    await logIn();
    // Without a click it takes a password of the last five minutes.
    server.clock.advance(staleAfter / 2);
    const wanted = { __typename: 'AuthError', code: 'STEP_UP_REQUIRED' };
    expect(await passkeys.register({ conditional: true })).toMatchObject(wanted);
    server.clock.advance(staleAfter / 2);
    expect(await passkeys.register()).toMatchObject(wanted);
    expect(browser.ceremonies).toEqual([]);
  });

  it('of a new passkey tell the password manager which ones the account has', async () => {
    await registerPasskey();
    await logIn();
    const accepted = browser.passkeys[0]?.signer.credentialId.toString('base64url');
    const answer = await passkeys.register({ name: 'x'.repeat(1000) });
    expect(answer).toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(browser.passkeys).toHaveLength(2);
    expect(told('accepted').at(-1)).toMatchObject({ allAcceptedCredentialIds: [accepted] });
  });
});

describe('a passkey', () => {
  it('is registered after a sign-in, with its name', async () => {
    await logIn();
    const passkey = await passkeys.register({ name: 'Laptop' });
    expect(passkey).toMatchObject({ __typename: 'Passkey', name: 'Laptop', synced: false });
    expect(await list()).toMatchObject([{ name: 'Laptop', lastUsedAt: null }]);
  });

  it('is registered without a click right after a password (PK-16)', async () => {
    await logIn();
    const registration = passkeys.register({ conditional: true });
    await browser.choose();
    expect(await registration).toMatchObject({ __typename: 'Passkey' });
    expect(browser.ceremonies).toMatchObject([{ kind: 'create', mediation: 'conditional' }]);
  });

  it('signs in without an address, completely, and the password manager is told', async () => {
    await registerPasskey();
    const tokens = await passkeys.signIn({ hints: ['CLIENT_DEVICE'] });
    if (tokens.__typename !== 'AuthTokens') throw new Error(JSON.stringify(tokens));
    expect(browser.ceremonies.at(-1)?.options).toMatchObject({ hints: ['client-device'] });
    expect(claimsOf(tokens.accessToken)['amr']).toEqual(expect.arrayContaining(['mfa', 'hwk']));
    expect(auth.getState()).toMatchObject({ status: 'signed-in', user: { id: person.id } });
    expect(await auth.request(me)).toEqual({ me: { id: person.id } });
    const signer = browser.passkeys[0]?.signer;
    const userId = signer?.userHandle();
    await expect.poll(() => told('details')).toMatchObject([{ rpId: 'localhost', userId }]);
    expect(told('accepted')).toEqual([
      {
        rpId: 'localhost',
        userId,
        allAcceptedCredentialIds: [signer?.credentialId.toString('base64url')],
      },
    ]);
  });

  it('signs in from the field, without a click', async () => {
    await registerPasskey();
    const autofill = passkeys.signIn({ autofill: true });
    await browser.choose();
    expect(await autofill).toMatchObject({ __typename: 'AuthTokens', user: { id: person.id } });
    expect(browser.ceremonies.at(-1)).toMatchObject({ mediation: 'conditional' });
    expect(counted.of('requestPasskeyLogin')).toBe(1);
  });

  it('completes a second step', async () => {
    const phone = await enrolTotp(server, person);
    await logIn().then((challenge) => {
      if (challenge.__typename !== 'OtpChallenge') throw new Error(challenge.__typename);
      return auth.verifyOtp({ challengeId: challenge.id, code: phone.phone.nextCode() });
    });
    await passkeys.register();
    await auth.logout();
    const challenge = await logIn();
    if (challenge.__typename !== 'OtpChallenge' || !challenge.passkey)
      throw new Error(JSON.stringify(challenge));
    browser.user = 'cancels';
    expect(await passkeys.verify(challenge.passkey)).toMatchObject({ code: 'CANCELLED' });
    browser.user = 'chooses';
    // The server has not heard of the ceremony that was cancelled.
    expect(await passkeys.verify(challenge.passkey)).toMatchObject({ __typename: 'AuthTokens' });
    expect(auth.getState().status).toBe('signed-in');
  });

  it('completes a step-up', async () => {
    await registerPasskey();
    await logIn();
    server.clock.advance(staleAfter);
    expect(await passkeys.register()).toMatchObject({ code: 'STEP_UP_REQUIRED' });
    const challenge = await auth.reauthenticate({});
    if (challenge.__typename !== 'OtpChallenge' || !challenge.passkey)
      throw new Error(JSON.stringify(challenge));
    expect(await passkeys.verify(challenge.passkey)).toMatchObject({ __typename: 'AuthTokens' });
    expect(auth.needsStepUp()).toBe(false);
  });

  it('is removed from the account and from the password manager', async () => {
    const id = await registerPasskey();
    await logIn();
    const signals = await passkeys.remove(id);
    expect(signals).toMatchObject({ __typename: 'PasskeySignals', credentialIds: [] });
    expect(told('accepted').at(-1)).toMatchObject({ allAcceptedCredentialIds: [] });
    expect(await list()).toEqual([]);
    expect(await passkeys.remove(id)).toMatchObject({ code: 'NOT_FOUND' });
    await auth.logout();
    expect(await passkeys.signIn()).toMatchObject({ code: 'UNKNOWN_PASSKEY' });
  });

  it('gets the new name of its account', async () => {
    await registerPasskey();
    await logIn();
    await auth.updateProfile({ name: 'Countess' });
    await passkeys.signal();
    expect(told('details')).toMatchObject([{ name: person.email, displayName: 'Countess' }]);
  });

  it('signs in where the password manager knows no signals, and asks for none', async () => {
    await registerPasskey();
    for (const name of ['signalUnknownCredential', 'signalAllAcceptedCredentials'])
      Object.assign(PublicKeyCredential, { [name]: undefined });
    Object.assign(PublicKeyCredential, { signalCurrentUserDetails: undefined });
    expect(await passkeys.signIn()).toMatchObject({ __typename: 'AuthTokens' });
    await passkeys.signal();
    expect(counted.of('passkeySignals')).toBe(0);
  });
});

describe('in cookie mode a passkey', () => {
  it('signs in with a refresh token that no script sees', async () => {
    await registerPasskey();
    const cookies: (string | null)[] = [];
    open({
      storage: 'cookie',
      fetch: async (input, init) => {
        const headers = { ...init?.headers, origin, 'sec-fetch-site': 'same-site' };
        const answer = await fetch(input, { ...init, headers });
        if (String(init?.body).includes('mutation verifyPasskey'))
          cookies.push(answer.headers.get('set-cookie'));
        return answer;
      },
    });
    const tokens = await passkeys.signIn();
    expect(tokens).toMatchObject({ __typename: 'AuthTokens', refreshToken: null });
    expect(cookies).toEqual([expect.stringMatching(/^latchkey=.*HttpOnly/i)]);
    expect(await auth.request(me)).toEqual({ me: { id: person.id } });
    auth.close();
  });
});
