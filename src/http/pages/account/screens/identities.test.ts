import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  openAccount,
  openStaleAccount,
  proveByPage,
  staleAfter,
} from '../../../../testing/account-browser.ts';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import { createTestClock } from '../../../../testing/clock.ts';
import {
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../../../testing/identity-provider.ts';
import { openBrowser, type PageBrowser } from '../../../../testing/page-browser.ts';
import { freshAddress } from '../../../../testing/people.ts';
import { comeBack, continueWith } from '../../../../testing/provider-pages.ts';
import { messagesIn } from '../language.ts';

let provider: TestIdentityProvider;
let server: TestServer;
beforeAll(async () => {
  const clock = createTestClock();
  provider = await startIdentityProvider({ clock });
  server = await startTestServer({
    clock,
    config: {
      identityAllowPrivate: true,
      identityProviders: [provider.entry({ trustEmail: true })],
    },
  });
});
afterAll(async () => {
  await server.stop();
  await provider.stop();
});

let count = 0;
beforeEach(() => {
  count += 1;
  provider.user = {
    sub: `user-${count}`,
    email: freshAddress(),
    email_verified: true,
    preferred_username: `ada-${count}`,
  };
  provider.lies = {};
});

const t = messagesIn('en').identities;
const page = '/account/security/identities';

/** Whose only way in is the provider. */
async function openProvidersAccount(): Promise<PageBrowser> {
  const browser = openBrowser(server);
  await browser.get(`/account/sign-in?return_to=${page}`);
  await continueWith(browser, provider);
  return browser;
}

describe('the page of linked accounts', () => {
  it('is offered under Security where there are providers or linked accounts', async () => {
    const { browser } = await openAccount(server);
    expect(browser.page.text).toContain('Linked accounts None');
    await browser.get(page);
    expect(browser.page.text).toContain(t.none);
    expect(browser.page.text).toContain('Link The Double');
    const without = await server.another({ identityProviders: [] });
    const { browser: other } = await openAccount(without);
    expect(other.page.text).not.toContain('Linked accounts');
    await without.stop();
  });

  it('ID-9 links an account, after a fresh proof alone', async () => {
    const { browser, person, phone } = await openStaleAccount(server);
    await browser.get(page);
    await browser.send('double');
    await proveByPage(browser, person, phone);
    await comeBack(browser, provider);
    expect(browser.page).toMatchObject({ status: 200, url: `${page}?done=linked` });
    expect(browser.page.text).toContain(t.linked);
    expect(browser.page.text).toMatch(/The Double .*Linked: .* Not used yet/);
    await browser.get('/account/activity');
    expect(browser.page.text).toContain(messagesIn('en').events['identity.linked']);
    await browser.get('/account/security');
    expect(browser.page.text).toContain('Linked accounts 1 account');
  });

  it('ID-9 asks for a proof once more where it ran out at the provider', async () => {
    const { browser, person } = await openAccount(server);
    server.clock.advance(staleAfter - 60);
    await browser.get(page);
    await browser.send('double');
    server.clock.advance(90);
    await comeBack(browser, provider);
    await proveByPage(browser, person);
    expect(browser.page.text).toContain(messagesIn('en').stepUp.proved);
    await browser.follow(t.title);
    expect(browser.page.text).toContain(t.none);
    await continueWith(browser, provider);
    expect(browser.page.text).toContain(t.linked);
  });

  it('refuses what is linked to another user, and says so', async () => {
    await openProvidersAccount();
    const { browser } = await openAccount(server);
    await browser.get(page);
    await continueWith(browser, provider);
    expect(browser.page.status).toBe(422);
    expect(browser.page.text).toContain(t.taken);
    await browser.follow(t.title);
    expect(browser.page.text).toContain(t.none);
  });

  it('says that the provider has refused, and leads back here', async () => {
    const { browser } = await openAccount(server);
    await browser.get(page);
    provider.lies = { callback: (parameters) => parameters.set('error', 'access_denied') };
    await continueWith(browser, provider);
    expect(browser.page).toMatchObject({
      status: 422,
      title: `Problem: ${t.title} · Latchkey`,
    });
    await browser.follow(t.title);
    expect(browser.page.url).toBe(page);
  });

  it('unlinks an account, but not the last way in', async () => {
    const alone = await openProvidersAccount();
    expect(alone.page.text).toMatch(/The Double .*Last used: /);
    await alone.send('unlink');
    expect(alone.page.status).toBe(422);
    expect(alone.page.text).toContain(t.lastWay);
    const { browser } = await openAccount(server);
    await browser.get(page);
    count += 1;
    provider.user = { ...provider.user, sub: `user-${count}` };
    await continueWith(browser, provider);
    await browser.send('unlink');
    expect(browser.page.text).toContain(t.unlinked);
    expect(browser.page.text).toContain(t.none);
    await browser.get('/account/activity');
    expect(browser.page.text).toContain(messagesIn('en').events['identity.unlinked']);
  });

  it('says beside a new password that linked accounts stay', async () => {
    const browser = await openProvidersAccount();
    await browser.get('/account/security/password');
    expect(browser.page.text).toContain('Your linked accounts stay, and still sign you in.');
    const { browser: without } = await openAccount(server);
    await without.get('/account/security/password');
    expect(without.page.text).not.toContain('linked accounts');
  });

  it('keeps a provider that is offered no more, by its id, to be unlinked', async () => {
    const { browser, person } = await openAccount(server);
    await browser.get(page);
    await continueWith(browser, provider);
    const without = await server.another({ identityProviders: [] });
    const other = openBrowser(without);
    await other.get(`/account/sign-in?return_to=${page}`);
    const { email, password } = person;
    await other.send('password', { email, password });
    expect(other.page.text).toContain('double');
    expect(other.page.text).not.toContain(t.another);
    await other.send('unlink');
    expect(other.page.text).toContain(t.unlinked);
    await without.stop();
  });
});

describe('the list of devices', () => {
  it('says which provider has vouched', async () => {
    const browser = await openProvidersAccount();
    await browser.get('/account/devices');
    expect(browser.page.text).toContain('Signed in with The Double');
    const { browser: other } = await openAccount(server);
    await other.get('/account/devices');
    expect(other.page.text).not.toContain('Signed in with');
  });
});
