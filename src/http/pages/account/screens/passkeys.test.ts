import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  openAccount,
  openStaleAccount,
  proveByPage,
  signInByPage,
  staleAfter,
  stepOf,
} from '../../../../testing/account-browser.ts';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import { registerWithoutPassword } from '../../../../testing/factors.ts';
import { openBrowser, type PageBrowser } from '../../../../testing/page-browser.ts';
import { attribute } from '../../../../testing/page-html.ts';
import {
  addPasskeyByPage,
  assertionFor,
  ceremonyForm,
  optionsOf,
  pagesWithPasskeys,
  signerFor,
} from '../../../../testing/passkey-pages.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ config: pagesWithPasskeys('http://localhost:4000') });
});
afterAll(() => server.stop());

const refusedText = 'The passkey was not accepted, or it took too long.';
const notKnown = 'data-unknown';

/** Someone with a passkey, and another browser at the sign-in. */
async function withPasskey() {
  const { browser, person } = await openAccount(server);
  const signer = signerFor(server);
  await addPasskeyByPage(browser, signer, 'Blue key');
  const other = openBrowser(server);
  await other.get('/account/sign-in');
  return { browser, person, signer, other };
}

describe('signing in with a passkey on the page', () => {
  it('PK-15 refuses one that nobody has, and says which one, to be forgotten', async () => {
    const browser = openBrowser(server);
    await browser.get('/account/sign-in');
    const signer = signerFor(server);
    const sent = assertionFor(browser.page, signer);
    const page = await browser.send('passkey', sent);
    expect(page.status).toBe(422);
    const form = ceremonyForm(page);
    expect(form && attribute(form, notKnown)).toBe(JSON.parse(sent.credential).id);
    expect(page.html).not.toContain(JSON.parse(sent.credential).response.signature);
    expect(browser.value('credential')).toBe('');
  });

  it.each(['', 'no JSON', '[]', 'null', '"text"', '{}', '{"id":1}'])(
    'PK-18 refuses %j in place of a credential, and shows the page with a new challenge',
    async (credential) => {
      const browser = openBrowser(server);
      const first = optionsOf(await browser.get('/account/sign-in?return_to=/account/devices'));
      const page = await browser.send('passkey', { credential });
      expect(page.status).toBe(422);
      expect(optionsOf(page).challenge).not.toBe(first.challenge);
      const form = ceremonyForm(page);
      expect(form && attribute(form, notKnown)).toBeUndefined();
      expect(form && attribute(form, 'action')).toContain('return_to=');
    },
  );

  it('PK-1 refuses an answer that was used before, in words of its own', async () => {
    const { signer, other } = await withPasskey();
    const twice = other.copy();
    const sent = assertionFor(other.page, signer);
    await other.send('passkey', sent);
    expect(other.page.url).toBe('/account');
    await twice.send('passkey', sent);
    expect(twice.page.status).toBe(422);
    expect(twice.page.text).toContain(refusedText);
    const form = ceremonyForm(twice.page);
    expect(form && attribute(form, notKnown)).toBeUndefined();
  });

  it('PK-1 refuses an answer that took too long', async () => {
    const { signer, other } = await withPasskey();
    server.clock.advance(301);
    await other.send('passkey', assertionFor(other.page, signer));
    expect(other.page.text).toContain(refusedText);
    await other.send('passkey', assertionFor(other.page, signer));
    expect(other.page.url).toBe('/account');
  });

  it('leads to where the sign-in was asked to, and has passkeys in the address field', async () => {
    const { signer, other, person } = await withPasskey();
    await other.get('/account/sign-in?return_to=/account/security');
    const email = other.page.elements.find((element) => attribute(element, 'id') === 'email');
    expect(email && attribute(email, 'autocomplete')).toBe('username webauthn');
    await other.send('passkey', assertionFor(other.page, signer));
    expect(other.page.url).toBe('/account/security');
    expect(other.page.text).toContain(person.email);
    expect(other.page.text).toContain('Passkeys 1 passkey');
  });

  it('shows nothing of it without scripts', async () => {
    const browser = openBrowser(server);
    const page = await browser.get('/account/sign-in');
    const form = ceremonyForm(page);
    expect(form && attribute(form, 'hidden')).toBe('');
    expect(page.html).not.toMatch(/<script(?![^>]* src=)/);
  });
});

