import { createHash, webcrypto } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createIdentities, type Identities, readIdentityReturn } from './identities.ts';
import { createAuthClient } from './index.ts';

const origin = 'https://app.example.com';
const returnTo = `${origin}/signed-in`;
const flowLifetime = 600_000;

/** The address of the tab, and what its storage holds. */
let address: URL;
let stored: Map<string, string>;
/** Where the tab was sent. */
let left: string[];
/** The windows that were opened, each with where it was sent. */
let popups: { closed: boolean; places: string[]; marks: Map<string, string>; close(): void }[];
let arePopupsBlocked: boolean;
let listeners: ((event: { persisted: boolean }) => void)[];
/** The mutations that were sent, with their input. */
let sent: { mutation: string; input: Record<string, string> }[];
/** The address bar at each of them. */
let shown: string[];
/** What the server answers next, in place of a success. */
let refusals: (string | Error)[];
let identities: Identities;

function storageOf(kept: Map<string, string>): object {
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  };
}

function openPopup(): object | null {
  if (arePopupsBlocked) return null;
  const places: string[] = [];
  const marks = new Map<string, string>();
  const popup = {
    closed: false,
    places,
    marks,
    sessionStorage: storageOf(marks),
    location: { replace: (url: string) => places.push(url) },
    close: () => {
      popup.closed = true;
    },
  };
  popups.push(popup);
  return popup;
}

const answers: Record<string, (input: Record<string, string>) => object> = {
  startIdentityLogin: ({ providerId }) => redirectTo(`https://auth.example.com/${providerId}`),
  startIdentityLink: ({ providerId }) => redirectTo(`https://auth.example.com/${providerId}`),
  completeIdentityLogin: () => ({ __typename: 'OtpChallenge', id: 'c', purpose: 'LOGIN' }),
  completeIdentityLink: () => ({ __typename: 'AuthIdentity', id: 'i' }),
  unlinkIdentity: () => ({ __typename: 'AuthAccepted', accepted: true }),
  requestIdTokenNonce: () => ({ __typename: 'AuthIdTokenNonce', id: 'n', nonce: 'of ours' }),
  loginWithIdToken: () => ({ __typename: 'OtpChallenge', id: 'c', purpose: 'LOGIN' }),
};

const redirectTo = (url: string) => ({ __typename: 'AuthIdentityRedirect', url, expiresAt: '' });

const refused = (code: string) => ({
  __typename: 'AuthError',
  code,
  message: 'No.',
  fields: [],
  retryAfter: null,
});

