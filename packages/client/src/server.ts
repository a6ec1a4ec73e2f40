import type { Queries, TypedQuery } from './create-auth-client.ts';
import { RequestError, refusalIn } from './errors.ts';
import { mutationNames, mutationOf, queryOf } from './mutation-of.ts';
import type {
  Account,
  AuthOptions,
  AuthSession,
  AuthSessionConnection,
  LogoutResult,
  Mutations,
  User,
} from './operations.ts';
import { cookieName, cookieText, type ServerCookie, withCookie } from './server-cookie.ts';
import {
  CrossSiteError,
  isSameOrigin,
  isSecure,
  type OriginOptions,
  type ServerRequest,
} from './server-origin.ts';
import { type SharedRefresh, shareRefreshes } from './server-refresh.ts';
import { createSeal, type Seal } from './server-seal.ts';
import { openSession, type RequestSession } from './server-session.ts';
import { type TransportOptions, transportFor } from './server-transport.ts';
import { dataOf, inTime, type Post } from './transport.ts';

export { CrossSiteError, type ServerCookie, type ServerRequest };

export type ServerAuthOptions = TransportOptions &
  OriginOptions & {
    /**
     * Seals the cookie: 32 bytes or more, the same on every server of the app. A list rotates it:
     * the first seals, all open.
     */
    readonly secret: string | readonly string[];
    /** What the cookie is called after `__Host-`; `latchkey` unless set. */
    readonly cookieName?: string;
  };

/** Who is signed in, and the token for other backends. */
export type ServerSession = {
  readonly user: User;
  readonly accessToken: string;
  /** When the token expires, by this machine's clock, in milliseconds. */
  readonly expiresAt: number;
  /** When the user last proved who they are, by this machine's clock, in milliseconds. */
  readonly provedAt: number;
};

type OwnMutations = Omit<Mutations, 'refreshSession' | 'logout'>;

/** The tokens are in the cookie, and in no hands of the app. */
export type SignedIn = {
  readonly __typename: 'AuthTokens';
  readonly user: User;
  readonly session: AuthSession;
};

type WithoutTokens<Result> = Result extends { readonly __typename: 'AuthTokens' }
  ? SignedIn
  : Result;

/**
 * Every mutation of the server by its name. Outcomes are answers: look at `__typename`. Rejects
 * with CrossSiteError for a form of another site, with RequestError for the rest.
 */
export type ServerOperations = {
  readonly [Name in keyof OwnMutations]: (
    input: OwnMutations[Name]['input'],
  ) => Promise<WithoutTokens<OwnMutations[Name]['result']>>;
};

/** What code that cannot set cookies may do, such as a React server component. */
export type RenderAuth = Queries & {
  /** Who is signed in, without a round trip; null where no user is. */
  getSession(): Promise<ServerSession | null>;
  /** Null where no user is signed in. */
  getAccessToken(): Promise<string | null>;
  /** Sends an operation with the session's token. Rejects with RequestError. */
  request<Data = Record<string, unknown>, Variables extends object = object>(
    query: string | TypedQuery<Data, Variables>,
    variables?: Variables,
  ): Promise<Data>;
};

/** The session of one request; a token that has expired is refreshed. */
export type RequestAuth = RenderAuth &
  ServerOperations & {
    /** Ends the session, here in any case. `everywhere` ends all of the user's. */
    logout(options?: { everywhere?: boolean }): Promise<LogoutResult>;
    /** What the answer has to set, once all else is done; null where nothing changed. */
    cookie(): ServerCookie | null;
    /** Adds that to an answer's headers, and keeps caches from storing it. */
    applyTo(headers: Headers): void;
    /** The request's headers with the new cookie, for what renders after a middleware. */
    requestHeaders(): Headers;
  };

export type ServerAuth = {
  forRequest(request: ServerRequest): RequestAuth;
  /** For code that cannot set cookies: never refreshes, which a middleware has to do before. */
  forRender(request: ServerRequest): RenderAuth;
  /** Whether a request comes from a page of the app; for an app's own forms. */
  isSameOrigin(request: ServerRequest): boolean;
};

/**
 * Sessions of an app that renders on a server: sealed in an HttpOnly cookie of the app's origin,
 * kept fresh, and told to Latchkey with the browser's address. The first use throws where a secret
 * is short: an app is often built where it has none.
 */
export function createServerAuth(options: ServerAuthOptions): ServerAuth {
  const shared = shareRefreshes();
  let seal: Seal | undefined;
  const parts = (): Parts => {
    seal ??= createSeal(options.secret);
    return { options, seal, shared };
  };
  return {
    forRequest: (request) => requestAuth(parts(), request),
    forRender: (request) => {
      const { session, send } = sessionFor(parts(), request, false);
      return renderAuth(session, send);
    },
    isSameOrigin: (request) => isSameOrigin(request, options),
  };
}

type Parts = {
  readonly options: ServerAuthOptions;
  readonly seal: Seal;
  readonly shared: SharedRefresh;
};

type Send = (query: { toString(): string }, variables?: object) => Promise<Data>;
type Data = Readonly<Record<string, unknown>>;

