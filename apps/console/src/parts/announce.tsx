import { useSyncExternalStore } from 'react';

let announced = '';
const listeners = new Set<() => void>();

/** Tells a screen reader of what changed away from the focus, such as the rows that were found. */
export function announce(message: string): void {
  announced = message;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** It is there before anything is said, as readers need it. */
export function Announcements() {
  const message = useSyncExternalStore(subscribe, () => announced);
  return (
    <p role="status" className="unseen">
      {message}
    </p>
  );
}
