import { createRetry } from './retry.ts';
import type { StoredSession } from './session.ts';

/**
 * Where a client that gets its refresh token in the body keeps its session: the keychain of a
 * phone, a file. Anyone who can read it can act as the user; in a browser prefer `cookie`.
 */
export type SessionStorage = {
  load(): StoredSession | null | Promise<StoredSession | null>;
  save(session: StoredSession): void | Promise<void>;
  clear(): void | Promise<void>;
};

/** Lost when the page is closed. */
export function memoryStorage(): SessionStorage {
  let kept: StoredSession | null = null;
  return {
    load: () => kept,
    save: (session) => {
      kept = session;
    },
    clear: () => {
      kept = null;
    },
  };
}

/**
 * In localStorage, shared by the tabs of an origin; like `memory` where the browser blocks it.
 * SECURITY: every script of the page, an injected one too, can read the refresh token.
 */
export function localSessions(name: string): SessionStorage {
  const area = usableStorage();
  const key = `${name}-session`;
  if (!area) return memoryStorage();
  return {
    load: () => JSON.parse(area.getItem(key) ?? 'null'),
    save: (session) => area.setItem(key, JSON.stringify(session)),
    clear: () => area.removeItem(key),
  };
}

/** Null where there is none, or the browser blocks it: reading the property alone may throw. */
export function usableStorage(): Storage | null {
  try {
    return window.localStorage ?? null;
  } catch {
    return null;
  }
}

export type SteadyStorage = {
  load(): Promise<StoredSession | null>;
  save(session: StoredSession): Promise<void>;
  clear(): Promise<void>;
  /** Stops trying. */
  close(): void;
};

/**
 * A storage whose writes never reject: what it refuses is held, read in its place, and written
 * again and again. A refused write must cost no session, nor bring one back that has ended.
 */
export function steadyStorage(storage: SessionStorage): SteadyStorage {
  /** What is not written yet: the newest only. */
  let pending: { readonly session: StoredSession | null } | null = null;
  let last: Promise<void> = Promise.resolve();
  const retry = createRetry(() => load().catch(() => {}));

  function write(session: StoredSession | null): Promise<void> {
    pending = { session };
    return flush();
  }

  /** One write at a time, so that an older one never comes last. */
  function flush(): Promise<void> {
    last = last.then(async () => {
      const next = pending;
      if (!next) return;
      try {
        await (next.session ? storage.save(next.session) : storage.clear());
        if (pending === next) pending = null;
        retry.stop();
      } catch {
        retry.later();
      }
    });
    return last;
  }

  const read = async (): Promise<StoredSession | null> => storage.load();

  async function load(): Promise<StoredSession | null> {
    if (!pending) return read();
    const { session } = pending;
    const stored = session && (await read().catch(() => null));
    // Another client that shares the storage has written a newer one meanwhile.
    if (session && stored && stored.expiresAt > session.expiresAt) {
      pending = null;
      return stored;
    }
    await flush();
    return session;
  }

  return { load, save: write, clear: () => write(null), close: retry.stop };
}
