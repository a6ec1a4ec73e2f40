import { farFuture, secondsAfter } from '../../clock.ts';
import type { Db } from '../../db/driver/client.ts';
import {
  activateSigningKey,
  endSigningKey,
  listSigningKeys,
  listStandbyKeys,
  lockSigningKeys,
  removeSigningKey as markRemoved,
} from '../../db/queries/signing-keys.ts';
import type { SigningKeyRow } from '../../db/tables/signing-keys.ts';
import { recordAudit } from '../audit/record.ts';
import { addKey, type KeyApp, type MadeKey, makeKey } from './rotate-signing-key.ts';
import {
  earliestPending,
  endsTooEarly,
  newestOf,
  overlap,
  publishAhead,
  signingAt,
} from './rules.ts';
import { usableStandby } from './usable-standby.ts';

export type RemovedKey = {
  readonly kid: string;
  readonly successor: { readonly kid: string; readonly activeFrom: Date } | null;
};

/**
 * Removes a key in an emergency: every instance refuses its tokens within `reloadEvery` seconds
 * (JW-10). If it was the signing key, the standby key signs at once, which has been published all
 * along; without a usable one the next key or a new one does. `successor` is the key created to
 * replace it. Null for a kid that is not in use.
 */
export async function removeSigningKey(
  app: KeyApp,
  { kid }: { kid: string },
): Promise<RemovedKey | null> {
  // Made before the lock is taken, even if it may not be needed: an RSA key may take a second.
  const made = await makeKey(app);
  return app.db.transaction(async (tx) => {
    await lockSigningKeys(tx);
    const now = app.clock.now();
    const standbys = await listStandbyKeys(tx);
    const before = [...(await listSigningKeys(tx, { now })), ...standbys];
    if (!before.some((row) => row.kid === kid) || !(await dropKey(app, { db: tx, kid, now })))
      return null;

    const others = standbys.filter((row) => row.kid !== kid);
    const standby = usableStandby(app, others);
    if (others.length < standbys.length) {
      if (!standby) await addKey(app, { db: tx, made, now, activeFrom: farFuture });
      return { kid, successor: null };
    }
    const wasSigning = (signingAt(before, now)?.kid ?? kid) === kid;
    if (wasSigning && standby) {
      // The one that takes over is known to every verifier; the next standby is published now.
      await addKey(app, { db: tx, made, now, activeFrom: farFuture });
      await activateSigningKey(tx, { kid: standby.kid, now });
      const next = earliestPending(await listSigningKeys(tx, { now }), now);
      const expiresAt = next && secondsAfter(next.activeFrom, overlap);
      if (expiresAt) await endSigningKey(tx, { kid: standby.kid, expiresAt });
      return { kid, successor: { kid: standby.kid, activeFrom: now } };
    }
    const left = before.filter((row) => row.kid !== kid && row.activeFrom < farFuture);
    const successor = await replaceKey(app, {
      db: tx,
      made,
      now,
      left,
      wasSigning,
    });
    for (const { kid: tooEarly, expiresAt } of endsTooEarly(
      await listSigningKeys(tx, { now }),
      now,
    )) {
      await endSigningKey(tx, { kid: tooEarly, expiresAt });
    }
    return { kid, successor };
  });
}

/**
 * Marks a key as removed, in a transaction that holds the lock; false where it was removed before.
 */
export async function dropKey(
  app: KeyApp,
  { db, kid, now }: { db: Db; kid: string; now: Date },
): Promise<boolean> {
  if (!(await markRemoved(db, { kid, now }))) return false;
  await recordAudit(
    { ...app, request: null, viewer: null },
    { db, type: 'signing_key.removed', outcome: 'SUCCESS', subjectId: null, detail: { kid } },
  );
  return true;
}

type Replacement = {
  /** The transaction that holds the lock. */
  readonly db: Db;
  readonly made: MadeKey;
  readonly now: Date;
  readonly left: readonly SigningKeyRow[];
  readonly wasSigning: boolean;
};

/** The replacement of the removed key; null where the remaining keys suffice. */
async function replaceKey(
  app: KeyApp,
  { db, made, now, left, wasSigning }: Replacement,
): Promise<RemovedKey['successor']> {
  const next = earliestPending(left, now);
  if (wasSigning && next) {
    await activateSigningKey(db, { kid: next.kid, now });
    return { kid: next.kid, activeFrom: now };
  }
  // The signing key stays. If the removed key was the last pending one, another has to follow.
  if (!wasSigning && left.some((row) => row.expiresAt === null)) return null;
  const waited = secondsAfter(now, publishAhead);
  const last = newestOf(left, now)?.activeFrom ?? now;
  const activeFrom = wasSigning ? now : last >= waited ? secondsAfter(last, 1) : waited;
  await addKey(app, { db, made, now, activeFrom });
  return { kid: made.kid, activeFrom };
}
