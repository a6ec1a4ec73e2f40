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
