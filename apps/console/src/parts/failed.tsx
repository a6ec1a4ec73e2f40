import { useEffect } from 'react';
import { failureOf } from '../api/failure.ts';
import { text } from '../text.ts';

/** What could not be read, and a way to try again; it tries by itself once the network is back. */
export function Failed({ error, onRetry }: { error: unknown; onRetry: () => unknown }) {
  const { message } = failureOf(error);
  useEffect(() => {
    const retry = (): unknown => onRetry();
    window.addEventListener('online', retry);
    return () => window.removeEventListener('online', retry);
  }, [onRetry]);
  return (
    <div className="notice bad" role="alert">
      <p>{message}</p>
      <button type="button" onClick={() => onRetry()}>
        {text.tryAgain}
      </button>
    </div>
  );
}