/** What the browser does is tried here; what the server says of it, in examples/. */
beforeEach(() => {
  vi.useFakeTimers();
  address = new URL(`${origin}/cart?coupon=1#items`);
  [stored, left, popups, listeners] = [new Map(), [], [], []];
  [sent, shown, refusals] = [[], [], []];
  arePopupsBlocked = false;
  for (const [name, value] of Object.entries(tab())) vi.stubGlobal(name, value);
  open();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** What a tab has of a browser. */
const tab = () => ({
  location: {
    get href() {
      return address.href;
    },
    origin,
    get hash() {
      return address.hash;
    },
    get pathname() {
      return address.pathname;
    },
    get search() {
      return address.search;
    },
    assign: (url: string) => left.push(url),
  },
  history: {
    state: null,
    replaceState: (_state: null, _title: string, path: string) => {
      address = new URL(path, address);
    },
  },
  sessionStorage: storageOf(stored),
  document: { hasFocus: () => true },
  window: { open: openPopup },
  addEventListener: (_name: string, listener: (typeof listeners)[0]) => listeners.push(listener),
});

/** A page of the tab, as after a navigation. */
function open(options: Parameters<typeof createIdentities>[1] = {}): void {
  const auth = createAuthClient({
    url: 'https://auth.example.com/graphql',
    fetch: async (_url, init) => {
      const { query, variables } = JSON.parse(String(init?.body));
      const mutation = /^mutation (\w+)/.exec(query)?.[1] ?? '';
      sent.push({ mutation, input: variables.input });
      shown.push(address.href);
      const refusal = refusals.shift();
      if (refusal instanceof Error) throw refusal;
      const answer = refusal ? refused(refusal) : answers[mutation]?.(variables.input);
      return Response.json({ data: { [mutation]: answer } });
    },
  });
  identities = createIdentities(auth, options);
}

/** The browser comes back from the provider. */
function comeBack(hash: string): void {
  address = new URL(`${returnTo}?lang=fr${hash}`);
  open();
}

/** Begins a redirect, and waits until the page leaves. */
async function leave(providerId: string, how: 'signIn' | 'link' = 'signIn'): Promise<void> {
  const { length } = left;
  void identities[how]({ providerId });
  await vi.waitUntil(() => left.length > length);
}

const challengeOf = (verifier: string | undefined) =>
  createHash('sha256')
    .update(verifier ?? '')
    .digest('base64url');
const inputOf = (mutation: string) =>
  sent.flatMap((one) => (one.mutation === mutation ? [one.input] : []));
const notBegun = { result: { __typename: 'IdentityError', code: 'NOT_BEGUN_HERE' }, page: null };

describe('refusals', () => {
  it('of a page without WebCrypto, such as one without https', async () => {
    vi.stubGlobal('crypto', { getRandomValues: () => {} });
    const unsupported = { __typename: 'IdentityError', code: 'UNSUPPORTED' };
    expect(await identities.signIn({ providerId: 'acme' })).toMatchObject(unsupported);
    expect(await identities.signIn({ providerId: 'acme', mode: 'popup' })).toMatchObject(
      unsupported,
    );
    expect([sent, left, popups]).toEqual([[], [], []]);
  });

  it('of a browser that keeps nothing', async () => {
    const full = () => {
      throw new DOMException('Full.', 'QuotaExceededError');
    };
    vi.stubGlobal('sessionStorage', { ...storageOf(stored), setItem: full });
    expect(await identities.signIn({ providerId: 'acme' })).toMatchObject({ code: 'UNSUPPORTED' });
    expect(left).toEqual([]);
  });

  it.each(['RATE_LIMITED', 'PROVIDER_REFUSED', 'STEP_UP_REQUIRED'])(
    'of the server leave the page where it is: %s',
    async (code) => {
      refusals = [code, code, code];
      expect(await identities.signIn({ providerId: 'acme' })).toMatchObject({ code });
      expect(await identities.link({ providerId: 'acme' })).toMatchObject({ code });
      expect(await identities.link({ providerId: 'acme', mode: 'popup' })).toMatchObject({ code });
      expect([left, stored.size]).toEqual([[], 0]);
      expect(popups).toMatchObject([{ closed: true, places: [] }]);
    },
  );

  it.each(['#ticket=abc', '#error=PROVIDER_REFUSED'])(
    'ID-10 of a return to a tab that has not begun: %s, and nothing is sent',
    async (hash) => {
      comeBack(hash);
      expect(await identities.finish()).toMatchObject(notBegun);
      expect(sent).toEqual([]);
      expect(address.href).toBe(`${returnTo}?lang=fr`);
    },
  );

  it('of a return after ten minutes', async () => {
    await leave('acme');
    vi.setSystemTime(Date.now() + flowLifetime);
    comeBack('#ticket=abc');
    expect(await identities.finish()).toMatchObject(notBegun);
    expect(inputOf('completeIdentityLogin')).toEqual([]);
    expect(stored.size).toBe(0);
  });

  it('of the provider are an AuthError, and say where the user was', async () => {
    await leave('acme');
    comeBack('#error=PROVIDER_REFUSED');
    expect(await identities.finish()).toMatchObject({
      result: { __typename: 'AuthError', code: 'PROVIDER_REFUSED', fields: [], retryAfter: null },
      page: `${origin}/cart?coupon=1#items`,
    });
    expect(sent).toHaveLength(1);
    expect(stored.size).toBe(0);
  });

  it.each(['', '#', '#items', '#error=ANYTHING', '#error=PROVIDER_REFUSED_TOO', '#tickets=1'])(
    'are none where the page was opened otherwise: %s',
    async (hash) => {
      await leave('acme');
      comeBack(hash);
      expect(await identities.finish()).toBeNull();
      expect(address.hash).toBe(hash === '#' ? '' : hash);
      expect(stored.size).toBe(1);
    },
  );
});

describe('ID-10 a redirect', () => {
  it('is completed with the verifier that the tab has kept, once', async () => {
    void identities.signIn({ providerId: 'acme', loginHint: 'ada@example.com' });
    await vi.waitUntil(() => left.length > 0);
    expect(left).toEqual(['https://auth.example.com/acme']);
    const [begun] = inputOf('startIdentityLogin');
    expect(begun).toMatchObject({ providerId: 'acme', returnTo, loginHint: 'ada@example.com' });
    comeBack('#ticket=the-ticket_1');
    expect(await identities.finish()).toMatchObject({
      result: { __typename: 'OtpChallenge', id: 'c' },
      page: `${origin}/cart?coupon=1#items`,
    });
    const [completed] = inputOf('completeIdentityLogin');
    expect(completed).toMatchObject({ ticket: 'the-ticket_1', tokenDelivery: 'BODY' });
    expect(completed?.['codeVerifier']).toMatch(/^[\w-]{43}$/);
    expect(begun?.['codeChallenge']).toBe(challengeOf(completed?.['codeVerifier']));
    // Out of the address before anything was sent, and the query stays.
    expect(shown.at(-1)).toBe(`${returnTo}?lang=fr`);
    expect(await identities.finish()).toBeNull();
    comeBack('#ticket=the-ticket_1');
    expect(await identities.finish()).toMatchObject(notBegun);
    expect(sent).toHaveLength(2);
  });

  it('goes to the page that is named', async () => {
    const elsewhere = `${origin}/welcome`;
    void identities.signIn({ providerId: 'acme', returnTo: elsewhere });
    await vi.waitUntil(() => left.length > 0);
    expect(inputOf('startIdentityLogin')).toMatchObject([{ returnTo: elsewhere }]);
  });

  it('links, by the mutation for it', async () => {
    await leave('acme', 'link');
    comeBack('#ticket=abc');
    expect(await identities.finish()).toMatchObject({ result: { __typename: 'AuthIdentity' } });
    expect(inputOf('startIdentityLink').map(({ codeChallenge }) => codeChallenge)).toEqual(
      inputOf('completeIdentityLink').map(({ codeVerifier }) => challengeOf(codeVerifier)),
    );
    expect(inputOf('completeIdentityLogin')).toEqual([]);
  });

  it('is found among those that the user has begun and left', async () => {
    await leave('first');
    await leave('second', 'link');
    comeBack('#ticket=of-the-first');
    refusals = ['INVALID_OR_EXPIRED_TOKEN'];
    expect(await identities.finish()).toMatchObject({ result: { __typename: 'OtpChallenge' } });
    const [begun] = inputOf('startIdentityLogin');
    const [completed] = inputOf('completeIdentityLogin');
    expect(begun?.['codeChallenge']).toBe(challengeOf(completed?.['codeVerifier']));
    expect(stored.size).toBe(0);
  });

  it('tries no other where the server has taken the ticket', async () => {
    await leave('first');
    await leave('second');
    comeBack('#ticket=abc');
    refusals = ['PROVIDER_REFUSED'];
    expect(await identities.finish()).toMatchObject({ result: { code: 'PROVIDER_REFUSED' } });
    expect(inputOf('completeIdentityLogin')).toHaveLength(1);
  });

  it('is CANCELLED where the browser shows the page again as it was', async () => {
    const result = identities.signIn({ providerId: 'acme' });
    await vi.waitUntil(() => listeners.length > 0);
    for (const persisted of [false, true]) for (const tell of listeners) tell({ persisted });
    expect(await result).toMatchObject({ __typename: 'IdentityError', code: 'CANCELLED' });
  });

  it('rejects where the server does not answer', async () => {
    await leave('acme');
    comeBack('#ticket=abc');
    refusals = [new TypeError('fetch failed')];
    await expect(identities.finish()).rejects.toThrow('fetch failed');
    expect(address.hash).toBe('');
  });
});

describe('a popup', () => {
  const popupOf = (providerId: string) => identities.signIn({ providerId, mode: 'popup' });

  it('that the browser blocks is said so, and nothing is asked', async () => {
    arePopupsBlocked = true;
    expect(await popupOf('acme')).toMatchObject({ code: 'POPUP_BLOCKED' });
    expect(sent).toEqual([]);
  });

  it('is opened at once, as browsers want it of a click', () => {
    void popupOf('acme');
    expect(popups).toHaveLength(1);
  });

  it('that is closed is CANCELLED, once the page is looked at again', async () => {
    let hasFocus = false;
    vi.stubGlobal('document', { hasFocus: () => hasFocus });
    const result = popupOf('acme');
    await vi.waitUntil(() => popups[0]?.places.length === 1);
    popups[0]?.close();
    await vi.advanceTimersByTimeAsync(10_000);
    const settled = await Promise.race([result, 'pending']);
    expect(settled).toBe('pending');
    hasFocus = true;
    await vi.advanceTimersByTimeAsync(1000);
    expect(await result).toMatchObject({ __typename: 'IdentityError', code: 'CANCELLED' });
  });

  it('ends with another click, and after ten minutes', async () => {
    const first = popupOf('first');
    const second = popupOf('second');
    expect(await first).toMatchObject({ code: 'CANCELLED' });
    await vi.advanceTimersByTimeAsync(flowLifetime + 1000);
    expect(await second).toMatchObject({ code: 'CANCELLED' });
    expect(popups).toMatchObject([{ closed: true }, { closed: true }]);
  });

  it('gives its ticket to the page that has opened it, and to no other', async () => {
    vi.useRealTimers();
    const result = popupOf('acme');
    await vi.waitUntil(() => popups[0]?.places.length === 1);
    const channel = new BroadcastChannel('latchkey-identity-popup');
    const taken = new Promise((resolve) => {
      channel.onmessage = ({ data }: MessageEvent) => resolve(data);
    });
    const [id] = popups[0]?.marks.values() ?? [];
    const tell = (from: string | undefined, ticket: string) =>
      channel.postMessage({ id: from, returned: { __typename: 'IdentityTicket', ticket } });
    tell('of another', 'foreign');
    tell(id, 'own');
    expect(await result).toMatchObject({ __typename: 'OtpChallenge' });
    expect(inputOf('completeIdentityLogin')).toMatchObject([{ ticket: 'own' }]);
    expect(await taken).toEqual({ id, isTaken: true });
    expect([popups[0]?.closed, left, stored.size]).toEqual([true, [], 0]);
    channel.close();
  });

  it('whose page has gone says that it was begun elsewhere', async () => {
    stored.set('latchkey-identity-popup', 'nobody listens');
    comeBack('#ticket=abc');
    const finished = identities.finish();
    await vi.advanceTimersByTimeAsync(3000);
    expect(await finished).toMatchObject(notBegun);
    expect([sent, stored.size]).toEqual([[], 0]);
  });
});

describe('an app that opens the browser of the system', () => {
  it('holds the verifier itself, and needs nothing of a browser', async () => {
    vi.unstubAllGlobals();
    vi.stubGlobal('crypto', undefined);
    // The functions of expo-crypto.
    open({
      crypto: {
        getRandomValues: (array) => webcrypto.getRandomValues(array),
        digest: (algorithm, data) => webcrypto.subtle.digest(algorithm, data),
      },
    });
    const where = { providerId: 'acme', returnTo: 'com.example.app:/signed-in' };
    for (const link of [false, true]) {
      const flow = await identities.begin({ ...where, link });
      if (flow.__typename !== 'IdentityFlow') throw new Error(flow.message);
      expect(flow.url).toBe('https://auth.example.com/acme');
      const back = readIdentityReturn(`${where.returnTo}#ticket=abc`);
      if (back?.__typename !== 'IdentityTicket') throw new Error(`It was ${back?.code}.`);
      const returned = { ticket: back.ticket, verifier: flow.verifier };
      const done = link
        ? await identities.completeLink(returned)
        : await identities.complete(returned);
      expect(done.__typename).toBe(link ? 'AuthIdentity' : 'OtpChallenge');
      expect(sent.at(-2)?.input['codeChallenge']).toBe(challengeOf(flow.verifier));
      expect(sent.at(-1)?.input).toMatchObject({ ticket: 'abc', codeVerifier: flow.verifier });
    }
  });

  it.each<[string, object | null]>([
    ['com.example.app:/signed-in#ticket=a-b_1', { ticket: 'a-b_1' }],
    ['https://app.example.com/signed-in?x=1#state=1&ticket=abc', { ticket: 'abc' }],
    ['https://app.example.com/signed-in#error=PROVIDER_REFUSED', { code: 'PROVIDER_REFUSED' }],
    ['https://app.example.com/signed-in?ticket=abc', null],
    ['https://app.example.com/signed-in', null],
  ])('reads what came back: %s', (url, expected) => {
    if (expected) expect(readIdentityReturn(url)).toMatchObject(expected);
    else expect(readIdentityReturn(url)).toBeNull();
  });
});

describe('ID-17 an ID token', () => {
  it('is asked for with the server’s nonce', async () => {
    const asked: string[] = [];
    const result = await identities.signInWithIdToken('acme', async (nonce) => {
      asked.push(nonce);
      return 'a.b.c';
    });
    expect(result).toMatchObject({ __typename: 'OtpChallenge' });
    expect(asked).toEqual(['of ours']);
    expect(inputOf('loginWithIdToken')).toMatchObject([{ nonceId: 'n', idToken: 'a.b.c' }]);
  });

  it('is not asked for where the server refuses', async () => {
    refusals = ['PROVIDER_REFUSED'];
    const getIdToken = vi.fn(async () => 'a.b.c');
    const result = await identities.signInWithIdToken('acme', getIdToken);
    expect(result).toMatchObject({ __typename: 'AuthError', code: 'PROVIDER_REFUSED' });
    expect(getIdToken).not.toHaveBeenCalled();
  });
});

describe('a linked account', () => {
  it('is unlinked by its id', async () => {
    expect(await identities.unlink('i')).toMatchObject({ __typename: 'AuthAccepted' });
    expect(inputOf('unlinkIdentity')).toEqual([{ identityId: 'i' }]);
  });
});
