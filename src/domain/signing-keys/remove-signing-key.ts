import { secondsAfter } from '../../clock.ts';
import type { Db } from '../../db/driver/client.ts';
import {
  activateSigningKey,
  endSigningKey,
  listSigningKeys,
  lockSigningKeys,
  removeSigningKey as markRemoved,
} from '../../db/queries/signing-keys.ts';
import type { SigningKeyRow } from '../../db/tables/signing-keys.ts';
import { recordAudit } from '../audit/record.ts';
import { addKey, type KeyApp, type MadeKey, makeKey } from './rotate-signing-key.ts';
import { earliestPending, endsTooEarly, newestOf, publishAhead, signingAt } from './rules.ts';

export type RemovedKey = {
  readonly kid: string;
  readonly successor: { readonly kid: string; readonly activeFrom: Date } | null;
};

/**
 * Removes a key in an emergency: every instance refuses its tokens within `reloadEvery` seconds
 * (JW-10). If it was the signing key, the next one signs at once; there is no time to publish it
 * first. `successor` is the key created to replace it. Null for a kid that is not in use.
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
    const before = await listSigningKeys(tx, { now });
    if (!before.some((row) => row.kid === kid) || !(await markRemoved(tx, { kid, now })))
      return null;
    await recordAudit(
      { ...app, request: null, viewer: null },
      { db: tx, type: 'signing_key.removed', outcome: 'SUCCESS', subjectId: null, detail: { kid } },
    );

    const left = before.filter((row) => row.kid !== kid);
    const successor = await replaceKey(app, {
      db: tx,
      made,
      now,
      left,
      wasSigning: (signingAt(before, now)?.kid ?? kid) === kid,
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