function sessionFor(
  { options, seal, shared }: Parts,
  request: ServerRequest,
  mayRefresh: boolean,
): { session: RequestSession; send: Send; post: Post } {
  const post = transportFor(request, options);
  const secure = isSecure(request, options);
  const name = cookieName(options.cookieName ?? 'latchkey', secure);
  const header = request.headers.get('cookie');
  const session = openSession({ header, name, secure, seal, shared, post, mayRefresh });
  return { session, send: sendWith(session, post), post };
}

/** Sends an operation with the token, and once more where the session yields another. */
function sendWith(session: RequestSession, post: Post): Send {
  return async (query, variables = {}) => {
    const operation = { query: query.toString(), variables };
    const current = await session.fresh();
    const answer = await post(operation, current?.accessToken ?? null);
    const reason = current && refusalIn(answer.errors);
    // What another server than Latchkey refuses for reasons of its own, no new token helps.
    const next = current && reason && reason !== 'UNKNOWN' ? await session.renew(current) : null;
    return dataOf(next ? await post(operation, next.accessToken) : answer);
  };
}

function renderAuth(session: RequestSession, send: Send): RenderAuth {
  type Answer = (Account & { readonly sessions: AuthSessionConnection }) | null;
  const ask = async (name: 'account' | 'sessions', page: object = {}): Promise<Answer> => {
    if (!(await session.fresh())) return null;
    const { account } = await send(queryOf(name), page).catch(async (error: unknown) => {
      // Refused, since the session has ended: no user is signed in.
      if (!(await session.load()) || hasEnded(error)) return { account: null };
      throw error;
    });
    return account as Answer;
  };
  return {
    getSession: async () => shown(await session.fresh()),
    getAccessToken: async () => (await session.fresh())?.accessToken ?? null,
    request: ((query, variables) => send(query, variables)) as RenderAuth['request'],
    account: () => ask('account'),
    sessions: async (page) => (await ask('sessions', page))?.sessions ?? null,
    options: async () => (await send(queryOf('options')))['authOptions'] as AuthOptions,
  };
}

const hasEnded = (error: unknown): boolean =>
  error instanceof RequestError && refusalIn(error.errors) === 'SESSION_REVOKED';

/** Without the refresh token, which nothing but the cookie needs. */
function shown(session: ServerSession | null): ServerSession | null {
  if (!session) return null;
  const { user, accessToken, expiresAt, provedAt } = session;
  return { user, accessToken, expiresAt, provedAt };
}

function requestAuth(parts: Parts, request: ServerRequest): RequestAuth {
  const { session, send, post } = sessionFor(parts, request, true);
  const assertOwn = (): void => {
    if (!isSameOrigin(request, parts.options)) throw new CrossSiteError();
  };
  const operations = Object.fromEntries(
    mutationNames().map((name) => [
      name,
      async (input: object) => {
        assertOwn();
        return operate(session, send, name as keyof OwnMutations, input);
      },
    ]),
  ) as ServerOperations;
  const header = request.headers.get('cookie');
  return {
    ...operations,
    ...renderAuth(session, send),
    logout: async ({ everywhere = false } = {}) => {
      assertOwn();
      return logout(session, post, everywhere);
    },
    cookie: session.cookie,
    applyTo: (headers) => {
      const cookie = session.cookie();
      if (!cookie) return;
      headers.append('set-cookie', cookieText(cookie));
      headers.set('cache-control', 'private, no-store');
    },
    requestHeaders: () => {
      const headers = new Headers(request.headers as Headers);
      const cookie = session.cookie();
      if (cookie) headers.set('cookie', withCookie(header, cookie));
      return headers;
    },
  };
}

async function operate(
  session: RequestSession,
  send: Send,
  mutation: keyof OwnMutations,
  input: object,
): Promise<object> {
  const { query, variables } = mutationOf(mutation, input, 'BODY');
  const result = (await send(query, variables))[mutation] as
    | OwnMutations[keyof OwnMutations]['result']
    | ({ readonly __typename: 'User' } & User);
  if (result.__typename === 'AuthTokens') {
    await session.take(result);
    return { __typename: result.__typename, user: result.user, session: result.session };
  }
  if (result.__typename === 'User') await session.update(result);
  else if (result.__typename !== 'AuthError') await follow(session, mutation);
  return result;
}

/** What a mutation changes of the session whose answer does not say so. */
async function follow(session: RequestSession, mutation: keyof OwnMutations): Promise<void> {
  if (mutation === 'deleteAccount') await session.leave();
  const user = (await session.load())?.user;
  if (user && mutation === 'confirmTotpEnrollment')
    await session.update({ ...user, totpEnabled: true });
  if (user && mutation === 'disableTotp') await session.update({ ...user, totpEnabled: false });
}

async function logout(
  session: RequestSession,
  post: Post,
  everywhere: boolean,
): Promise<LogoutResult> {
  const current = await session.load();
  // First: the user is signed out here even where the server cannot be told.
  await session.leave();
  if (!current) return { __typename: 'AuthAccepted', accepted: true };
  const { refreshToken, accessToken } = current;
  const { query, variables } = mutationOf('logout', { everywhere, refreshToken }, 'BODY');
  const answer = await inTime((signal) => post({ query, variables }, accessToken, signal));
  return dataOf(answer)['logout'] as LogoutResult;
}
