import { useSearchParams } from 'wouter';

type Change = Readonly<Record<string, string | null>>;
type How = { readonly replace?: boolean; readonly state?: object };

/**
 * The query of the address, where a screen keeps its state: reload, back and a copied link then
 * lead to the same. What is empty is left out.
 */
export function useAddress(): [URLSearchParams, (change: Change, how?: How) => void] {
  const [query, setQuery] = useSearchParams();
  const change = (next: Change, how: How = {}): void => {
    setQuery((before) => {
      const after = new URLSearchParams(before);
      for (const [name, value] of Object.entries(next)) {
        if (value === null || value === '') after.delete(name);
        else after.set(name, value);
      }
      return after;
    }, how);
  };
  return [query, change];
}
