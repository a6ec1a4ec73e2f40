import type { App } from '../../app.ts';
import { secondsAfter } from '../../clock.ts';
import type { Db } from '../../db/driver/client.ts';
import {
  endOtherSigningKeys,
  insertSigningKey,
  listSigningKeys,
  lockSigningKeys,
  purgeSigningKeys,
} from '../../db/queries/signing-keys.ts';
import type { SigningKeyRow } from '../../db/tables/signing-keys.ts';
import { recordAudit } from '../audit/record.ts';
import { keptAfterEnd, newestOf, overlap, publishAhead, signingAt } from './rules.ts';
import { generateJwk, sealPrivateJwk } from './signing-key.ts';

export type KeyApp = Pick<App, 'db' | 'keys' | 'clock' | 'random' | 'log' | 'metrics' | 'config'>;
export type NewKey = { readonly kid: string; readonly activeFrom: Date };

type Options = {
  /**
   * Seconds for which the key is published before it signs; defaults to `publishAhead`. Ignored
   * where no key signs now.
   */
  readonly signsIn?: number;
  /** Called under the lock with the newest key: true stops the rotation without a new key. */
  readonly unless?: (newest: SigningKeyRow) => boolean;
};

/**
 * Makes the next key, of the configured algorithm. It is published at once and signs later; the
 * previous one verifies until its last token has expired (JW-10). Null where `unless` stops it,
 * such as when another instance was first.
 */
export async function rotateSigningKey(app: KeyApp, options: Options = {}): Promise<NewKey | null> {
  // Made before the lock is taken: an RSA key may take a second, during which no connection is
  // held.
  const made = await makeKey(app);
  return app.db.transaction(async (tx) => {
    await lockSigningKeys(tx);
    const now = app.clock.now();
    const rows = await listSigningKeys(tx, { now });
    const newest = newestOf(rows, now);
    if (newest && options.unless?.(newest)) return null;
    const waited = signingAt(rows, now) ? secondsAfter(now, options.signsIn ?? publishAhead) : now;
    // Keys sign in the order in which they were made, whatever delay each was given.
    const activeFrom =
      newest && newest.activeFrom >= waited ? secondsAfter(newest.activeFrom, 1) : waited;
    await addKey(app, { db: tx, made, now, activeFrom });
    await endOtherSigningKeys(tx, {
      exceptKid: made.kid,
      expiresAt: secondsAfter(activeFrom, overlap),
    });
    await purgeSigningKeys(tx, { before: secondsAfter(now, -keptAfterEnd) });
    return { kid: made.kid, activeFrom };
  });
}

export type MadeKey = Pick<SigningKeyRow, 'kid' | 'algorithm' | 'publicJwk' | 'sealedPrivateJwk'>;

/** A key of the configured algorithm, not yet stored. */
export async function makeKey(app: KeyApp): Promise<MadeKey> {
  const { algorithm } = app.config.jwt;
  const { privateJwk, publicJwk } = await generateJwk(algorithm);
  // Hex: a kid is an argument of `keys remove`, and must not look like an option.
  const kid = Buffer.from(app.random.bytes(12)).toString('hex');
  return { kid, algorithm, publicJwk, sealedPrivateJwk: sealPrivateJwk(app.keys, kid, privateJwk) };
}

/** Stores a new key, in a transaction that holds the lock. */
export async function addKey(
  app: KeyApp,
  input: { db: Db; made: MadeKey; now: Date; activeFrom: Date },
): Promise<void> {
  const { db, made, now, activeFrom } = input;
  await insertSigningKey(db, { ...made, createdAt: now, activeFrom });
  await recordAudit(
    { ...app, request: null, viewer: null },
    {
      db,
      type: 'signing_key.created',
      outcome: 'SUCCESS',
      subjectId: null,
      detail: { kid: made.kid, algorithm: made.algorithm, activeFrom: activeFrom.toISOString() },
    },
  );
}