describe('a passkey as the second step, or as a fresh proof', () => {
  it('PK-4 refuses another person’s, after which a code still completes the step', async () => {
    const stranger = await withPasskey();
    const { person, browser, phone } = await openStaleAccount(server);
    await browser.get('/account/security/passkeys');
    await browser.send('start');
    await proveByPage(browser, person, phone);
    const signer = signerFor(server);
    await browser.send('confirm', {
      credential: JSON.stringify(signer.register(optionsOf(browser.page))),
    });
    const other = await signInByPage(server, person);
    expect(other.page.url).toBe('/account/code');
    await other.send('passkey', assertionFor(other.page, stranger.signer));
    expect(other.page.status).toBe(422);
    expect(other.page.text).toContain(refusedText);
    expect(ceremonyForm(other.page)).toBeUndefined();
    await other.send('verify', { code: phone.nextCode() });
    expect(other.page.url).toBe('/account/security');

    const own = await signInByPage(server, person);
    await own.send('passkey', assertionFor(own.page, signer));
    expect(own.page.url).toBe('/account/security');
  });

  it('completes a step-up, and what waited for it goes on', async () => {
    const { browser, signer } = await withPasskey();
    server.clock.advance(staleAfter);
    await browser.get('/account/security/passkeys');
    await browser.send('start');
    expect(browser.page.url).toBe('/account/step-up');
    await browser.send('passkey');
    expect(browser.page.url).toBe('/account/code?by=passkey');
    const form = ceremonyForm(browser.page);
    expect(form && attribute(form, 'data-begins')).toBe('');
    await browser.send('passkey', assertionFor(browser.page, signer));
    expect(optionsOf(browser.page).user.name).toContain('@');
  });

  it('is left out where the account has more than the browser can keep', async () => {
    const { browser, signer } = await withPasskey();
    for (let count = 0; count < 19; count += 1) {
      await browser.get('/account/security/passkeys');
      await browser.send('start');
      const credentialId = Buffer.alloc(300, count);
      const answer = signerFor(server).register(optionsOf(browser.page), { credentialId });
      await browser.send('confirm', { credential: JSON.stringify(answer) });
    }
    server.clock.advance(staleAfter);
    await browser.get('/account/step-up');
    await browser.send('passkey');
    expect(browser.page.url).toBe('/account/code?by=passkey');
    expect(ceremonyForm(browser.page)).toBeUndefined();
    expect(stepOf(browser)).toContain('"challenge"');
    expect(signer.counter()).toBe(0);
  });
});

