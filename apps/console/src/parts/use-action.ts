import { useAddress } from './use-address.ts';

export type Action = {
  /** Which dialog is open; null: none. */
  readonly name: string | null;
  /** What it is about, where the screen does not say it. */
  readonly of: string | null;
  open(name: string, of?: string): void;
  close(): void;
};

/**
 * The dialog that is open stands in the address: going back closes it, and a reload opens it again,
 * with what was typed (use-draft.ts).
 */
export function useAction(): Action {
  const [address, change] = useAddress();
  return {
    name: address.get('do'),
    of: address.get('of'),
    open: (name, of) => change({ do: name, of: of ?? null }, { state: { wasOpened: true } }),
    close: () => {
      // Opened by a press: the entry before is the screen without it.
      if (history.state?.wasOpened) history.back();
      else change({ do: null, of: null }, { replace: true });
    },
  };
}
