import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openPasskeyBrowser, type PasskeyBrowser } from '../../../src/testing/passkey-browser.ts';
import { wasRefused } from './autofill.ts';
import { createAuthClient } from './index.ts';
import { createPasskeys, type Passkeys } from './passkeys.ts';

const lifetime = 300_000;
/** Milliseconds after which a challenge is replaced. */
const dueAfter = 0.75 * lifetime;

let browser: PasskeyBrowser;
let passkeys: Passkeys;
/** The mutations that were sent. */
let sent: string[];
/** What the server answers next to requestPasskeyLogin, in place of a challenge. */
let refusals: (object | Promise<object> | Error)[];
/** What it answers to verifyPasskey and confirmPasskeyRegistration. */
let outcome: object;

const refused = (code: string, more: object = {}): object => ({
  __typename: 'AuthError',
  code,
  message: 'No.',
  fields: [],
  retryAfter: null,
  ...more,
});

function challengeOf(id: string): object {
  const rp = { id: 'localhost' };
  const user = { id: 'aGFuZGxl' };
  const options = { challenge: id, rpId: rp.id, rp, user, timeout: lifetime };
  return { __typename: 'PasskeyChallenge', id, options, expiresAt: 'by a clock that is off' };
}

/** What the browser does is tried here; what the server says of it, in passkeys.test.ts. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const opened = openPasskeyBrowser('http://localhost:3000');
  browser = opened.browser;
  for (const [name, value] of Object.entries(opened.globals)) vi.stubGlobal(name, value);
  sent = [];
  refusals = [];
  outcome = refused('INVALID_CREDENTIALS');
  const auth = createAuthClient({
    url: 'http://localhost/graphql',
    fetch: async (_url, init) => {
      const mutation = /^mutation (\w+)/.exec(JSON.parse(String(init?.body)).query)?.[1] ?? '';
      sent.push(mutation);
      const isVerdict = mutation === 'verifyPasskey' || mutation.startsWith('confirm');
      const next = isVerdict ? outcome : (refusals.shift() ?? challengeOf(`c${sent.length}`));
      const answer = await next;
      if (answer instanceof Error) throw answer;
      return Response.json({ data: { [mutation]: answer } });
    },
  });
  passkeys = createPasskeys(auth);
});
afterEach(async () => {
  // Ends what a test has left running.
  browser.user = 'cancels';
  const last = passkeys.signIn();
  await vi.advanceTimersByTimeAsync(1000);
  await last;
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const settle = () => vi.advanceTimersByTimeAsync(50);

/** Begins the autofill, and waits until the browser has it. */
async function offer(signal?: AbortSignal) {
  const result = passkeys.signIn({ autofill: true, ...(signal ? { signal } : {}) });
  await settle();
  return { result };
}

const cancelled = { __typename: 'PasskeyError', code: 'CANCELLED' };
const asks = () => sent.filter((mutation) => mutation === 'requestPasskeyLogin').length;

describe('a browser without passkeys', () => {
  it.each([
    ['no PublicKeyCredential', undefined],
    ['one from before 2025', class {}],
  ])('with %s is told, and asks the server for nothing', async (_case, value) => {
    vi.stubGlobal('PublicKeyCredential', value);
    const unsupported = { __typename: 'PasskeyError', code: 'UNSUPPORTED' };
    expect(passkeys.isSupported()).toBe(false);
    expect(await passkeys.signIn()).toMatchObject(unsupported);
    expect(await passkeys.signIn({ autofill: true })).toMatchObject(unsupported);
    expect(await passkeys.register()).toMatchObject(unsupported);
    expect(await passkeys.register({ conditional: true })).toMatchObject(unsupported);
    expect(sent).toEqual([]);
  });

  it('without autofill, or without conditional registration, says so of these alone', async () => {
    Object.assign(PublicKeyCredential, {
      isConditionalMediationAvailable: undefined,
      getClientCapabilities: async () => ({}),
    });
    expect(await passkeys.signIn({ autofill: true })).toMatchObject({ code: 'UNSUPPORTED' });
    expect(await passkeys.register({ conditional: true })).toMatchObject({ code: 'UNSUPPORTED' });
    expect(sent).toEqual([]);
    expect(passkeys.isSupported()).toBe(true);
  });
});

