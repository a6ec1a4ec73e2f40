import { RefreshError, UnreachableError } from './errors.ts';
import { type AuthState, type HeldSession, holdSession } from './held-session.ts';
import type { AuthTokens, User } from './operations.ts';
import { createRefresh } from './refresh-session.ts';
import { createRetry } from './retry.ts';
import type { Session } from './session.ts';
import type { SteadyStorage } from './storage.ts';
import type { Post } from './transport.ts';

type Farewell<T> = (token: string | null, refreshToken: string | null) => Promise<T>;

export type KeptSession = {
  state(): AuthState;
  subscribe(listener: (state: AuthState) => void): () => void;
  start(): Promise<AuthState>;
  current(): Session | null;
  /** `without`: null too where it cannot be found out whether there is a session. */
  getAccessToken(without?: boolean): Promise<string | null>;
  renew(refused: string | null, reason: string): Promise<string | null>;
  /** Begins or continues the session with the tokens that the server has issued. */
  take(tokens: AuthTokens): Promise<void>;
  /** Stores the changed user; ignored unless it is the one who is signed in. */
  update(user: User): Promise<void>;
  /**
   * Ends the session here and in the other tabs, whatever becomes of `farewell`, which gets the
   * tokens that name it. Rejects where the storage does not say whether there is one.
   */
  end<T>(farewell: Farewell<T>): Promise<T>;
  close(): void;
};

type Parts = {
  readonly post: Post;
  /** Null: the refresh token is in the cookie. */
  readonly storage: SteadyStorage | null;
  /** Null: no other tab has this session. */
  readonly tabsName: string | null;
  /** Asks for a session that this client has not seen. */
  readonly mayBeSignedIn: boolean;
};

/**
 * Milliseconds in which a new token is not refreshed again because a server other than Latchkey
 * refuses it.
 */
const youth = 30_000;

/**
 * The one session of a client: kept fresh by one refresh at a time, in this process and among the
 * tabs of a browser.
 */
export function keepSession(parts: Parts): KeptSession {
  const { post, storage, tabsName } = parts;
  const held = holdSession(storage, tabsName);
  const refresh = createRefresh({ held, post, storage });
  const { start, failure, close } = createStart(held, parts, refresh);
  /** A sign-out in flight. Requests wait for it: they go out as those of a user who has left. */
  let leaving: Promise<unknown> | undefined;

  return {
    state: held.state,
    subscribe: held.subscribe,
    start,
    current: held.current,
    getAccessToken: async (without = false) => {
      await start();
      await leaving;
      const session = held.current();
      if (!session) {
        if (without || held.state().status !== 'unreachable') return null;
        throw new UnreachableError(failure());
      }
      const now = Date.now();
      if (now >= session.expiresAt) return refresh();
      // The token is still valid: the request does not wait, and a failure is left to the next one.
      if (now >= session.refreshAt) refresh().catch(() => {});
      return session.accessToken;
    },
    renew: async (refused, reason) => {
      await start();
      await leaving;
      const session = held.current();
      if (!session || session.accessToken !== refused) return session?.accessToken ?? null;
      // Another server refuses a new token. It would refuse the next one too, and refreshing each
      // time would be a loop.
      if (reason === 'UNKNOWN' && Date.now() - held.adoptedAt() < youth) return null;
      return refresh();
    },
    take: held.take,
    update: held.update,
    end: (farewell) => {
      const ended = endSession(held, storage, farewell);
      leaving = ended.catch(() => {});
      return ended;
    },
    close: () => {
      close();
      storage?.close();
      held.tabs.close();
    },
  };
}

async function endSession<T>(
  held: HeldSession,
  storage: SteadyStorage | null,
  farewell: Farewell<T>,
): Promise<T> {
  const token = held.current()?.accessToken ?? null;
  let unread: UnreachableError | undefined;
  const stored = await storage?.load().catch((error: unknown) => {
    unread = new UnreachableError(error);
  });
  // At once: the server may not answer, and the page be closed meanwhile.
  const erased = held.erase('ELSEWHERE');
  try {
    // Nothing names the session: the server cannot be told.
    if (token === null && unread) throw unread;
    return await farewell(token, stored?.refreshToken ?? null);
  } finally {
    // Not before: an app that leaves the page at that moment would break the request off.
    held.leave('LOGGED_OUT');
    await erased;
  }
}

type Start = {
  start(): Promise<AuthState>;
  /** Why the last attempt failed. */
  failure(): unknown;
  close(): void;
};

/** After these the server may answer: the network is back, the page is looked at, another tab. */
const wakingEvents = ['online', 'focus', 'visibilitychange', 'storage'];

/**
 * Restores a session from before, once. Where the server cannot be asked, it is asked again: after
 * a while that grows, after a waking event, and by each further call.
 */
function createStart(
  held: HeldSession,
  { storage, mayBeSignedIn }: Parts,
  refresh: () => Promise<string | null>,
): Start {
  let starting: Promise<AuthState> | null = null;
  let failure: unknown;
  let isClosed = false;
  const isWaiting = (): boolean => held.state().status === 'unreachable';
  const retry = createRetry(() => isWaiting() && start());
  const wake = (): void => {
    if (isWaiting()) void start();
  };
  const page = typeof window === 'undefined' ? {} : window;
  const listen = (method: 'addEventListener' | 'removeEventListener'): void => {
    // React Native has a window without events.
    for (const event of wakingEvents) (page as Partial<Window>)[method]?.(event, wake);
  };
  listen('addEventListener');

  async function restore(): Promise<AuthState> {
    const signOuts = held.signOuts();
    const hasLeft = (): boolean => held.signOuts() !== signOuts;
    try {
      const known = held.current();
      const stored = known ?? (await storage?.load());
      if (hasLeft()) return held.state();
      const isFresh = stored != null && stored.expiresAt > Date.now();
      if (isFresh && !known) held.adopt(stored);
      // A user who was never signed in here needs no round trip to find that out.
      const mayHaveSession = mayBeSignedIn || held.tabs.mayHaveSession();
      if (!isFresh && (stored || (!storage && mayHaveSession))) await refresh();
      if (held.state().status === 'loading' || isWaiting())
        held.become({ status: 'signed-out', user: null, reason: null });
      retry.stop();
    } catch (error) {
      starting = null;
      failure = error;
      if (!held.current() && !hasLeft()) {
        held.become({ status: 'unreachable', user: null });
        if (!isClosed)
          retry.later(((error instanceof RefreshError && error.outcome.retryAfter) || 0) * 1000);
      }
    }
    return held.state();
  }

  function start(): Promise<AuthState> {
    starting ??= restore();
    return starting;
  }

  return {
    start,
    failure: () => failure,
    close: () => {
      isClosed = true;
      retry.stop();
      listen('removeEventListener');
    },
  };
}
