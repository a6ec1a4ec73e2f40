import type { App } from '../../app.ts';
import { farFuture } from '../../clock.ts';
import { listStandbyKeys, lockSigningKeys } from '../../db/queries/signing-keys.ts';
import { standbyOf } from './remove-signing-key.ts';
import { addKey, makeKey } from './rotate-signing-key.ts';

/**
 * Makes the standby key where there is none: published from now on, so that verifiers know it long
 * before an emergency removal has it sign. Every starting server does it, one makes the key.
 */
export async function ensureStandbyKey(app: App): Promise<void> {
  if (standbyOf(app, await listStandbyKeys(app.db))) return;
  const made = await makeKey(app);
  await app.db.transaction(async (tx) => {
    await lockSigningKeys(tx);
    if (standbyOf(app, await listStandbyKeys(tx))) return;
    await addKey(app, { db: tx, made, now: app.clock.now(), activeFrom: farFuture });
  });
  await app.keyRing.load();
}
