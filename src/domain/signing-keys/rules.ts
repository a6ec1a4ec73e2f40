import { farFuture, secondsAfter } from '../../clock.ts';

/** Seconds for which others may cache our public keys (`Cache-Control: max-age`). */
export const jwksMaxAge = 300;
/**
 * Seconds between two reloads of the keys: by then every process knows a new key and refuses a
 * removed one.
 */
export const reloadEvery = 5;
/** The maximum clock skew, in seconds, between our own machines. */
const clockSkew = 60;
/**
 * The upper bound of ACCESS_TOKEN_TTL: the setting may have been changed since a token was signed.
 */
export const longestTokenLifetime = 3600;

/**
 * Seconds for which a new key is published before it signs: caches of the old JWKS have expired by
 * then (JW-10).
 */
export const publishAhead = 600;
/**
 * Seconds that a key still verifies after the next one signs: until its last token has expired,
 * plus clock skew and cache age.
 */
export const overlap = longestTokenLifetime + clockSkew + jwksMaxAge;
/**
 * Seconds after which a key that no longer verifies is destroyed. Until then `keys list` shows it.
 */
export const keptAfterEnd = 30 * 24 * 3600;

export type KeyTimes = {
  readonly activeFrom: Date;
  readonly expiresAt: Date | null;
  readonly removedAt?: Date | null;
};
export type KeyState = 'standby' | 'next' | 'active' | 'retired' | 'expired' | 'removed';

/**
 * Whether tokens of a key are accepted. That includes a key that does not sign yet, since another
 * machine's clock may be ahead.
 */
export function verifies(key: KeyTimes, now: Date): boolean {
  return !key.removedAt && (key.expiresAt === null || key.expiresAt > now);
}

/**
 * The key to sign with: the signing key, or, where this machine's clock says that none signs yet,
 * the one that will first. Its clock is behind the one that made the key, and every verifier knows
 * the key already.
 */
export function signingNow<Key extends KeyTimes>(keys: readonly Key[], now: Date): Key | undefined {
  return signingAt(keys, now) ?? earliestPending(keys, now);
}

/** The signing key at a moment: of the active keys, the one activated last. */
export function signingAt<Key extends KeyTimes>(keys: Iterable<Key>, now: Date): Key | undefined {
  let newest: Key | undefined;
  for (const key of keys) {
    if (!verifies(key, now) || key.activeFrom > now) continue;
    if (!newest || key.activeFrom > newest.activeFrom) newest = key;
  }
  return newest;
}

/** The most recently made key, whether or not it signs yet. */
export function newestOf<Key extends KeyTimes>(keys: Iterable<Key>, now: Date): Key | undefined {
  let newest: Key | undefined;
  for (const key of keys) {
    if (verifies(key, now) && (!newest || key.activeFrom > newest.activeFrom)) newest = key;
  }
  return newest;
}

/** Of the pending keys, the one that is activated first. */
export function earliestPending<Key extends KeyTimes>(
  keys: Iterable<Key>,
  now: Date,
): Key | undefined {
  let earliest: Key | undefined;
  for (const key of keys) {
    if (!verifies(key, now) || key.activeFrom <= now) continue;
    if (!earliest || key.activeFrom < earliest.activeFrom) earliest = key;
  }
  return earliest;
}

/**
 * Keys that would stop verifying before the last of their tokens has expired, with the end that
 * they need: each current or pending key signs until its successor does. A removal can leave such a
 * gap.
 */
export function endsTooEarly<Key extends KeyTimes>(
  keys: readonly Key[],
  now: Date,
): (Key & { expiresAt: Date })[] {
  const signing = signingAt(keys, now);
  const inOrder = keys
    .filter((key) => key === signing || (verifies(key, now) && key.activeFrom > now))
    .sort((a, b) => a.activeFrom.getTime() - b.activeFrom.getTime());
  return inOrder.flatMap((key, index) => {
    const next = inOrder[index + 1];
    const needed = next && secondsAfter(next.activeFrom, overlap);
    return needed && key.expiresAt !== null && key.expiresAt < needed
      ? [{ ...key, expiresAt: needed }]
      : [];
  });
}

/** The state of a key at a moment, in one word. */
export function stateOf(keys: readonly KeyTimes[], key: KeyTimes, now: Date): KeyState {
  if (key.removedAt) return 'removed';
  if (!verifies(key, now)) return 'expired';
  if (key.activeFrom >= farFuture) return 'standby';
  if (key.activeFrom > now) return 'next';
  return key === signingAt(keys, now) ? 'active' : 'retired';
}

/** Whether a scheduled rotation is due: the newest key exceeds its maximum age. */
export function isDue(
  key: { readonly createdAt: Date },
  input: { now: Date; everySeconds: number | null },
): boolean {
  return (
    input.everySeconds !== null &&
    key.createdAt.getTime() + input.everySeconds * 1000 <= input.now.getTime()
  );
}
