import type { App } from '../../app.ts';
import { insertSigningKey, listSigningKeys, lockSigningKeys } from '../../db/queries/signing-keys.ts';
import { generateJwk, openSigningKey, type PublicJwk, type SigningKey, sealPrivateJwk } from './signing-key.ts';

/** The keys as this process knows them, held in memory and read anew every few seconds. */
export type KeyRing = {
  /** Reads the keys; makes the first one where there is none for the configured algorithm. */
  load(): Promise<void>;
  /** The key that signs now. */
  signing(): SigningKey;
  /** By exact kid; undefined for anything unknown. No statement, file or address is ever made from a kid (JW-3). */
  find(kid: string): SigningKey | undefined;
  /** What /.well-known/jwks.json shows. */
  published(): readonly PublicJwk[];
  /** Begins and ends the reading anew. */
  start(): void;
  stop(): void;
};

/** Well under the minute within which a removed key must be refused everywhere. */
const reloadSeconds = 20;

export function createKeyRing(app: Pick<App, 'db' | 'keys' | 'clock' | 'random' | 'log' | 'config'>): KeyRing {
  let byKid = new Map<string, SigningKey>();
  let timer: NodeJS.Timeout | undefined;

  const read = async (): Promise<void> => {
    const rows = await listSigningKeys(app.db, { now: app.clock.now() });
    byKid = new Map(
      rows.map((row) => {
        const known = byKid.get(row.kid);
        const key = known
          ? { ...known, activeFrom: row.activeFrom, expiresAt: row.expiresAt }
          : openSigningKey(app.keys, row);
        return [row.kid, key];
      }),
    );
  };

  const current = (): SigningKey | undefined => {
    const now = app.clock.now();
    let newest: SigningKey | undefined;
    for (const key of byKid.values()) {
      if (key.algorithm !== app.config.jwt.algorithm || key.activeFrom > now) continue;
      if (key.expiresAt && key.expiresAt <= now) continue;
      if (!newest || key.activeFrom > newest.activeFrom) newest = key;
    }
    return newest;
  };

  const createFirst = async (): Promise<void> => {
    // Made before the lock is taken: an RSA key may take a second, and no connection is held meanwhile.
    const { algorithm } = app.config.jwt;
    const { privateJwk, publicJwk } = await generateJwk(algorithm);
    await app.db.transaction(async (tx) => {
      await lockSigningKeys(tx);
      const now = app.clock.now();
      const rows = await listSigningKeys(tx, { now });
      if (rows.some((row) => row.algorithm === algorithm && row.activeFrom <= now)) return;
      const kid = app.random.token(12);
      await insertSigningKey(tx, {
        kid,
        algorithm,
        publicJwk,
        sealedPrivateJwk: sealPrivateJwk(app.keys, kid, privateJwk),
        createdAt: now,
        activeFrom: now,
      });
    });
  };

  return {
    load: async () => {
      await read();
      if (current()) return;
      await createFirst();
      await read();
    },
    signing: () => {
      const key = current();
      if (!key) throw new Error('No signing key is active.');
      return key;
    },
    find: (kid) => {
      const key = byKid.get(kid);
      return key && (!key.expiresAt || key.expiresAt > app.clock.now()) ? key : undefined;
    },
    published: () => [...byKid.values()].flatMap((key) => (key.publicJwk ? [key.publicJwk] : [])),
    start: () => {
      timer ??= setInterval(() => {
        read().catch((error: unknown) =>
          app.log.error({ err: error, event: 'signing_keys.unread' }, 'The signing keys could not be read.'),
        );
      }, reloadSeconds * 1000).unref();
    },
    stop: () => {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
