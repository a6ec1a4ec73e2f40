import { farFuture } from '../../clock.ts';
import { listStandbyKeys, lockSigningKeys } from '../../db/queries/signing-keys.ts';
import { dropKey } from './remove-signing-key.ts';
import { addKey, type KeyApp, makeKey } from './rotate-signing-key.ts';
import { usableStandby } from './usable-standby.ts';

/**
 * Makes the standby key where there is none that may take over, and removes every other: published
 * from now on, so that verifiers know it long before an emergency removal has it sign. Every
 * starting server does it, one makes the key. Whether anything has changed.
 */
export async function ensureStandbyKey(app: KeyApp): Promise<boolean> {
  const rows = await listStandbyKeys(app.db);
  if (rows.length === 1 && usableStandby(app, rows)) return false;
  const made = await makeKey(app);
  return app.db.transaction(async (tx) => {
    await lockSigningKeys(tx);
    const now = app.clock.now();
    const standbys = await listStandbyKeys(tx);
    const usable = usableStandby(app, standbys);
    for (const { kid } of standbys) {
      if (kid !== usable?.kid) await dropKey(app, { db: tx, kid, now });
    }
    if (!usable) await addKey(app, { db: tx, made, now, activeFrom: farFuture });
    return true;
  });
}
