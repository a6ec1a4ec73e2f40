import type { App } from '../../app.ts';
import { listSigningKeys, listStandbyKeys } from '../../db/queries/signing-keys.ts';
import { signingAt } from './rules.ts';
import { canOpen } from './signing-key.ts';
import { usableStandby } from './usable-standby.ts';

export type KeyCheck = {
  /** The number of keys that sign, will sign or still verify. */
  readonly inUse: number;
  /** Those that cannot be opened or are too weak: no server starts with them (JW-9). */
  readonly unusable: readonly string[];
  /** The standby keys that the next start replaces. */
  readonly staleStandbys: readonly string[];
  /** The algorithm of the key that signs now; null where none does. */
  readonly signingWith: string | null;
};

/** Opens every key as a starting server would, and changes nothing. */
export async function checkSigningKeys(
  app: Pick<App, 'db' | 'clock' | 'keys' | 'config'>,
): Promise<KeyCheck> {
  const now = app.clock.now();
  const rows = await listSigningKeys(app.db, { now });
  const standbys = await listStandbyKeys(app.db);
  const usable = usableStandby(app, standbys);
  const kidOf = ({ kid }: { kid: string }): string => kid;
  return {
    inUse: rows.length,
    unusable: rows.filter((row) => !canOpen(app.keys, row)).map(kidOf),
    staleStandbys: standbys.filter((row) => row !== usable).map(kidOf),
    signingWith: signingAt(rows, now)?.algorithm ?? null,
  };
}
