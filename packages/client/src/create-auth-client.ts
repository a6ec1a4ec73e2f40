import { refusalIn } from './errors.ts';
import type { AuthState } from './held-session.ts';
import { type KeptSession, keepSession } from './keep-session.ts';
import { mutationNames, mutationOf, queryOf } from './mutation-of.ts';
import type {
  Account,
  AuthOptions,
  AuthSessionConnection,
  LogoutResult,
  Mutations,
  SessionsVariables,
  User,
} from './operations.ts';
import { localSessions, memoryStorage, type SessionStorage, steadyStorage } from './storage.ts';
import { createTransport, dataOf, inTime, type Post } from './transport.ts';

export type AuthClientOptions = {
  /** The GraphQL endpoint of the server, or of a gateway before it. */
  readonly url: string;
  /**
   * Where the refresh token lives. `cookie`: in an HttpOnly cookie, for web apps whose origin is in
   * CORS_ORIGINS; the session survives a reload and is that of all tabs. `memory`: gone with the
   * page. `local`: in localStorage, for web apps of another site; it survives a reload, too, but
   * every script of the page can read it. Or a storage of your own. The default is `memory`.
   */
  readonly storage?: 'cookie' | 'memory' | 'local' | SessionStorage;
  /**
   * With `cookie`: another page may have begun a session, such as the server's own sign-in page.
   * `start()` then asks the server even where this client has never seen one.
   */
  readonly mayBeSignedIn?: boolean;
  /** Keeps the clients of several servers on one origin apart; `latchkey` unless set. */
  readonly name?: string;
  readonly fetch?: typeof fetch;
};

type OwnMutations = Omit<Mutations, 'refreshSession' | 'logout'>;

/**
 * Every mutation of the server by its name. Outcomes are answers: look at `__typename`. Rejects
 * with RequestError for the rest.
 */
export type Operations = {
  readonly [Name in keyof OwnMutations]: (
    input: OwnMutations[Name]['input'],
  ) => Promise<OwnMutations[Name]['result']>;
};

/** What an app asks most often. Each rejects as `request` does. */
export type Queries = {
  /** The signed-in user with what an account page shows; null where no user is signed in. */
  account(): Promise<Account | null>;
  /** Where the user is signed in, page by page; null where no user is signed in. */
  sessions(page?: SessionsVariables): Promise<AuthSessionConnection | null>;
  /** What a sign-in page needs to know before anyone has signed in. */
  options(): Promise<AuthOptions>;
};

/** What a code generator makes of a document, as text (`documentMode: 'string'`). */
export type TypedQuery<Data, Variables> = {
  toString(): string;
  readonly __apiType?: (variables: Variables) => Data;
};

/** What the schema makes of the client: a method for each mutation, and the queries. */
type Methods = Operations & Queries;

export type AuthClient = Methods & {
  /** The same object until the state changes. */
  getState(): AuthState;
  /** Calls back after every change; returns a function that unsubscribes. */
  subscribe(listener: (state: AuthState) => void): () => void;
  /**
   * Restores a session from before, if there is one. The first request does so too. Never rejects.
   */
  start(): Promise<AuthState>;
  /** The token as it is, without a request; null where there is none. */
  peek(): { readonly accessToken: string; readonly expired: boolean } | null;
  /**
   * A valid token, refreshed if it has expired; null where no user is signed in. Rejects where the
   * server cannot be reached, with UnreachableError where it is not known whether one is.
   */
  getAccessToken(): Promise<string | null>;
  /**
   * Whether the server would answer STEP_UP_REQUIRED to what takes a recent proof of who the user
   * is, such as `logout({ everywhere: true })`: call `reauthenticate` first.
   */
  needsStepUp(): boolean;
  /**
   * After a refusal: another token than the refused one, or null where there is none. However many
   * requests were refused, the session is refreshed once. `reason` comes from `refusalIn`.
   */
  renew(refused: string | null, reason: string): Promise<string | null>;
  /**
   * Ends the session: here and in the other tabs in any case, then on the server. Rejects where the
   * server could not be told. `everywhere` ends all sessions of the user; the answer is an
   * AuthError with STEP_UP_REQUIRED where the server wanted a recent proof for that, and has ended
   * this session alone.
   */
  logout(options?: { everywhere?: boolean }): Promise<LogoutResult>;
  /**
   * Sends an operation with the token, and once more after a refresh. Rejects with RequestError.
   */
  request<Data = Record<string, unknown>, Variables extends object = object>(
    query: string | TypedQuery<Data, Variables>,
    variables?: Variables,
  ): Promise<Data>;
  /** Stops listening to other tabs, and trying again. */
  close(): void;
};

/**
 * The session of one user with one server: signs in, keeps the token fresh, signs out, and notifies
 * its subscribers.
 */
