import { type ComponentProps, useEffect, useState } from 'react';

type Props = ComponentProps<'button'> & {
  readonly isBusy: boolean;
  /** What it says while it is at work. */
  readonly busyLabel: string;
};

/** Milliseconds before the label changes: a quick answer leaves it as it is. */
const patience = 200;

/** A button that says when it is at work; it keeps the focus, and takes no second press. */
export function Submit({ isBusy, busyLabel, children, onClick, ...button }: Props) {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    if (!isBusy) return setLate(false);
    const timer = setTimeout(() => setLate(true), patience);
    return () => clearTimeout(timer);
  }, [isBusy]);
  return (
    <button
      {...button}
      aria-disabled={isBusy || undefined}
      onClick={(event) => {
        if (isBusy) event.preventDefault();
        else onClick?.(event);
      }}
    >
      <span aria-live="polite">{isLate ? busyLabel : children}</span>
    </button>
  );
}
