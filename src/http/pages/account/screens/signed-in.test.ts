import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stepOf } from '../../../../testing/account-browser.ts';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import { enrolTotp } from '../../../../testing/authenticator.ts';
import {
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../../../testing/identity-provider.ts';
import { openBrowser, type PageBrowser } from '../../../../testing/page-browser.ts';
import { freshAddress, registerPerson } from '../../../../testing/people.ts';
import { comeBack, continueWith } from '../../../../testing/provider-pages.ts';
import { messagesIn } from '../language.ts';

let provider: TestIdentityProvider;
let server: TestServer;
beforeAll(async () => {
  provider = await startIdentityProvider();
  server = await startTestServer({
    config: {
      identityAllowPrivate: true,
      identityProviders: [
        provider.entry({ trustEmail: true }),
        provider.entry({ id: 'untrusted', name: 'Another' }),
      ],
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
  provider.user = { sub: `user-${count}`, email: freshAddress(), email_verified: true };
  provider.lies = {};
});

const t = messagesIn('en').identities;

async function openSignIn(query = ''): Promise<PageBrowser> {
  const browser = openBrowser(server);
  await browser.get(`/account/sign-in${query}`);
  return browser;
}

function names({ cookies }: PageBrowser): string[] {
  return cookies.map(({ name }) => name);
}

describe('the button of another provider', () => {
  it('stands on sign-in and registration, in the operator’s order', async () => {
    for (const page of ['sign-in', 'register']) {
      const browser = openBrowser(server);
      await browser.get(`/account/${page}`);
      expect(browser.page.text).toContain('or Continue with The Double Continue with Another');
    }
  });

  it('PG-6 leads to the provider by a page that goes on by itself', async () => {
    const browser = await openSignIn();
    await browser.send('double');
    expect(browser.page.url).toMatch(new RegExp(`^${provider.issuer}/`));
    const [form, start] = browser.page.redirects;
    expect(form).toEqual({ status: 200, url: '/account/sign-in' });
    expect(start?.url).toMatch(/^\/identity\/start\/[\w-]{43}$/);
  });

  it('is refused for a provider that is not offered, and for a form of another site', async () => {
    const browser = await openSignIn();
    const page = await browser.copy().send('double', {}, { from: 'https://evil.example' });
    expect(page.status).toBe(403);
    const { app } = server;
    const closed = await server.another({
      identityProviders: app.config.identityProviders.map((one) => ({ ...one, enabled: false })),
    });
    const other = openBrowser(closed);
    await other.get('/account/sign-in');
    expect(other.page.text).not.toContain('Continue with');
    await closed.stop();
  });

  it('ID-20 says that the provider is away, beside the other ways in', async () => {
    const away = await startIdentityProvider({ id: 'away' });
    const alone = await server.another({ identityProviders: [away.entry()] });
    await away.stop();
    const browser = openBrowser(alone);
    await browser.get('/account/sign-in');
    await browser.send('away');
    expect(browser.page.status).toBe(422);
    expect(browser.page.text).toContain(messagesIn('en').refusals.PROVIDER_REFUSED);
    const { email, password } = await registerPerson(server);
    await browser.send('password', { email, password });
    expect(browser.page.url).toBe('/account');
    await alone.stop();
  });
});

describe('the way back from another provider', () => {
  it('registers and signs in, and leads to where the sign-in was to lead', async () => {
    const browser = await openSignIn('?return_to=/account/profile');
    await continueWith(browser, provider);
    expect(browser.page).toMatchObject({ status: 200, url: '/account/profile' });
    expect(browser.page.text).toContain(provider.user['email']);
    expect(names(browser)).not.toContain('latchkey-ticket');
    expect(stepOf(browser)).toBe('');
    // Once more, as a user that is known.
    const again = await openSignIn();
    await continueWith(again, provider);
    expect(again.page.url).toBe('/account');
  });

  it('leads to an app by a page that goes on by itself', async () => {
    const browser = await openSignIn('?return_to=http://localhost:3000/start');
    await continueWith(browser, provider);
    expect(browser.page.url).toBe('http://localhost:3000/start');
  });

  it('ADV-63 the ticket stands in no address, and scripts cannot read its cookie', async () => {
    const browser = await openSignIn();
    await browser.send('double');
    const { url } = await provider.press(browser.page.url);
    const cookie = browser.cookies.find(({ name }) => name === 'latchkey-identity');
    const answer = await fetch(server.url + url.slice('http://localhost:4000'.length), {
      redirect: 'manual',
      headers: { cookie: `latchkey-identity=${cookie?.value}` },
    });
    expect(answer.headers.get('location')).toBe('http://localhost:4000/account/signed-in');
    const [sent] = answer.headers.getSetCookie();
    expect(sent).toMatch(/^latchkey-ticket=[\w-]{43}; Max-Age=60; Path=\/; HttpOnly; SameSite=Lax/);
  });

  it('ID-14 asks for the second factor', async () => {
    const person = await registerPerson(server);
    const { phone } = await enrolTotp(server, person);
    provider.user = { ...provider.user, email: person.email };
    const browser = await openSignIn('?return_to=/account/security');
    await continueWith(browser, provider);
    await browser.send('verify', { code: await server.nextCode(person.email) });
    expect(browser.page.text).toContain('Enter the six digits that your authenticator app shows');
    await browser.send('verify', { code: phone.nextCode() });
    expect(browser.page).toMatchObject({ status: 200, url: '/account/security' });
    const again = await openSignIn();
    await continueWith(again, provider);
    expect(again.page.url).toBe('/account/code');
    expect(again.page.text).not.toContain('We sent');
  });

  it.each(['double', 'untrusted'])(
    'ID-8 asks the mailbox of an account that is there, by %s',
    async (id) => {
      const { email } = await registerPerson(server);
      provider.user = { ...provider.user, email };
      const browser = await openSignIn('?return_to=/account/security/identities');
      await continueWith(browser, provider, id);
      expect(browser.page).toMatchObject({ status: 200, url: '/account/code' });
      expect(browser.page.text).toContain(t.proveAddress);
      expect(browser.page.text).not.toContain('The email also has a link');
      await browser.send('verify', { code: await server.nextCode(email) });
      expect(browser.page.url).toBe('/account/security/identities');
      expect(browser.page.text).toContain(id === 'double' ? 'The Double' : 'Another');
    },
  );

  it('ID-19 says the same of an address without an account, where it is not verified', async () => {
    const texts: string[] = [];
    for (const email of [freshAddress(), (await registerPerson(server)).email]) {
      count += 1;
      provider.user = { sub: `user-${count}`, email, email_verified: false };
      const browser = await openSignIn();
      await continueWith(browser, provider, 'untrusted');
      texts.push(browser.page.text.replace(/p•*\S*@\S+/, 'ADDRESS'));
    }
    expect(texts[0]).toContain(t.proveAddress);
    expect(texts[0]).toBe(texts[1]);
  });

  it('says in a sentence that the provider has refused, with the way back', async () => {
    const browser = await openSignIn('?return_to=/account/profile');
    provider.lies = {
      callback: (parameters) => {
        parameters.delete('code');
        parameters.set('error', 'access_denied');
      },
    };
    await continueWith(browser, provider);
    expect(browser.page).toMatchObject({
      status: 422,
      title: `Problem: ${t.signIn} · Latchkey`,
    });
    expect(browser.page.html).toMatch(
      /role="alert" tabindex="-1" autofocus>The other provider did/,
    );
    await browser.follow('Back to sign-in');
    expect(browser.page.url).toBe('/account/sign-in?return_to=%2Faccount%2Fprofile');
    provider.lies = {};
    await continueWith(browser, provider);
    expect(browser.page.url).toBe('/account/profile');
  });

  it('says that accounts are made by invitation only', async () => {
    const invite = await server.another({ registration: 'invite' });
    const browser = openBrowser(invite);
    await browser.get('/account/sign-in');
    await continueWith(browser, provider);
    expect(browser.page).toMatchObject({ status: 403, url: '/account/signed-in?again=1' });
    expect(browser.page.text).toContain('New accounts are made by invitation only.');
    await invite.stop();
  });

  it('ID-10 ID-12 is of no use to another browser', async () => {
    const browser = await openSignIn();
    await browser.send('double');
    const { pathname, search } = new URL((await provider.press(browser.page.url)).url);
    const other = openBrowser(server);
    await other.get(pathname + search, { from: provider.issuer });
    expect(other.page.status).toBe(400);
    // With the cookie of the first alone, and not the verifier.
    const third = browser.copy();
    third.dropCookie('latchkey-step');
    await third.get(pathname + search, { from: provider.issuer });
    expect(third.page).toMatchObject({ status: 200, url: '/account/signed-in?again=1' });
    expect(third.page.text).toContain(messagesIn('en').codePage.nothing);
    expect(names(third)).not.toContain('latchkey-access');
    // The flow is over; the first one begins anew.
    await browser.get(pathname + search, { from: provider.issuer });
    expect(browser.page.status).toBe(400);
  });

  it('ID-10 is spent by the sign-in, and opens nothing after it', async () => {
    const browser = await openSignIn();
    await browser.send('double');
    const { pathname, search } = new URL((await provider.press(browser.page.url)).url);
    await browser.get(pathname + search, { from: provider.issuer });
    expect(browser.page.url).toBe('/account');
    await browser.get('/account/signed-in');
    expect(browser.page.text).toContain(messagesIn('en').codePage.nothing);
  });

  it('works in two tabs that began one after the other', async () => {
    const browser = await openSignIn();
    const tab = browser.tab();
    await tab.get('/account/sign-in');
    await browser.send('double');
    await tab.send('double');
    await comeBack(browser, provider);
    expect(browser.page.url).toBe('/account');
  });

  it('opens nothing by hand, and takes no form', async () => {
    const browser = openBrowser(server);
    await browser.get('/account/signed-in');
    expect(browser.page).toMatchObject({ status: 200, title: `${t.signIn} · Latchkey` });
    const answer = await fetch(`${server.url}/account/signed-in`, {
      method: 'POST',
      headers: { host: 'localhost:4000', origin: 'http://localhost:4000' },
      body: new URLSearchParams({ form: 'login', ticket: 'x', codeVerifier: 'x' }),
    });
    expect(answer.status).toBe(405);
  });
});
