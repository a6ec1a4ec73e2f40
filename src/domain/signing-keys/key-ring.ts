import { listSigningKeys } from '../../db/queries/signing-keys.ts';
import type { SigningKeyRow } from '../../db/tables/signing-keys.ts';
import type { KeyRing, SigningKey } from '../../ports.ts';
import { type KeyApp, rotateSigningKey } from './rotate-signing-key.ts';
import { isDue, newestOf, reloadEvery, signingAt, verifies } from './rules.ts';
import { openSigningKey } from './signing-key.ts';

/** This process's copy of the keys, in memory and reloaded every few seconds. */
export function createKeyRing(app: KeyApp): KeyRing {
  let byKid = new Map<string, SigningKey>();
  let timer: NodeJS.Timeout | undefined;
  let busy = false;

  /**
   * At start an unusable row prevents the start; later it must not keep a removal from taking
   * effect.
   */
  const read = async (onBadRow: (error: unknown, row: SigningKeyRow) => void): Promise<void> => {
    const rows = await listSigningKeys(app.db, { now: app.clock.now() });
    const known = byKid;
    const read = new Map<string, SigningKey>();
    for (const row of rows) {
      try {
        const { createdAt, activeFrom, expiresAt } = row;
        const key = known.get(row.kid) ?? openSigningKey(app.keys, row);
        read.set(row.kid, { ...key, createdAt, activeFrom, expiresAt });
      } catch (error) {
        onBadRow(error, row);
      }
    }
    byKid = read;
  };

  const refuseBadRow = (error: unknown): never => {
    throw error;
  };
  const reportBadRow = (error: unknown, { kid }: SigningKeyRow): void => {
    app.log.error(
      { err: error, event: 'signing_keys.unusable', kid },
      'A signing key cannot be used.',
    );
  };

  const rotateIfDue = async (): Promise<void> => {
    const everySeconds = app.config.signingKeyRotation;
    const due = (key: { createdAt: Date }): boolean =>
      isDue(key, { now: app.clock.now(), everySeconds });
    const newest = newestOf(byKid.values(), app.clock.now());
    if (!newest || !due(newest)) return;
    // Other instances find the rotation due in the same seconds: the first to get the lock rotates.
    if (await rotateSigningKey(app, { unless: (row) => !due(row) })) await read(reportBadRow);
  };

  const reload = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      await read(reportBadRow);
      await rotateIfDue();
    } catch (error) {
      app.log.error(
        { err: error, event: 'signing_keys.unread' },
        'The signing keys could not be read.',
      );
    } finally {
      busy = false;
    }
  };

  return {
    load: async () => {
      await read(refuseBadRow);
      const { algorithm } = app.config.jwt;
      if (newestOf(byKid.values(), app.clock.now())?.algorithm === algorithm) return;
      await rotateSigningKey(app, { unless: (newest) => newest.algorithm === algorithm });
      await read(refuseBadRow);
    },
    signing: () => {
      const key = signingAt(byKid.values(), app.clock.now());
      if (!key) throw new Error('No signing key is active.');
      return key;
    },
    find: (kid) => {
      const key = byKid.get(kid);
      return key && verifies(key, app.clock.now()) ? key : undefined;
    },
    published: () => {
      const now = app.clock.now();
      return [...byKid.values()].flatMap((key) =>
        key.publicJwk && verifies(key, now) ? [key.publicJwk] : [],
      );
    },
    start: () => {
      timer ??= setInterval(() => void reload(), reloadEvery * 1000).unref();
    },
    stop: () => {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
