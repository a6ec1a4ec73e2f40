import { farFuture } from '../../clock.ts';
import { listSigningKeys, listStandbyKeys } from '../../db/queries/signing-keys.ts';
import type { SigningKeyRow } from '../../db/tables/signing-keys.ts';
import type { KeyRing, PublicJwk, SigningKey } from '../../ports.ts';
import { type KeyApp, rotateSigningKey } from './rotate-signing-key.ts';
import { isDue, newestOf, reloadEvery, signingNow, verifies } from './rules.ts';
import { openSigningKey } from './signing-key.ts';

type OnBadRow = (error: unknown, row: SigningKeyRow) => void;

/** The stored keys; those that are open already are not opened again. */
async function readKeys(
  app: KeyApp,
  known: ReadonlyMap<string, SigningKey>,
  onBadRow: OnBadRow,
): Promise<Map<string, SigningKey>> {
  const rows = [
    ...(await listSigningKeys(app.db, { now: app.clock.now() })),
    ...(await listStandbyKeys(app.db)),
  ];
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
  return read;
}

function publishedOf(keys: Iterable<SigningKey>, now: Date): PublicJwk[] {
  return [...keys].flatMap((key) => (key.publicJwk && verifies(key, now) ? [key.publicJwk] : []));
}

/** Standby keys are published and verify, and nothing else. */
function withoutStandby(keys: Iterable<SigningKey>): SigningKey[] {
  return [...keys].filter(({ activeFrom }) => activeFrom < farFuture);
}

/** Whether there is a new key now. */
async function rotateIfDue(app: KeyApp, keys: Iterable<SigningKey>): Promise<boolean> {
  const everySeconds = app.config.signingKeyRotation;
  const due = (key: { createdAt: Date }): boolean =>
    isDue(key, { now: app.clock.now(), everySeconds });
  const newest = newestOf(withoutStandby(keys), app.clock.now());
  if (!newest || !due(newest)) return false;
  // Other instances find the rotation due in the same seconds: the first to get the lock rotates.
  return (await rotateSigningKey(app, { unless: (row) => !due(row) })) !== null;
}

/** This process's copy of the keys, in memory and reloaded every few seconds. */
export function createKeyRing(app: KeyApp): KeyRing {
  let byKid = new Map<string, SigningKey>();
  let timer: NodeJS.Timeout | undefined;
  let busy = false;

  const read = async (onBadRow: OnBadRow): Promise<void> => {
    byKid = await readKeys(app, byKid, onBadRow);
  };
  const reportBadRow: OnBadRow = (err, { kid }) => {
    app.log.error({ err, event: 'signing_keys.unusable', kid }, 'A signing key cannot be used.');
  };

  // At start an unusable row prevents the start, except a standby key: no token depends on it, and
  // the starting server replaces it.
  const refuseBadRow: OnBadRow = (error, row) => {
    if (row.activeFrom < farFuture) throw error;
    reportBadRow(error, row);
  };

  // An unusable row is only reported: it must not keep a removal from taking effect.
  const reload = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      await read(reportBadRow);
      if (await rotateIfDue(app, byKid.values())) await read(reportBadRow);
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
      if (newestOf(withoutStandby(byKid.values()), app.clock.now())?.algorithm === algorithm)
        return;
      await rotateSigningKey(app, { unless: (newest) => newest.algorithm === algorithm });
      await read(refuseBadRow);
    },
    signing: () => {
      const key = signingNow(withoutStandby(byKid.values()), app.clock.now());
      if (key) return key;
      throw new Error('No signing key is active.');
    },
    find: (kid) => {
      const key = byKid.get(kid);
      return key && verifies(key, app.clock.now()) ? key : undefined;
    },
    published: () => publishedOf(byKid.values(), app.clock.now()),
    start: () => {
      timer ??= setInterval(() => void reload(), reloadEvery * 1000).unref();
    },
    stop: () => {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