export function createAuthClient({
  url,
  storage = 'memory',
  mayBeSignedIn = false,
  name = 'latchkey',
  fetch,
}: AuthClientOptions): AuthClient {
  const cookie = storage === 'cookie';
  const post = createTransport({
    url,
    fetch: fetch ?? ((input, init) => globalThis.fetch(input, init)),
    credentials: cookie ? 'include' : 'same-origin',
  });
  const kept = keepSession({
    post,
    storage: cookie ? null : steadyStorage(storageOf(storage, name)),
    tabsName: storage === 'memory' || typeof window === 'undefined' ? null : name,
    mayBeSignedIn,
  });
  const delivery = cookie ? 'COOKIE' : 'BODY';

  const request = requestWith(post, kept);
  const logout: AuthClient['logout'] = ({ everywhere = false } = {}) =>
    kept.end(async (token, refreshToken) => {
      if (!cookie && token === null && refreshToken === null)
        return { __typename: 'AuthAccepted', accepted: true };
      const { query, variables } = mutationOf('logout', { everywhere, refreshToken }, delivery);
      const answer = await inTime((signal) => post({ query, variables }, token, signal));
      return dataOf(answer)['logout'] as LogoutResult;
    });

  return {
    ...operationsWith(request, kept, delivery),
    ...queriesWith(request, kept),
    getState: kept.state,
    subscribe: kept.subscribe,
    start: kept.start,
    peek: () => {
      const session = kept.current();
      return (
        session && { accessToken: session.accessToken, expired: Date.now() >= session.expiresAt }
      );
    },
    getAccessToken: () => kept.getAccessToken(),
    needsStepUp: () => Date.now() - (kept.current()?.provedAt || 0) > stepUpLifetime,
    renew: kept.renew,
    logout,
    request: ((query, variables) => request(query, variables)) as AuthClient['request'],
    close: kept.close,
  };
}

function storageOf(storage: 'memory' | 'local' | SessionStorage, name: string): SessionStorage {
  if (typeof storage === 'object') return storage;
  return storage === 'local' ? localSessions(name) : memoryStorage();
}

/** Milliseconds for which the server takes a proof as recent, less the time of a request. */
const stepUpLifetime = 570_000;

/** What a user who is not signed in may ask for: sent even if it is not known whether one is. */
const openMutations = new Set(
  (
    'register login requestLoginCode verifyOtp verifyLink resendOtp requestPasswordReset ' +
    'resetPassword undoEmailChange requestPasskeyLogin verifyPasskey startIdentityLogin ' +
    'completeIdentityLogin requestIdTokenNonce loginWithIdToken'
  ).split(' '),
);

/** `open`: sent without a session too where it cannot be found out whether there is one. */
type Request = (
  query: { toString(): string },
  variables?: object,
  open?: boolean,
) => Promise<Record<string, unknown>>;

/** Sends an operation with the token, and once more where the session yields another token. */
function requestWith(post: Post, kept: KeptSession): Request {
  return async (query, variables = {}, open = false) => {
    const operation = { query: query.toString(), variables };
    const token = await kept.getAccessToken(open);
    const answer = await post(operation, token);
    const reason = refusalIn(answer.errors);
    const next = reason === null ? null : await kept.renew(token, reason);
    return dataOf(next === null ? answer : await post(operation, next));
  };
}

function operationsWith(
  request: Request,
  kept: KeptSession,
  delivery: 'COOKIE' | 'BODY',
): Operations {
  const operate = async (mutation: keyof OwnMutations, input: object): Promise<unknown> => {
    const { query, variables } = mutationOf(mutation, input, delivery);
    const result = (await request(query, variables, openMutations.has(mutation)))[mutation] as
      | OwnMutations[keyof OwnMutations]['result']
      | UserResult;
    if (result.__typename === 'AuthTokens') await kept.take(result);
    else if (result.__typename === 'User') await kept.update(result);
    else if (result.__typename !== 'AuthError') await follow(kept, mutation);
    return result;
  };
  return Object.fromEntries(
    mutationNames().map((mutation) => [
      mutation,
      (input: object) => operate(mutation as keyof OwnMutations, input),
    ]),
  ) as Operations;
}

function queriesWith(request: Request, kept: KeptSession): Queries {
  type Answer = (Account & { readonly sessions: AuthSessionConnection }) | null;
  const ask = async (name: 'account' | 'sessions', page: object = {}): Promise<Answer> => {
    if ((await kept.getAccessToken()) === null) return null;
    const { account } = await request(queryOf(name), page).catch((error: unknown) => {
      // Refused, since the session has just ended: no user is signed in.
      if (kept.current()) throw error;
      return { account: null };
    });
    return account as Answer;
  };
  return {
    account: () => ask('account'),
    sessions: async (page) => (await ask('sessions', page))?.sessions ?? null,
    options: async () =>
      (await request(queryOf('options'), {}, true))['authOptions'] as AuthOptions,
  };
}

/** What a mutation changes of the session whose answer does not say so. */
async function follow(kept: KeptSession, mutation: keyof OwnMutations): Promise<void> {
  const user = kept.current()?.user;
  if (mutation === 'deleteAccount') await kept.end(async () => {});
  if (user && mutation === 'confirmTotpEnrollment')
    await kept.update({ ...user, totpEnabled: true });
  if (user && mutation === 'disableTotp') await kept.update({ ...user, totpEnabled: false });
}

type UserResult = { readonly __typename: 'User' } & User;
