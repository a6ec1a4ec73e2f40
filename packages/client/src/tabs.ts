import type { Session } from './session.ts';
import { usableStorage } from './storage.ts';

/** What tabs of one browser tell each other. */
export type Message =
  | { readonly kind: 'session'; readonly session: Session }
  | { readonly kind: 'signed-out'; readonly reason: 'ELSEWHERE' | 'ENDED' }
  /** Asks any tab that has a session whose token expires later than this. */
  | { readonly kind: 'wanted'; readonly laterThan: number };

/** The other tabs of the same app. */
export type Tabs = {
  tell(message: Message): void;
  /**
   * Runs one piece of work at a time in this client, and among all tabs where there are locks;
   * `waited` says that another tab held the lock first.
   */
  alone<T>(work: (waited: boolean) => Promise<T>): Promise<T>;
  /** When the newest token of any tab expires; 0 where none is known. */
  latest(): number;
  /**
   * Stores that time in localStorage, which holds no secret; 0 when the session has ended. Where it
   * takes nothing, a cookie of this page says that there is a session.
   */
  remember(expiresAt: number): void;
  /** False only if no user can be signed in. */
  mayHaveSession(): boolean;
  close(): void;
};

/**
 * The tabs that share an origin and a name; none where the name is null. Works without locks,
 * channels or storage where the runtime lacks them.
 */
export function openTabs(name: string | null, hear: (message: Message) => void): Tabs {
  const channel =
    name === null || typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(name);
  if (channel) channel.onmessage = (event: MessageEvent<Message>) => hear(event.data);
  const locks = name === null || typeof navigator === 'undefined' ? undefined : navigator.locks;
  const area = name === null ? null : usableStorage();
  let last: Promise<unknown> = Promise.resolve();

  return {
    tell: (message) => channel?.postMessage(message),
    alone: async (work) => {
      if (!locks || name === null) {
        const turn = last.then(() => work(false));
        last = turn.catch(() => {});
        return turn;
      }
      const atOnce = await locks.request(
        name,
        { ifAvailable: true },
        async (lock) => lock && { value: await work(false) },
      );
      return atOnce ? atOnce.value : locks.request(name, () => work(true));
    },
    latest: () => Number(area?.getItem(name ?? '') ?? 0),
    remember: (expiresAt) => {
      let isRefused = false;
      try {
        if (expiresAt === 0) area?.removeItem(name ?? '');
        else area?.setItem(name ?? '', String(expiresAt));
      } catch {
        isRefused = expiresAt !== 0;
      }
      // Full: without the cookie the next page would not ask for a session that goes on.
      if (area && (isRefused || hasFlag(name))) setFlag(name, isRefused);
    },
    mayHaveSession: () => area === null || area.getItem(name ?? '') !== null || hasFlag(name),
    close: () => channel?.close(),
  };
}

const flagOf = (name: string | null): string => `${encodeURIComponent(name ?? '')}-session=1`;

function hasFlag(name: string | null): boolean {
  return typeof document !== 'undefined' && `; ${document.cookie};`.includes(`; ${flagOf(name)};`);
}

/** For as long as browsers keep a cookie at most, or gone. */
function setFlag(name: string | null, isSet: boolean): void {
  if (typeof document === 'undefined') return;
  // biome-ignore lint/suspicious/noDocumentCookie: not every browser has the Cookie Store API.
  document.cookie = `${flagOf(name)};path=/;samesite=strict;max-age=${isSet ? 34_560_000 : 0}`;
}
