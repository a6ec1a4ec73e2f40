import type { AuthTokens, User } from './operations.ts';
import { lifetimeOf, type Session } from './session.ts';
import type { SteadyStorage } from './storage.ts';
import { type Message, openTabs, type Tabs } from './tabs.ts';

/** LOGGED_OUT here, ELSEWHERE in another tab, ENDED by the server. */
export type SignedOutReason = 'LOGGED_OUT' | 'ELSEWHERE' | 'ENDED';

/**
 * `unreachable`: the server could not be asked whether a user is signed in, and is asked again
 * until it answers.
 */
export type AuthState =
  | { readonly status: 'loading'; readonly user: null }
  | { readonly status: 'unreachable'; readonly user: null }
  | { readonly status: 'signed-in'; readonly user: User }
  | { readonly status: 'signed-out'; readonly user: null; readonly reason: SignedOutReason | null };

/** The session as this tab knows it, and the state that the app sees. */
export type HeldSession = ObservableState & {
  readonly tabs: Tabs;
  current(): Session | null;
  /** When `current` was adopted, in milliseconds. */
  adoptedAt(): number;
  adopt(session: Session): void;
  /** Calls back when a session is adopted; null removes the callback. */
  setOnAdopted(callback: (() => void) | null): void;
  /** Ends the session in the other tabs and in what outlives the page; `reason` is theirs. */
  erase(reason: 'ELSEWHERE' | 'ENDED'): Promise<void>;
  /** Ends the session in this tab, and tells the app. */
  leave(reason: SignedOutReason): void;
  /** Changes whenever the session ends, here or in another tab. */
  signOuts(): number;
  take(tokens: AuthTokens): Promise<void>;
  update(user: User): Promise<void>;
};

type ObservableState = {
  state(): AuthState;
  subscribe(listener: (state: AuthState) => void): () => void;
  become(next: AuthState): void;
};

export function holdSession(storage: SteadyStorage | null, tabsName: string | null): HeldSession {
  const tabs: Tabs = openTabs(tabsName, hear);
  const shown = observeState();
  let session: Session | null = null;
  let adoptedAt = 0;
  let signOuts = 0;
  let onAdopted: (() => void) | null = null;

  function adopt(next: Session): void {
    session = next;
    adoptedAt = Date.now();
    shown.become({ status: 'signed-in', user: next.user });
    onAdopted?.();
  }

  function leave(reason: SignedOutReason): void {
    session = null;
    signOuts += 1;
    shown.become({ status: 'signed-out', user: null, reason });
  }

  async function erase(reason: 'ELSEWHERE' | 'ENDED'): Promise<void> {
    signOuts += 1;
    tabs.remember(0);
    tabs.tell({ kind: 'signed-out', reason });
    await storage?.clear();
  }

  function hear(message: Message): void {
    if (message.kind === 'session') adopt(message.session);
    else if (message.kind === 'signed-out') leave(message.reason);
    else if (session && session.expiresAt > message.laterThan)
      tabs.tell({ kind: 'session', session });
  }

  async function take({ accessToken, refreshToken, user }: AuthTokens): Promise<void> {
    const next: Session = { accessToken, ...lifetimeOf(accessToken, Date.now()), user };
    // The server has moved on to these tokens, whatever becomes of their storage.
    adopt(next);
    tabs.remember(next.expiresAt);
    tabs.tell({ kind: 'session', session: next });
    if (storage && refreshToken !== null) await storage.save({ ...next, refreshToken });
  }

  async function update(user: User): Promise<void> {
    if (session?.user.id !== user.id) return;
    adopt({ ...session, user });
    tabs.tell({ kind: 'session', session });
    // Where it cannot be read, the next refresh stores the user.
    const stored = await storage?.load().catch(() => null);
    if (stored && session) await storage?.save({ ...stored, user });
  }

  return {
    ...shown,
    tabs,
    current: () => session,
    adoptedAt: () => adoptedAt,
    setOnAdopted: (callback) => {
      onAdopted = callback;
    },
    adopt,
    erase,
    leave,
    signOuts: () => signOuts,
    take,
    update,
  };
}

function observeState(): ObservableState {
  const listeners = new Set<(state: AuthState) => void>();
  let state: AuthState = { status: 'loading', user: null };
  return {
    state: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    become: (next) => {
      if (JSON.stringify(next) === JSON.stringify(state)) return;
      state = next;
      for (const listener of [...listeners]) listener(next);
    },
  };
}
