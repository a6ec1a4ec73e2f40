import { useSyncExternalStore } from 'react';
import type { Ids } from './read-answer.ts';

/** What the page keeps of the answers, until its tab is closed. */
export type Memory = Ids & {
  readonly accessToken: string | null;
  /** Why the last token is no longer kept. */
  readonly refusal: string | null;
  /** Whether the reader has signed out here: the browser's sign-in is then not taken over. */
  readonly signedOut: boolean;
};

const key = 'latchkey';
const empty: Memory = {
  accessToken: null,
  challengeId: null,
  enrollmentId: null,
  refusal: null,
  signedOut: false,
};
const listeners = new Set<() => void>();
let memory: Memory = { ...empty, ...stored() };

export function recall(): Memory {
  return memory;
}

export function remember(change: Partial<Memory>): void {
  memory = { ...memory, ...change };
  sessionStorage.setItem(key, JSON.stringify(memory));
  for (const listener of listeners) listener();
}

/** The memory, in a component that is drawn again when it changes. */
export function useMemory(): Memory {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, recall);
}

/** Written by this page alone; whatever else stands there counts as nothing. */
function stored(): Partial<Memory> {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? '{}');
  } catch {
    return {};
  }
}
