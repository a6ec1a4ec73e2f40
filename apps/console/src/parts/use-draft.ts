import { useCallback, useEffect, useState } from 'react';
import { auth } from '../api/clients.ts';

type Kept = { readonly by: string; readonly draft: object };

/**
 * What was typed into a dialog, kept with this entry of the browser's history: a reload or a
 * sign-in in the middle loses nothing, and nothing is stored. Another administrator does not find
 * it. SECURITY: never a password or a code.
 */
export function useDraft<Draft extends object>(
  initial: Draft,
): [draft: Draft, change: (part: Partial<Draft>) => void] {
  const [draft, setDraft] = useState<Draft>(() => ({ ...initial, ...keptDraft() }));
  const change = useCallback(
    (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part })),
    [],
  );
  useEffect(() => keep(draft), [draft]);
  return [draft, change];
}

function keptDraft(): object {
  const kept: Kept | undefined = history.state?.kept;
  return kept !== undefined && kept.by === auth.getState().user?.id ? kept.draft : {};
}

/** Once a dialog is closed, nothing of it is left in the browser. */
export function forgetDraft(): void {
  const { kept: _, ...rest } = history.state ?? {};
  history.replaceState(rest, '');
}

function keep(draft: object): void {
  const by = auth.getState().user?.id;
  const kept: Kept | undefined = by === undefined ? undefined : { by, draft };
  history.replaceState({ ...history.state, kept }, '');
}
