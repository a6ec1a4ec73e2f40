import { openPostgres } from '../../src/db/driver/client.ts';
import { users } from '../../src/db/tables/users.ts';
import { createHashSemaphore } from '../../src/domain/passwords/hash-semaphore.ts';
import { createPasswordHasher } from '../../src/domain/passwords/hasher.ts';
import { systemRandom } from '../../src/random.ts';
import { createSecretKeys } from '../../src/secret-keys.ts';

/** Of every account that a benchmark makes. */
export const password = 'otter lantern gravel sunday';

export type Account = { readonly id: string; readonly email: string };

/** Verified accounts with the password above,
  which is hashed once; their addresses tell the cost. */
export async function putAccounts(options: {
  url: string;
  secretKey: Uint8Array;
  count: number;
  bcryptCost: number;
}): Promise<Account[]> {
  const database = openPostgres({
    url: options.url,
    maxConnections: 1,
    applicationName: 'latchkey-bench',
    statementTimeoutMs: 60_000,
  });
  const hasher = createPasswordHasher({
    cost: options.bcryptCost,
    keys: createSecretKeys([options.secretKey]),
    semaphore: createHashSemaphore({ width: 1, queue: 1 }),
    random: systemRandom,
    log: { error: () => {} },
  });
  const passwordHash = await hasher.hash(password);
  const now = new Date();
  const accounts = Array.from({ length: options.count }, (_, n) => ({
    id: systemRandom.id(now),
    email: `person-${options.bcryptCost}-${String(n).padStart(4, '0')}@example.com`,
  }));
  await database.db.insert(users).values(
    accounts.map(({ id, email }) => ({
      id,
      email,
      emailCanonical: email,
      name: 'A Person',
      emailVerifiedAt: now,
      createdAt: now,
      passwordHash,
    })),
  );
  await database.close();
  return accounts;
}
