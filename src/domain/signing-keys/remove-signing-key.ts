import { secondsAfter } from '../../clock.ts';
import {
  activateSigningKey,
  endSigningKey,
  listSigningKeys,
  lockSigningKeys,
  removeSigningKey as markRemoved,
} from '../../db/queries/signing-keys.ts';
import { recordAudit } from '../audit/record.ts';
import { addKey, type KeyApp, makeKey } from './rotate-signing-key.ts';
import { earliestPending, overlap, publishAhead, signingAt } from './rules.ts';

export type RemovedKey = {
  readonly kid: string;
  readonly successor: { readonly kid: string; readonly activeFrom: Date } | null;
};

/**
 * Takes a key away in an emergency: every instance refuses its tokens within `reloadEvery` seconds (JW-10). If it was the one that
 * signs, the next one signs at once; there is no time to publish it first. `successor` is what this has put in its place. Null
 * for a kid that is not in use.
 */
export async function removeSigningKey(app: KeyApp, { kid }: { kid: string }): Promise<RemovedKey | null> {
  // Before the lock, and perhaps for nothing: an RSA key may take a second.
  const made = await makeKey(app);
  return app.db.transaction(async (tx) => {
    await lockSigningKeys(tx);
    const now = app.clock.now();
    const before = await listSigningKeys(tx, { now });
    if (!before.some((row) => row.kid === kid) || !(await markRemoved(tx, { kid, now }))) return null;
    await recordAudit(
      { ...app, request: null, viewer: null },
      { db: tx, type: 'signing_key.removed', outcome: 'SUCCESS', subjectId: null, detail: { kid } },
    );

    const left = before.filter((row) => row.kid !== kid);
    const signing = signingAt(before, now);
    if (signing && signing.kid !== kid) {
      // The one that signs goes on. If the removed one was to follow it, another has to.
      if (left.some((row) => row.expiresAt === null)) return { kid, successor: null };
      const activeFrom = secondsAfter(now, publishAhead);
      await addKey(app, { db: tx, made, now, activeFrom });
      await endSigningKey(tx, { kid: signing.kid, expiresAt: secondsAfter(activeFrom, overlap) });
      return { kid, successor: { kid: made.kid, activeFrom } };
    }
    const next = earliestPending(left, now);
    if (next) await activateSigningKey(tx, { kid: next.kid, now });
    else await addKey(app, { db: tx, made, now, activeFrom: now });
    return { kid, successor: { kid: next?.kid ?? made.kid, activeFrom: now } };
  });
}
