import { RefreshError } from './errors.ts';
import { mutationOf } from './mutation-of.ts';
import type { AuthError, AuthTokens, User } from './operations.ts';
import { lifetimeOf, type Session } from './session.ts';
import type { SessionStorage } from './storage.ts';
import { type Message, openTabs, type Tabs } from './tabs.ts';
import { dataOf, type Post } from './transport.ts';

/**
 * LOGGED_OUT here, ELSEWHERE in another tab, ENDED by the server; UNREACHABLE: nobody could be
 * asked whether the session still lives.
 */
export type SignedOutReason = 'LOGGED_OUT' | 'ELSEWHERE' | 'ENDED' | 'UNREACHABLE';

export type AuthState =
  | { readonly status: 'loading'; readonly user: null }
  | { readonly status: 'signed-in'; readonly user: User }
  | { readonly status: 'signed-out'; readonly user: null; readonly reason: SignedOutReason | null };

export type KeptSession = {
  state(): AuthState;
  subscribe(listener: (state: AuthState) => void): () => void;
  start(): Promise<AuthState>;
  current(): Session | null;
  getAccessToken(): Promise<string | null>;
  renew(refused: string | null, reason: string): Promise<string | null>;
  /** Begins, or goes on, with what the server has handed over. */
  take(tokens: AuthTokens): Promise<void>;
  /** The user has changed; another than the signed-in one is not looked at. */
  update(user: User): Promise<void>;
  /**
   * Ends it here and in the other tabs; before that, runs `farewell` with what names it, alone
   * among all tabs.
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
  /** Null: nobody else has this session. */
  readonly tabsName: string | null;
};

/** Milliseconds after which a refresh has failed; other tabs wait for it. */
const refreshTimeout = 15_000;
/** Milliseconds that another tab has to hand over its session. */
const tabAnswerTime = 250;
/**
 * Milliseconds in which a new token is not exchanged again because a server that is not ours
 * refuses it.
 */
const youth = 30_000;

/**
 * The one session of a client: kept fresh by one refresh at a time, in this process and among the
 * tabs of a browser.
 */