describe('a ceremony that gives no passkey', () => {
  it.each([
    ['NotAllowedError', 'CANCELLED'],
    ['AbortError', 'CANCELLED'],
    ['InvalidStateError', 'ALREADY_REGISTERED'],
    ['SecurityError', 'FAILED'],
    ['UnknownError', 'FAILED'],
  ])('by %s is %s, with the cause', async (name, code) => {
    browser.fails = name;
    const failed = { __typename: 'PasskeyError', code, cause: { name } };
    expect(await passkeys.register()).toMatchObject(failed);
    expect(await passkeys.signIn()).toMatchObject(failed);
    expect(sent).toEqual(['startPasskeyRegistration', 'requestPasskeyLogin']);
  });

  it('is FAILED where the browser cannot read the options', async () => {
    refusals = [{ __typename: 'PasskeyChallenge', id: 'c', options: { hints: null } }];
    const result = await passkeys.signIn();
    expect(result).toMatchObject({ code: 'FAILED', message: 'null is no sequence.' });
  });

  it('does not begin where the server refuses, or does not answer', async () => {
    refusals = [refused('RATE_LIMITED'), refused('STEP_UP_REQUIRED'), new Error('fetch failed')];
    expect(await passkeys.signIn()).toMatchObject({ code: 'RATE_LIMITED' });
    expect(await passkeys.register()).toMatchObject({ code: 'STEP_UP_REQUIRED' });
    await expect(passkeys.signIn()).rejects.toThrow('fetch failed');
    expect(browser.ceremonies).toEqual([]);
  });
});

describe('an autofill that the server refuses', () => {
  it.each(['INVALID_CREDENTIALS', 'UNKNOWN_PASSKEY'])(
    'with %s after a choice may be offered again',
    async (code) => {
      await passkeys.register();
      outcome = refused(code);
      const { result } = await offer();
      await browser.choose();
      expect(wasRefused(await result)).toBe(true);
    },
  );

  it.each(['RATE_LIMITED', 'CONFLICT'])('with %s before one is over', async (code) => {
    refusals = [refused(code)];
    const { result } = await offer();
    expect(wasRefused(await result)).toBe(false);
  });
});

