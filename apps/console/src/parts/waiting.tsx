import { type ReactNode, useEffect, useState } from 'react';

/** Milliseconds before words come: what takes less is not worth reading. */
const patience = 200;

/** Says what is waited for, once it takes long enough to be noticed. */
export function Waiting({ children }: { children: ReactNode }) {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), patience);
    return () => clearTimeout(timer);
  }, []);
  return (
    <p className="waiting" role="status">
      {isLate && children}
    </p>
  );
}