export function keepSession({ post, storage, tabsName }: Parts): KeptSession {
  const tabs: Tabs = openTabs(tabsName, hear);
  const listeners = new Set<(state: AuthState) => void>();
  let state: AuthState = { status: 'loading', user: null };
  let session: Session | null = null;
  let adoptedAt = 0;
  let starting: Promise<AuthState> | null = null;
  let refreshing: Promise<string | null> | null = null;
  let onAdopted: (() => void) | null = null;

  function become(next: AuthState): void {
    if (JSON.stringify(next) === JSON.stringify(state)) return;
    state = next;
    for (const listener of [...listeners]) listener(next);
  }

  function adopt(next: Session): void {
    session = next;
    adoptedAt = Date.now();
    become({ status: 'signed-in', user: next.user });
    onAdopted?.();
  }

  async function forget(reason: SignedOutReason): Promise<void> {
    session = null;
    tabs.remember(0);
    await storage?.clear();
    become({ status: 'signed-out', user: null, reason });
  }

  function hear(message: Message): void {
    if (message.kind === 'session') adopt(message.session);
    else if (message.kind === 'signed-out') {
      session = null;
      become({ status: 'signed-out', user: null, reason: message.reason });
    } else if (session && session.expiresAt > message.laterThan)
      tabs.tell({ kind: 'session', session });
  }

  async function take({ accessToken, refreshToken, user }: AuthTokens): Promise<void> {
    const next: Session = { accessToken, ...lifetimeOf(accessToken, Date.now()), user };
    if (storage && refreshToken !== null) await storage.save({ ...next, refreshToken });
    tabs.remember(next.expiresAt);
    adopt(next);
    tabs.tell({ kind: 'session', session: next });
  }

  async function update(user: User): Promise<void> {
    if (session?.user.id !== user.id) return;
    const stored = await storage?.load();
    if (stored) await storage?.save({ ...stored, user });
    adopt({ ...session, user });
    tabs.tell({ kind: 'session', session });
  }

  /** What another tab got while this one held `known`. */
  async function fromOtherTab(known: Session | null, waited: boolean): Promise<Session | null> {
    if (session !== known) return session;
    const laterThan = Math.max(known?.expiresAt ?? 0, Date.now());
    if (storage) {
      const stored = await storage.load();
      return stored && stored.expiresAt > laterThan ? stored : null;
    }
    // A page that has just been loaded asks the server at once, unless another tab was at it.
    if (tabs.latest() <= laterThan || !(known || waited)) return null;
    await new Promise<void>((resolve) => {
      onAdopted = resolve;
      setTimeout(resolve, tabAnswerTime);
      tabs.tell({ kind: 'wanted', laterThan });
    });
    onAdopted = null;
    return session === known ? null : session;
  }

  async function refreshAlone(known: Session | null, waited: boolean): Promise<string | null> {
    // Signed out, here or in another tab, while this waited.
    if (known && !session) return null;
    const other = await fromOtherTab(known, waited);
    if (other) {
      if (other !== session) adopt(other);
      return other.accessToken;
    }
    const refreshToken = storage ? (await storage.load())?.refreshToken : undefined;
    const { query, variables } = mutationOf(
      'refreshSession',
      { refreshToken },
      storage ? 'BODY' : 'COOKIE',
    );
    const answer = await post({ query, variables }, null, AbortSignal.timeout(refreshTimeout));
    // Whoever has signed in meanwhile is neither signed out nor replaced by what was before.
    if (session && session.accessToken !== known?.accessToken) return session.accessToken;
    const result = dataOf(answer)['refreshSession'] as RefreshResult;
    if (result.__typename === 'AuthTokens') {
      await take(result);
      return result.accessToken;
    }
    if (result.code !== 'INVALID_OR_EXPIRED_TOKEN') throw new RefreshError(result);
    await forget('ENDED');
    tabs.tell({ kind: 'signed-out', reason: 'ENDED' });
    return null;
  }

  function refresh(): Promise<string | null> {
    const known = session;
    refreshing ??= tabs
      .alone((waited) => refreshAlone(known, waited))
      .finally(() => {
        refreshing = null;
      });
    return refreshing;
  }

  async function restore(): Promise<AuthState> {
    try {
      const stored = await storage?.load();
      if (stored && stored.expiresAt > Date.now()) adopt(stored);
      // Whoever was never signed in here needs no round trip to learn that.
      else if (stored || (!storage && tabs.mayHaveSession())) await refresh();
      if (state.status === 'loading') become({ status: 'signed-out', user: null, reason: null });
    } catch {
      starting = null;
      if (!session) become({ status: 'signed-out', user: null, reason: 'UNREACHABLE' });
    }
    return state;
  }

  function start(): Promise<AuthState> {
    starting ??= restore();
    return starting;
  }

  return {
    state: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start,
    current: () => session,
    getAccessToken: async () => {
      await start();
      if (!session) return null;
      const now = Date.now();
      if (now >= session.expiresAt) return refresh();
      // There is time left: the request does not wait, and a failure is the next one's to meet.
      if (now >= session.refreshAt) refresh().catch(() => {});
      return session.accessToken;
    },
    renew: async (refused, reason) => {
      await start();
      if (!session || session.accessToken !== refused) return session?.accessToken ?? null;
      // Some other server refuses a token that is new. Another would not help, and getting one each
      // time would be a loop.
      if (reason === 'UNKNOWN' && Date.now() - adoptedAt < youth) return null;
      return refresh();
    },
    take,
    update,
    end: async (farewell) => {
      await start();
      await tabs.alone(async () => {
        try {
          const stored = await storage?.load();
          await farewell?.(session?.accessToken ?? null, stored?.refreshToken ?? null);
        } finally {
          await forget('LOGGED_OUT');
          tabs.tell({ kind: 'signed-out', reason: 'ELSEWHERE' });
        }
      });
    },
    close: tabs.close,
  };
}

type RefreshResult =
  | ({ readonly __typename: 'AuthTokens' } & AuthTokens)
  | ({ readonly __typename: 'AuthError' } & AuthError);