describe('one ceremony at a time', () => {
  it('a click ends the autofill, and begins once it has ended', async () => {
    const { result } = await offer();
    browser.user = 'waits';
    const click = passkeys.signIn();
    await settle();
    expect(await result).toMatchObject(cancelled);
    expect(browser.ceremonies.map(({ mediation, ended }) => [mediation, ended])).toEqual([
      ['conditional', 'aborted'],
      [undefined, undefined],
    ]);
    await browser.choose();
    expect(await click).toMatchObject(cancelled);
  });

  it('a click waits for no request of the autofill, and no extension that never ends', async () => {
    refusals = [new Promise(() => {})];
    await offer();
    const first = passkeys.signIn();
    await settle();
    expect(await first).toMatchObject(cancelled);
    browser.ignoresAbort = true;
    await offer();
    const second = passkeys.signIn();
    await vi.advanceTimersByTimeAsync(1000);
    expect(await second).toMatchObject(cancelled);
  });

  it('the autofill waits for a click’s', async () => {
    browser.user = 'waits';
    const click = passkeys.signIn();
    await settle();
    const { result } = await offer();
    expect(asks()).toBe(1);
    await browser.choose();
    await settle();
    expect(await click).toMatchObject(cancelled);
    expect(browser.ceremonies.map(({ mediation }) => mediation)).toEqual([
      undefined,
      'conditional',
    ]);
    await browser.choose();
    expect(await result).toMatchObject(cancelled);
  });

  it('an autofill that is ended while it waits asks for nothing', async () => {
    browser.user = 'waits';
    const click = passkeys.signIn();
    await settle();
    const ending = new AbortController();
    const { result: first } = await offer();
    const { result: second } = await offer(ending.signal);
    ending.abort();
    await browser.choose();
    await settle();
    const results = await Promise.all([click, first, second]);
    expect(results).toMatchObject([cancelled, cancelled, cancelled]);
    expect(asks()).toBe(1);
  });

  it('a second click ends the first, and what waits for it', async () => {
    browser.user = 'waits';
    const first = passkeys.signIn();
    await settle();
    const { result: waiting } = await offer();
    const second = passkeys.verify({ id: 'c', options: {}, expiresAt: '' });
    await settle();
    expect(await Promise.all([first, waiting])).toMatchObject([cancelled, cancelled]);
    expect(browser.ceremonies).toHaveLength(2);
    await browser.choose();
    expect(await second).toMatchObject(cancelled);
  });

  it('is ended by the signal of the app', async () => {
    browser.user = 'waits';
    const ending = new AbortController();
    const click = passkeys.signIn({ signal: ending.signal });
    await settle();
    ending.abort();
    await settle();
    expect(await click).toMatchObject(cancelled);
  });

  it('asks to make a passkey by itself only where that is conditional', async () => {
    browser.user = 'cancels';
    await passkeys.register();
    const conditional = passkeys.register({ conditional: true });
    await settle();
    await browser.choose();
    await conditional;
    expect(browser.ceremonies.map(({ mediation }) => mediation)).toEqual([
      undefined,
      'conditional',
    ]);
  });
});

describe('the challenge of an autofill', () => {
  it('is replaced at three quarters of its life, and the field is never without one', async () => {
    const { result } = await offer();
    await vi.advanceTimersByTimeAsync(dueAfter - 100);
    expect(asks()).toBe(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(asks()).toBe(2);
    await vi.advanceTimersByTimeAsync(dueAfter);
    expect(browser.ceremonies.map(({ options, ended }) => [options.challenge, ended])).toEqual([
      ['c1', 'aborted'],
      ['c2', 'aborted'],
      ['c3', undefined],
    ]);
    await browser.choose();
    expect(await result).toMatchObject(cancelled);
    await vi.advanceTimersByTimeAsync(10 * lifetime);
    expect(asks()).toBe(3);
  });

  it('lives on while another cannot be had, which is asked for until it is', async () => {
    await offer();
    refusals = [new Error('fetch failed'), refused('RATE_LIMITED', { retryAfter: 30 })];
    await vi.advanceTimersByTimeAsync(dueAfter);
    expect(browser.ceremonies.map(({ ended }) => ended)).toEqual([undefined]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asks()).toBe(3);
    await vi.advanceTimersByTimeAsync(19_000);
    expect(asks()).toBe(3);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asks()).toBe(4);
    expect(browser.ceremonies.map(({ ended }) => ended)).toEqual(['aborted', undefined]);
  });

  it('is not replaced in a tab that no one looks at, but once someone does', async () => {
    const page = Object.assign(new EventTarget(), { hidden: true });
    vi.stubGlobal('document', page);
    await offer();
    await vi.advanceTimersByTimeAsync(100 * lifetime);
    page.dispatchEvent(new Event('visibilitychange'));
    await settle();
    expect(asks()).toBe(1);
    page.hidden = false;
    page.dispatchEvent(new Event('visibilitychange'));
    await settle();
    expect(asks()).toBe(2);
  });

  it('is not replaced any more once the autofill has ended', async () => {
    const ending = new AbortController();
    const { result } = await offer(ending.signal);
    ending.abort();
    await settle();
    expect(await result).toMatchObject(cancelled);
    await vi.advanceTimersByTimeAsync(10 * lifetime);
    expect(asks()).toBe(1);
  });
});
