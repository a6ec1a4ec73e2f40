import { type AuthState, type HeldSession, holdSession } from './held-session.ts';
import type { AuthTokens, User } from './operations.ts';
import { createRefresh } from './refresh-session.ts';
import type { Session } from './session.ts';
import type { SessionStorage } from './storage.ts';
import type { Post } from './transport.ts';

export type KeptSession = {
  state(): AuthState;
  subscribe(listener: (state: AuthState) => void): () => void;
  start(): Promise<AuthState>;
  current(): Session | null;
  getAccessToken(): Promise<string | null>;
  renew(refused: string | null, reason: string): Promise<string | null>;
  /** Begins or continues the session with the tokens that the server has issued. */
  take(tokens: AuthTokens): Promise<void>;
  /** Stores the changed user; ignored unless it is the one who is signed in. */
  update(user: User): Promise<void>;
  /**
   * Ends the session here and in the other tabs; before that runs `farewell` with the tokens that
   * name it, in one tab at a time.
   */
  end(
    farewell?: (token: string | null, refreshToken: string | null) => Promise<void>,
  ): Promise<void>;
  close(): void;
};

type Parts = {
  readonly post: Post;
  /** Null: the refresh token is in the cookie. */
  readonly storage: SessionStorage | null;
  /** Null: no other tab has this session. */
  readonly tabsName: string | null;
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
export function keepSession({ post, storage, tabsName }: Parts): KeptSession {
  const held = holdSession(storage, tabsName);
  const refresh = createRefresh({ held, post, storage });
  const start = createStart(held, storage, refresh);

  return {
    state: held.state,
    subscribe: held.subscribe,
    start,
    current: held.current,
    getAccessToken: async () => {
      await start();
      const session = held.current();
      if (!session) return null;
      const now = Date.now();
      if (now >= session.expiresAt) return refresh();
      // The token is still valid: the request does not wait, and a failure is left to the next one.
      if (now >= session.refreshAt) refresh().catch(() => {});
      return session.accessToken;
    },
    renew: async (refused, reason) => {
      await start();
      const session = held.current();
      if (!session || session.accessToken !== refused) return session?.accessToken ?? null;
      // Another server refuses a new token. It would refuse the next one too, and refreshing each
      // time would be a loop.
      if (reason === 'UNKNOWN' && Date.now() - held.adoptedAt() < youth) return null;
      return refresh();
    },
    take: held.take,
    update: held.update,
    end: async (farewell) => {
      await start();
      await held.tabs.alone(async () => {
        try {
          const stored = await storage?.load();
          await farewell?.(held.current()?.accessToken ?? null, stored?.refreshToken ?? null);
        } finally {
          await held.forget('LOGGED_OUT');
          held.tabs.tell({ kind: 'signed-out', reason: 'ELSEWHERE' });
        }
      });
    },
    close: held.tabs.close,
  };
}

/** A function that restores a session from before, once; after a failure it may be called again. */
function createStart(
  held: HeldSession,
  storage: SessionStorage | null,
  refresh: () => Promise<string | null>,
): () => Promise<AuthState> {
  let starting: Promise<AuthState> | null = null;

  async function restore(): Promise<AuthState> {
    try {
      const stored = await storage?.load();
      if (stored && stored.expiresAt > Date.now()) held.adopt(stored);
      // A user who was never signed in here needs no round trip to find that out.
      else if (stored || (!storage && held.tabs.mayHaveSession())) await refresh();
      if (held.state().status === 'loading')
        held.become({ status: 'signed-out', user: null, reason: null });
    } catch {
      starting = null;
      if (!held.current()) held.become({ status: 'signed-out', user: null, reason: 'UNREACHABLE' });
    }
    return held.state();
  }

  return () => {
    starting ??= restore();
    return starting;
  };
}
