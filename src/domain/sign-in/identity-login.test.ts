import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { createTestClock } from '../../testing/clock.ts';
import {
  begin,
  getTicket,
  goToProvider,
  newVerifier,
  returnTo,
  signInByProvider,
  TestBrowser,
  type Ticket,
  withProviders,
} from '../../testing/identities.ts';
import {
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../testing/identity-provider.ts';
import { freshAddress, registerPerson, signIn } from '../../testing/people.ts';
import { auditOf, sessionsOf } from '../../testing/rows.ts';

let provider: TestIdentityProvider;
let other: TestIdentityProvider;
let posting: TestIdentityProvider;
let one: TestServer;
let two: TestServer;
beforeAll(async () => {
  const clock = createTestClock();
  provider = await startIdentityProvider({ clock });
  other = await startIdentityProvider({ clock, id: 'other' });
  posting = await startIdentityProvider({ clock, id: 'posting', responseMode: 'form_post' });
  const entries = [provider, other, posting].map((each) => each.entry({ trustEmail: true }));
  one = await startTestServer({ clock, config: withProviders(entries) });
  two = await one.another();
});
afterAll(async () => {
  await two.stop();
  await one.stop();
  await Promise.all([provider.stop(), other.stop(), posting.stop()]);
});
beforeEach(() => {
  const email = freshAddress();
  for (const each of [provider, other, posting]) {
    each.user = { sub: email, email, email_verified: true, name: 'Ada' };
    each.lies = {};
  }
});

const badTicket = { __typename: 'AuthError', code: 'INVALID_OR_EXPIRED_TOKEN' };
const refusedAt = `${returnTo}#error=PROVIDER_REFUSED`;
const complete = (ticket: Ticket, server = one) => server.mutate('completeIdentityLogin', ticket);
const startInput = () => {
  const { codeChallenge } = newVerifier();
  return { providerId: 'double', returnTo, codeChallenge };
};

describe('what the provider is asked', () => {
  it('ID-1 a code with a challenge by S256, a state and a nonce, new for each flow', async () => {
    const before = provider.requests.length;
    const tickets = [await getTicket(one, provider), await getTicket(one, provider)];
    const [first, second] = provider.requests.slice(before);
    for (const name of ['state', 'nonce', 'codeChallenge'] as const) {
      expect(first?.[name]).toMatch(/^[\w-]{43}$/);
      expect(second?.[name]).not.toBe(first?.[name]);
    }
    expect(first?.redirectUri).toBe('http://localhost:4000/identity/callback/double');
    // The double has compared the verifier with the challenge.
    const verifiers = provider.forms.slice(-2).map((form) => form.get('code_verifier'));
    expect(new Set(verifiers).size).toBe(2);
    for (const ticket of tickets) expect((await complete(ticket)).__typename).toBe('AuthTokens');
  });

  it('shows the hint of the app, and who has signed in', async () => {
    await one.mutate('startIdentityLogin', { ...startInput(), loginHint: 'ada@example.com' });
    const browser = new TestBrowser(one);
    const input = { ...startInput(), loginHint: 'ada@example.com' };
    const { url } = await one.mutate('startIdentityLogin', input);
    await goToProvider(provider, browser, { url });
    expect(provider.requests.at(-1)?.loginHint).toBe('ada@example.com');
    const tokens = await signInByProvider(one, provider);
    expect(tokens.session).toMatchObject({ identityProvider: 'double', methods: [] });
    expect(tokens.user).toMatchObject({ email: provider.user['email'], name: 'Ada' });
    expect(tokens.user.emailVerified).toBe(true);
    const { data } = await one.send(
      '{ account { hasPassword identities { provider { id name kind } label lastUsedAt } } }',
      {},
      { token: tokens.accessToken },
    );
    expect(data.account).toMatchObject({
      hasPassword: false,
      identities: [
        {
          provider: { id: 'double', name: 'The Double', kind: 'OIDC' },
          label: provider.user['email'],
        },
      ],
    });
    expect(data.account.identities[0].lastUsedAt).not.toBeNull();
    expect(await auditOf(one, tokens.user.id, 'account.registered')).toMatchObject([
      { detail: { provider: 'double' } },
    ]);
  });

  it('offers the enabled providers before anyone has signed in', async () => {
    const { data } = await one.send('{ authOptions { identityProviders { id name kind } } }');
    expect(data.authOptions.identityProviders.map(({ id }: { id: string }) => id)).toEqual([
      'double',
      'other',
      'posting',
    ]);
  });
});

describe('the address that begins a flow', () => {
  it('ID-1 is good once, for ten minutes', async () => {
    const browser = new TestBrowser(one);
    const begun = await begin(one);
    expect((await browser.open(begun.url)).status).toBe(303);
    const again = await browser.open(begun.url, { at: two });
    expect([again.status, again.headers.getSetCookie()]).toEqual([400, []]);
    expect(again.text).toContain('begin again');
    const late = await begin(one);
    one.clock.advance(601);
    expect((await browser.open(late.url)).status).toBe(400);
    expect((await browser.open('/identity/start/made-up')).status).toBe(400);
  });

  it('ID-12 binds the flow to the browser by a cookie that scripts cannot read', async () => {
    const { headers } = await new TestBrowser(one).open((await begin(one)).url);
    const [cookie] = headers.getSetCookie();
    expect(cookie).toMatch(/^latchkey-identity=[\w-]{43};/);
    for (const attribute of ['HttpOnly', 'SameSite=Lax', 'Path=/', 'Max-Age=600'])
      expect(cookie).toContain(attribute);
  });

  it.each([
    'http://localhost:3000',
    'http://localhost:3000/signed-in/',
    'http://localhost:3000/signed-in?next=/',
    'http://localhost:3000/signed-in#',
    'http://LOCALHOST:3000/signed-in',
    'http://localhost:3000@evil.example/signed-in',
    'https://evil.example/signed-in',
    '/signed-in',
    'javascript:alert(1)',
    '',
  ])('ID-11 leads back to no other address: %s', async (address) => {
    const answer = await one.mutate('startIdentityLogin', { ...startInput(), returnTo: address });
    expect(answer).toMatchObject({
      code: 'VALIDATION_FAILED',
      fields: [{ path: 'returnTo', code: 'NOT_ALLOWED' }],
    });
  });

  it('ID-11 leads back to the account pages, which get the ticket by a cookie', async () => {
    const own = 'http://localhost:4000/account/signed-in';
    const browser = new TestBrowser(one);
    const { callback } = await goToProvider(provider, browser, await begin(one, { returnTo: own }));
    const { location, headers } = await browser.open(callback);
    expect(location).toBe(own);
    const [cookie] = headers.getSetCookie();
    expect(cookie).toMatch(/^latchkey-ticket=[\w-]{43}; Max-Age=60; Path=\/; HttpOnly;/);
    const without = await one.another({ pages: false });
    expect(
      await without.mutate('startIdentityLogin', { ...startInput(), returnTo: own }),
    ).toMatchObject({ code: 'VALIDATION_FAILED' });
    await without.stop();
  });

  it('takes a challenge that is S256 of something, and no other', async () => {
    for (const codeChallenge of ['', 'short', `${'x'.repeat(43)}=`, 'x'.repeat(44)]) {
      const answer = await one.mutate('startIdentityLogin', { ...startInput(), codeChallenge });
      expect(answer).toMatchObject({ code: 'VALIDATION_FAILED' });
    }
  });

  it('is given for providers of the file alone', async () => {
    const answer = await one.mutate('startIdentityLogin', { ...startInput(), providerId: 'none' });
    expect(answer).toMatchObject({ code: 'PROVIDER_REFUSED' });
  });
});

describe('the way back', () => {
  const back = async (browser: TestBrowser, via = provider) =>
    goToProvider(via, browser, await begin(one, { providerId: via.entry().id }));

  it('ID-11 puts the ticket into the fragment, and sends no referrer', async () => {
    const browser = new TestBrowser(one);
    const { callback } = await back(browser);
    const { status, location, headers } = await browser.open(callback);
    expect(status).toBe(303);
    expect(location).toMatch(/^http:\/\/localhost:3000\/signed-in#ticket=[\w-]{43}$/);
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('ID-1 a callback that is repeated spends no code', async () => {
    const browser = new TestBrowser(one);
    const { callback } = await back(browser);
    const spent = provider.forms.length;
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => browser.open(callback, { at: n % 2 ? one : two })),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([303, ...Array(9).fill(400)]);
    expect(provider.forms.length).toBe(spent + 1);
  });

  it('ID-2 ADV-23 the state of one provider is worth nothing at another', async () => {
    const browser = new TestBrowser(one);
    const ours = await back(browser);
    const theirs = await back(browser, other);
    const swapped = (from: string, to: string) => {
      const url = new URL(to);
      url.searchParams.set('state', new URL(from).searchParams.get('state') ?? '');
      return url.href;
    };
    const asked = [provider.forms.length, other.forms.length];
    for (const url of [
      swapped(ours.callback, theirs.callback),
      swapped(theirs.callback, ours.callback),
    ])
      expect((await browser.open(url)).status).toBe(400);
    expect([provider.forms.length, other.forms.length]).toEqual(asked);
    // Neither flow was used up by it.
    for (const { callback } of [ours, theirs])
      expect((await browser.open(callback)).location).toMatch(/#ticket=/);
  });

  it('ID-12 is refused without the cookie of the beginning, and with that of another', async () => {
    for (const via of [provider, posting]) {
      const browser = new TestBrowser(one);
      const { callback, form } = await back(browser, via);
      const arrive = async (who: TestBrowser) => {
        const posted = form === null ? null : await who.open(callback, { form });
        return who.open(posted?.location ?? callback);
      };
      const another = new TestBrowser(one);
      expect((await arrive(another)).status).toBe(400);
      await another.open((await begin(one)).url);
      expect((await arrive(another)).status).toBe(400);
      expect((await arrive(browser)).location).toMatch(/#ticket=/);
    }
  });

  it('ID-12 an attacker who has begun cannot have a victim’s browser complete it', async () => {
    const attacker = await begin(one);
    const { location } = await new TestBrowser(one).open(attacker.url);
    // The victim follows the provider's address, and is signed in there.
    const { url } = await provider.press(location);
    const { status, text } = await new TestBrowser(one).open(url);
    expect([status, text]).toEqual([400, expect.not.stringContaining('ticket')]);
  });

  it('ID-12 two tabs of one browser do not disturb each other', async () => {
    const browser = new TestBrowser(one);
    const flows = [await back(browser), await back(browser, other), await back(browser, posting)];
    for (const { callback, form } of flows) {
      const posted = form === null ? null : await browser.open(callback, { form });
      const { location } = await browser.open(posted?.location ?? callback);
      expect(location).toMatch(/#ticket=/);
    }
  });

  it('ID-12 a form is taken for a provider that posts, and leads to the same checks', async () => {
    const browser = new TestBrowser(one);
    const { callback, form } = await back(browser, posting);
    form?.append('evil', 'https://evil.example');
    const posted = await browser.open(callback, { ...(form ? { form } : {}) });
    expect(posted.status).toBe(303);
    expect(posted.location).toMatch(/^\/identity\/callback\/posting\?state=[\w-]{43}&code=/);
    expect(posted.location).not.toContain('evil');
    const get = await back(browser);
    const asForm = new URLSearchParams(new URL(get.callback).search);
    const path = get.callback.split('?')[0] ?? '';
    expect((await browser.open(path, { form: asForm })).status).toBe(400);
    expect((await browser.open('/identity/callback/none', { form: asForm })).status).toBe(400);
    const huge = new URLSearchParams({ state: 'x'.repeat(70_000) });
    expect((await browser.open(callback, { form: huge })).status).toBe(413);
  });

  it('a refusal of the provider is told without its reason, and is recorded', async () => {
    const lies: TestIdentityProvider['lies'][] = [
      {
        callback: (answer) => {
          answer.delete('code');
          answer.set('error', 'access_denied');
          answer.set('error_description', 'They said no');
        },
      },
      { claims: (claims) => ({ ...claims, nonce: 'another' }) },
      { broken: { '/token': 500 } },
    ];
    for (const lie of lies) {
      provider.lies = lie;
      const browser = new TestBrowser(one);
      const { callback } = await back(browser);
      expect((await browser.open(callback)).location).toBe(refusedAt);
    }
    const log = one.logLines.filter((line) => line.includes('identity.login_failed'));
    expect(log).toHaveLength(3);
    expect(log.join()).not.toContain('They said no');
  });

  it('ID-1 is over after ten minutes', async () => {
    const browser = new TestBrowser(one);
    const { callback } = await back(browser);
    one.clock.advance(601);
    expect((await browser.open(callback)).status).toBe(400);
  });
});

describe('a ticket', () => {
  it('ID-10 is worth nothing without the verifier of the page that began', async () => {
    const ticket = await getTicket(one, provider);
    const { codeVerifier } = newVerifier();
    expect(await complete({ ...ticket, codeVerifier })).toMatchObject(badTicket);
    expect(await complete({ ...ticket, ticket: `${ticket.ticket.slice(0, -1)}!` })).toMatchObject(
      badTicket,
    );
    expect(await complete({ ...ticket, codeVerifier: 'short' })).toMatchObject({
      code: 'VALIDATION_FAILED',
    });
    // A page that guesses does not use it up.
    expect((await complete(ticket)).__typename).toBe('AuthTokens');
    expect(await complete(ticket)).toMatchObject(badTicket);
  });

  it('ID-10 is good for a minute', async () => {
    const ticket = await getTicket(one, provider);
    one.clock.advance(61);
    expect(await complete(ticket)).toMatchObject(badTicket);
  });

  it('ID-10 ADV-31 of 20 uses at once, at two instances, one signs in', async () => {
    const ticket = await getTicket(one, provider);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => complete(ticket, n % 2 === 0 ? one : two)),
    );
    const signedIn = answers.filter(({ __typename }) => __typename === 'AuthTokens');
    expect(signedIn).toHaveLength(1);
    expect(answers.filter(({ code }) => code === badTicket.code)).toHaveLength(19);
    expect(await sessionsOf(one, signedIn[0].user.id)).toHaveLength(1);
  });

  it('makes one account of two sign-ins at once', async () => {
    const tickets = await Promise.all([1, 2, 3, 4].map(() => getTicket(one, provider)));
    const answers = await Promise.all(
      tickets.map((ticket, n) => complete(ticket, n % 2 === 0 ? one : two)),
    );
    expect(answers.map(({ __typename }) => __typename)).toEqual(Array(4).fill('AuthTokens'));
    expect(new Set(answers.map(({ user }) => user.id)).size).toBe(1);
  });
});

describe('who someone is', () => {
  it('ADV-64 is provider, issuer and subject together, never two of them', async () => {
    const tokens = await signInByProvider(one, provider);
    // Another provider of the file names the same issuer and the same subject.
    const copy = await one.another(
      withProviders([{ ...provider.entry({ trustEmail: true }), id: 'copy' }]),
    );
    provider.user = { ...provider.user, email: freshAddress() };
    const theirs = await signInByProvider(copy, provider, { providerId: 'copy' });
    expect(theirs).toMatchObject({ __typename: 'AuthTokens' });
    expect(theirs.user.id).not.toBe(tokens.user.id);
    await copy.stop();
  });

  it('stays the same when the provider names another address', async () => {
    const tokens = await signInByProvider(one, provider);
    const taken = await registerPerson(one);
    provider.user = { ...provider.user, email: taken.email };
    const again = await signInByProvider(one, provider);
    expect(again.user).toMatchObject({ id: tokens.user.id, email: tokens.user.email });
  });
});

describe('a provider that is disabled in the middle', () => {
  let without: TestServer;
  beforeAll(async () => {
    const entry = { trustEmail: true, enabled: false, nativeClientIds: ['latchkey'] };
    without = await one.another(withProviders([provider.entry(entry)]));
  });
  afterAll(() => without.stop());

  it('ID-13 ADV-69 is refused at start, on the way, at callback and at ticket', async () => {
    expect(await without.mutate('startIdentityLogin', startInput())).toMatchObject({
      code: 'PROVIDER_REFUSED',
    });
    const browser = new TestBrowser(one);
    const first = await browser.open((await begin(one)).url, { at: without });
    expect(first.location).toBe(refusedAt);
    const spent = provider.forms.length;
    const { callback } = await goToProvider(provider, browser, await begin(one));
    expect((await browser.open(callback, { at: without })).location).toBe(refusedAt);
    expect(provider.forms.length).toBe(spent);
    const ticket = await getTicket(one, provider);
    expect(await complete(ticket, without)).toMatchObject({ code: 'PROVIDER_REFUSED' });
    const { data } = await without.send('{ authOptions { identityProviders { id } } }');
    expect(data.authOptions.identityProviders).toEqual([]);
  });

  it('ID-13 is refused at the code that would link it, too', async () => {
    const { email } = await registerPerson(one);
    provider.user = { sub: freshAddress(), email };
    const { id } = await signInByProvider(one, provider);
    const input = { challengeId: id, code: await one.nextCode(email) };
    expect(await without.mutate('verifyOtp', input)).toMatchObject({ code: 'PROVIDER_REFUSED' });
    expect((await one.mutate('verifyOtp', input)).__typename).toBe('AuthTokens');
  });

  it('ID-13 is refused with an ID token', async () => {
    expect(await without.mutate('requestIdTokenNonce', { providerId: 'double' })).toMatchObject({
      code: 'PROVIDER_REFUSED',
    });
  });
});

it('ID-20 a provider that is away refuses, and every other way in is unaffected', async () => {
  const gone = await startIdentityProvider({ id: 'gone' });
  const server = await one.another(withProviders([gone.entry(), provider.entry()]));
  await gone.stop();
  const person = await registerPerson(server);
  const [refused, signedIn] = await Promise.all([
    server.mutate('startIdentityLogin', { ...startInput(), providerId: 'gone' }),
    signIn(server, person),
  ]);
  expect(refused).toMatchObject({ __typename: 'AuthError', code: 'PROVIDER_REFUSED' });
  expect(signedIn.id).toBe(person.id);
  expect((await begin(server)).url).toContain('/identity/start/');
  await server.stop();
});

it('B10 there is no such route without providers', async () => {
  const server = await one.another({ identityProviders: [] });
  for (const path of ['/identity/start/x', '/identity/callback/double'])
    expect((await fetch(`${server.url}${path}`)).status).toBe(404);
  await server.stop();
});
