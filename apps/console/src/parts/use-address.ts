import { useSearchParams } from 'wouter';

type Change = Readonly<Record<string, string | null>>;

/**
 * The query of the address, where a screen keeps its state: reload, back and a copied link then
 * lead to the same. What is empty is left out.
 */
export function useAddress(): [
  URLSearchParams,
  (change: Change, how?: { replace?: boolean }) => void,
] {
  const [query, setQuery] = useSearchParams();
  const change = (next: Change, { replace = false } = {}): void => {
    setQuery(
      (before) => {
        const after = new URLSearchParams(before);
        for (const [name, value] of Object.entries(next)) {
          if (value === null || value === '') after.delete(name);
          else after.set(name, value);
        }
        return after;
      },
      { replace },
    );
  };
  return [query, change];
}
