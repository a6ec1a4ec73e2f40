import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../src/testing/app.ts';
import { freshAddress, goodPassword, registerPerson } from '../../../src/testing/people.ts';
import { passkeyError } from './ceremony.ts';
import { identityError } from './identity-error.ts';
import {
  createAuthClient,
  isAuthError,
  problemOf,
  RefreshError,
  RequestError,
  UnreachableError,
} from './index.ts';
import { thrownProblem } from './problem.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const open = (url = `${server.url}/graphql`) => createAuthClient({ url });
const thrownBy = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => expect.fail(`It answered ${JSON.stringify(value)}.`),
    (error: unknown) => error,
  );

describe('problemOf', () => {
  it('has code, message and fields of an outcome of the server', async () => {
    const outcome = await open().register({ email: 'no address', password: goodPassword });
    const problem = problemOf(outcome);
    expect(problem).toMatchObject({ code: 'VALIDATION_FAILED', retryAfter: null });
    expect(problem?.fields).toMatchObject([{ path: 'email', message: expect.any(String) }]);
    expect(isAuthError(outcome)).toBe(true);
  });

  it('has the code of a request that the server refuses', async () => {
    const error = await thrownBy(open().request('{ overview { since } }'));
    expect(error).toBeInstanceOf(RequestError);
    expect(problemOf(error)).toMatchObject({ code: 'UNAUTHENTICATED', fields: [] });
  });

  it('says UNREACHABLE where nothing listens', async () => {
    const error = await thrownBy(open('http://127.0.0.1:9/graphql').options());
    expect(problemOf(error)).toMatchObject({ code: 'UNREACHABLE', retryAfter: null });
    expect(problemOf(new UnreachableError(error))).toMatchObject({ code: 'UNREACHABLE' });
  });

  it.each(['Failed to fetch', 'NetworkError when attempting to fetch resource.', 'Load failed'])(
    'says UNREACHABLE of the TypeError %s',
    (message) => expect(problemOf(new TypeError(message))?.code).toBe('UNREACHABLE'),
  );

  it('has the seconds of an overloaded server and of a refused refresh', () => {
    const errors = [{ message: 'Busy.', extensions: { code: 'OVERLOADED', retryAfter: 3 } }];
    const overloaded = new RequestError(503, errors);
    expect(problemOf(overloaded)).toMatchObject({ code: 'OVERLOADED', retryAfter: 3 });
    const outcome = { code: 'RATE_LIMITED', message: 'Wait.', fields: [], retryAfter: 9 } as const;
    expect(problemOf(new RefreshError(outcome))).toEqual(outcome);
    expect(problemOf(new UnreachableError(new RefreshError(outcome)))?.retryAfter).toBe(9);
  });

  it('has the code of the browser, and of an error of the app itself its message', () => {
    expect(problemOf(passkeyError('CANCELLED'))).toMatchObject({ code: 'CANCELLED' });
    expect(problemOf(identityError('POPUP_BLOCKED'))).toMatchObject({ code: 'POPUP_BLOCKED' });
    const bug = new TypeError('x is not a function');
    expect(problemOf(bug)).toMatchObject({ code: 'FAILED', message: 'x is not a function' });
    expect(thrownProblem('odd')).toMatchObject({ code: 'FAILED' });
    expect(problemOf(new RequestError(502, []))).toMatchObject({ code: 'FAILED' });
  });

  it('is null for a success', async () => {
    const outcome = await open().requestPasswordReset({ email: freshAddress() });
    expect(problemOf(outcome)).toBeNull();
    expect(isAuthError(outcome)).toBe(false);
    for (const nothing of [null, undefined, {}]) expect(problemOf(nothing)).toBeNull();
  });
});

describe('the queries', () => {
  it('answer null where no user is signed in, and the options anyhow', async () => {
    const auth = open();
    expect(await auth.account()).toBeNull();
    expect(await auth.sessions({ first: 1 })).toBeNull();
    expect(await auth.options()).toMatchObject({ registrationOpen: true, identityProviders: [] });
  });

  it('reject for a page that the server refuses', async () => {
    const { email, password } = await registerPerson(server);
    const auth = open();
    await auth.login({ email, password });
    const error = await thrownBy(auth.sessions({ first: 1000 }));
    expect(problemOf(error)?.code).not.toBe('FAILED');
    expect(error).toBeInstanceOf(RequestError);
  });

  it('answer null once the session was ended from elsewhere', async () => {
    const { email, password, accessToken } = await registerPerson(server);
    const auth = open();
    await auth.login({ email, password });
    await server.mutate('logout', { everywhere: true }, { token: accessToken });
    expect(await auth.account()).toBeNull();
    expect(auth.getState()).toMatchObject({ status: 'signed-out', reason: 'ENDED' });
  });

  it('answer with the account, and page by page with its sessions', async () => {
    const { email, password, id } = await registerPerson(server, { name: 'Ada' });
    // Of two sessions of one moment either may be the newer.
    server.clock.advance(1);
    const auth = open();
    await auth.login({ email, password });
    expect(await auth.account()).toEqual({
      user: auth.getState().user,
      hasPassword: true,
      passwordChangedAt: expect.any(String),
      totpEnabled: false,
      totpEnabledAt: null,
      locale: null,
      recoveryCodesLeft: 0,
      passkeys: [],
      identities: [],
      preferences: {},
    });
    expect(auth.getState().user?.id).toBe(id);
    const first = await auth.sessions({ first: 1 });
    expect(first).toMatchObject({ totalCount: 2, pageInfo: { hasNextPage: true } });
    const second = await auth.sessions({ first: 1, after: first?.pageInfo.endCursor ?? null });
    const both = [first, second].flatMap((page) => page?.edges.map(({ node }) => node) ?? []);
    expect(both.map(({ current }) => current)).toEqual([true, false]);
  });
});
