import { useSyncExternalStore } from 'react';

let said = '';
const listeners = new Set<() => void>();

/** Says what was done, on the screen that shows it. */
export function say(message: string): void {
  said = message;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The last thing that was done; the screen stays, and so does the sentence. */
export function Moment() {
  const message = useSyncExternalStore(subscribe, () => said);
  return (
    <div role="status" className={message === '' ? undefined : 'notice good'}>
      {message !== '' && <p>{message}</p>}
    </div>
  );
}
