import { useEffect, useSyncExternalStore } from 'react';
import { useLocation } from 'wouter';

type Said = { readonly message: string; readonly path: string };

const nothing: Said = { message: '', path: '' };
let said = nothing;
const listeners = new Set<() => void>();

/** Says what was done, on the screen of this path and on no other. */
export function say(message: string, path: string): void {
  said = { message, path };
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The last thing that was done here; it is gone once another screen was shown. */
export function Moment() {
  const { message, path } = useSyncExternalStore(subscribe, () => said);
  const [here] = useLocation();
  useEffect(() => {
    if (said.path !== here) said = nothing;
  }, [here]);
  const isShown = message !== '' && path === here;
  return (
    <div role="status" className={isShown ? 'notice good' : undefined}>
      {isShown && <p>{message}</p>}
    </div>
  );
}
