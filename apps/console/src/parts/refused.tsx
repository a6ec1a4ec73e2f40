import { useEffect, useRef } from 'react';
import type { Refusal } from './use-attempt.ts';

/** What was refused, where no field of the form says it: it gets the focus. */
export function Refused({ refusal }: { refusal: Refusal | null }) {
  const notice = useRef<HTMLDivElement>(null);
  const isShown = refusal !== null && Object.keys(refusal.fields).length === 0;
  useEffect(() => {
    if (isShown && refusal) notice.current?.focus();
  }, [isShown, refusal]);
  if (!isShown) return null;
  return (
    <div className="notice bad" role="alert" tabIndex={-1} ref={notice}>
      <p>{refusal.message}</p>
    </div>
  );
}