describe('the pages of passkeys', () => {
  const rowOf = ({ page }: PageBrowser, name: string) =>
    page.elements.find((element) => attribute(element, 'aria-label') === `Manage: ${name}`);
  const open = async (browser: PageBrowser, name: string) => {
    await browser.get('/account/security/passkeys');
    const row = rowOf(browser, name);
    return browser.get((row && attribute(row, 'href')) ?? '');
  };

  it.each(['security/passkeys', 'security/passkey', 'add-passkey'])(
    'and %s lead to the sign-in, and back',
    async (path) => {
      const { url } = await openBrowser(server).get(`/account/${path}`);
      expect(url).toBe(`/account/sign-in?return_to=${encodeURIComponent(`/account/${path}`)}`);
    },
  );

  it('PK-8 add one after a fresh proof only', async () => {
    const { browser, person } = await openAccount(server);
    server.clock.advance(staleAfter);
    await browser.get('/account/security/passkeys');
    expect(browser.page.text).toContain('You have no passkeys yet.');
    await browser.send('start');
    await proveByPage(browser, person);
    const answer = signerFor(server).register(optionsOf(browser.page));
    await browser.send('confirm', { credential: JSON.stringify(answer), name: 'Blue <b>key</b>' });
    expect(browser.page.url).toBe('/account/security/passkeys?done=added');
    expect(browser.page.text).toContain('Blue <b>key</b>');
    expect(browser.page.text).toContain('On one device only');
    expect(browser.page.text).toContain('Not used yet');
  });

  it('tell the password manager which are left, and what the account is called', async () => {
    const { browser, person, signer } = await withPasskey();
    const { elements } = await browser.get('/account/security/passkeys');
    const list = elements.find((element) => attribute(element, 'data-signals') !== undefined);
    expect(JSON.parse((list && attribute(list, 'data-signals')) ?? '')).toEqual({
      rpId: 'localhost',
      userId: signer.userHandle(),
      allAcceptedCredentialIds: [signer.credentialId.toString('base64url')],
      name: person.email,
      displayName: person.email,
    });
  });

  it('show one that was just refused to be made once more', async () => {
    const { browser } = await openAccount(server);
    await browser.get('/account/security/passkeys');
    await browser.send('start');
    const answer = signerFor(server).register(optionsOf(browser.page), {
      origin: 'https://a.test',
    });
    await browser.send('confirm', { credential: JSON.stringify(answer), name: 'Mine' });
    expect(browser.page.status).toBe(422);
    expect(browser.page.text).toContain('Add a passkey');
    expect(ceremonyForm(browser.page)).toBeUndefined();
  });

  it('ADV-14 show and change no passkey of another person', async () => {
    const { browser: owner } = await withPasskey();
    const { url } = await open(owner, 'Blue key');
    const { browser } = await openAccount(server);
    const page = await browser.get(url);
    expect(page.text).toContain('That is not there any more.');
    expect(page.text).not.toContain('Blue key');
    const { browser: thief } = await withPasskey();
    await open(thief, 'Blue key');
    const passkeyId = new URL(url, 'http://localhost').searchParams.get('passkey') ?? '';
    await thief.send('remove', { passkeyId });
    expect(thief.page.status).toBe(422);
    expect(thief.page.text).toContain('That is not there any more.');
    expect((await owner.get('/account/security/passkeys')).text).toContain('Blue key');
  });

  it('rename one, and keep what was typed where it is refused', async () => {
    const { browser } = await withPasskey();
    await open(browser, 'Blue key');
    await browser.send('rename', { name: ' ' }, { unchecked: true });
    expect(browser.page.status).toBe(422);
    expect(browser.page.text).toContain('Fill this in.');
    await browser.send('rename', { name: 'Red key' });
    expect(browser.page.url).toBe('/account/security/passkeys?done=renamed');
    expect(browser.page.text).toContain('Red key');
  });

  it('PK-8 remove one after a fresh proof, which signs in no more', async () => {
    const { browser, person, signer, other } = await withPasskey();
    server.clock.advance(staleAfter);
    await open(browser, 'Blue key');
    await browser.send('remove');
    await proveByPage(browser, person);
    expect(browser.page.url).toBe('/account/security/passkeys?done=removed');
    expect(browser.page.text).toContain('You have no passkeys yet.');
    await other.get('/account/sign-in');
    await other.send('passkey', assertionFor(other.page, signer));
    expect(other.page.status).toBe(422);
  });

  it('PK-8 keep the last way in, and say what to do first', async () => {
    const { email } = await registerWithoutPassword(server);
    const browser = openBrowser(server);
    await browser.get('/account/sign-in');
    await browser.send('code', { email });
    await browser.send('verify', { code: await server.nextCode(email) });
    await addPasskeyByPage(browser, signerFor(server), 'Only key');
    await open(browser, 'Only key');
    await browser.send('remove');
    expect(browser.page.status).toBe(422);
    expect(browser.page.text).toContain('You could not sign in without it.');
    expect(browser.page.text).toContain('Only key');
  });

  it('PK-19 say beside a new password that passkeys stay', async () => {
    const { browser } = await withPasskey();
    expect((await browser.get('/account/security/password')).text).toContain(
      'Your passkeys stay, and still sign you in.',
    );
    const { browser: without } = await openAccount(server);
    expect((await without.get('/account/security/password')).text).not.toContain('passkeys');
  });
});

