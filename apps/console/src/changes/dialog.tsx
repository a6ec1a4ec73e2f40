import { type ReactNode, useEffect, useId, useRef } from 'react';

type Props = {
  readonly title: string;
  /** Called once it is closed, by whatever way. */
  readonly onClosed: () => void;
  /** Whether it stays open for now. */
  readonly isBusy?: boolean;
  readonly children: (close: () => void) => ReactNode;
};

/** The browser's own modal dialog: it holds the focus, and gives it back. */
export function Dialog({ title, onClosed, isBusy = false, children }: Props) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => {
      // By way of the address: the browser has gone back.
      shown?.close();
      requestAnimationFrame(keepFocus);
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        if (isBusy) event.preventDefault();
      }}
      onClose={onClosed}
    >
      <h2 id={id}>{title}</h2>
      {children(() => dialog.current?.close())}
    </dialog>
  );
}

/** The browser gives the focus back to what was pressed, unless that has gone meanwhile. */
function keepFocus(): void {
  if (document.activeElement === document.body) document.querySelector<HTMLElement>('h1')?.focus();
}
