import type { App } from '../../app.ts';
import { listSigningKeys, listStandbyKeys } from '../../db/queries/signing-keys.ts';
import { signingAt } from './rules.ts';
import { openSigningKey } from './signing-key.ts';

export type KeyCheck = {
  /** The number of keys that sign, will sign or still verify. */
  readonly inUse: number;
  /** Those that cannot be opened or are too weak: no server starts with them (JW-9). */
  readonly unusable: readonly string[];
  /** The algorithm of the key that signs now; null where none does. */
  readonly signingWith: string | null;
};

/** Opens every key as a starting server would, and changes nothing. */
export async function checkSigningKeys(app: Pick<App, 'db' | 'clock' | 'keys'>): Promise<KeyCheck> {
  const now = app.clock.now();
  const rows = await listSigningKeys(app.db, { now });
  const all = [...rows, ...(await listStandbyKeys(app.db))];
  const unusable = all.filter((row) => !opens(app, row)).map(({ kid }) => kid);
  return { inUse: rows.length, unusable, signingWith: signingAt(rows, now)?.algorithm ?? null };
}

function opens(app: Pick<App, 'keys'>, row: Parameters<typeof openSigningKey>[1]): boolean {
  try {
    openSigningKey(app.keys, row);
    return true;
  } catch {
    return false; // The error message is for a server log; here the kid identifies the key.
  }
}