describe('the offer of a passkey', () => {
  /** As the script of the sign-in does where the browser has passkeys. */
  const signIn = async (browser: PageBrowser, person: { email: string; password: string }) => {
    await browser.get('/account/sign-out');
    if (browser.page.url === '/account/sign-out') await browser.send('Sign out');
    await browser.get('/account/sign-in?return_to=/account/devices');
    const { email, password } = person;
    return browser.send('password', { email, password, offer: '1' });
  };

  it('comes once after a password, and never twice', async () => {
    const { person } = await openAccount(server);
    const browser = openBrowser(server);
    expect((await signIn(browser, person)).url).toBe(
      '/account/add-passkey?return_to=%2Faccount%2Fdevices',
    );
    await browser.follow('Not now');
    expect(browser.page.url).toBe('/account/devices');
    expect((await signIn(browser, person)).url).toBe('/account/devices');
    const { person: another } = await openAccount(server);
    expect((await signIn(browser, another)).url).toBe('/account/devices');
  });

  it('leads to where the sign-in was to lead once one is made', async () => {
    const { person } = await openAccount(server);
    const browser = openBrowser(server);
    await signIn(browser, person);
    await browser.send('start');
    const answer = signerFor(server).register(optionsOf(browser.page));
    await browser.send('confirm', { credential: JSON.stringify(answer) });
    expect(browser.page.url).toBe('/account/devices');
  });

  it('comes after the second step of a sign-in, too', async () => {
    const { person, phone } = await openStaleAccount(server);
    const browser = openBrowser(server);
    await signIn(browser, person);
    await browser.send('verify', { code: phone.nextCode() });
    expect(browser.page.url).toBe('/account/add-passkey?return_to=%2Faccount%2Fdevices');
  });

  it('does not come without scripts, after a code, or where there is a passkey', async () => {
    const { person } = await withPasskey();
    const browser = openBrowser(server);
    expect((await signIn(browser, person)).url).toBe('/account/devices');

    const { person: another } = await openAccount(server);
    const byCode = openBrowser(server);
    await byCode.get('/account/sign-in');
    await byCode.send('password', { email: another.email, password: 'wrong', offer: '1' });
    await byCode.send('code', { email: another.email, offer: '1' });
    await byCode.send('verify', { code: await server.nextCode(another.email) });
    expect(byCode.page.url).toBe('/account');
    const plain = openBrowser(server);
    await plain.get('/account/sign-in');
    await plain.send('password', { email: another.email, password: another.password });
    expect(plain.page.url).toBe('/account');
  });
});

describe('past the limit of a network', () => {
  it('RL-3 the sign-in has its other ways, and nothing of passkeys', async () => {
    const config = {
      ...pagesWithPasskeys('http://localhost:4000'),
      rateLimitMultiplier: 1,
      rateLimits: { 'passkey-login:address': { limit: 1, window: 900 } },
    };
    const limited = await startTestServer({ config });
    try {
      const { browser } = await openAccount(limited);
      await browser.send('Sign out');
      expect(browser.page.status).toBe(200);
      expect(ceremonyForm(browser.page)).toBeUndefined();
      expect(browser.value('offer')).toBeUndefined();
      const email = browser.page.elements.find((element) => attribute(element, 'id') === 'email');
      expect(email && attribute(email, 'autocomplete')).toBe('username');
      const { browser: other } = await openAccount(limited);
      expect(other.page.url).toBe('/account/security');
    } finally {
      await limited.stop();
    }
  });
});

describe('where passkeys belong to the origin of an app', () => {
  it('the pages have nothing of them', async () => {
    const elsewhere = await startTestServer();
    try {
      const { browser } = await openAccount(elsewhere);
      expect(browser.page.text).not.toContain('Passkeys');
      const page = await openBrowser(elsewhere).get('/account/sign-in');
      expect(ceremonyForm(page)).toBeUndefined();
      expect(page.html.match(/<script/g)).toHaveLength(1);
      const list = await browser.get('/account/security/passkeys');
      expect(list.text).toContain('This browser cannot use passkeys here.');
      expect(list.text).not.toContain('Add a passkey');
    } finally {
      await elsewhere.stop();
    }
  });
});
