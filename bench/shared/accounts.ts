import postgres from 'postgres';
import { openPostgres } from '../../src/db/driver/client.ts';
import { users } from '../../src/db/tables/users.ts';
import { createHashGate } from '../../src/domain/passwords/hash-gate.ts';
import { createPasswordHasher } from '../../src/domain/passwords/hasher.ts';
import { systemRandom } from '../../src/random.ts';
import { createSecretKeys } from '../../src/secret-keys.ts';

export type Account = { readonly id: string; readonly email: string };

/** An empty database on the server of `adminUrl`; answers with its URL. */
export async function putDatabase(adminUrl: string, name: string): Promise<string> {
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {} });
  await sql`create database ${sql(name)}`;
  await sql.end();
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** Verified accounts that all have one password, hashed once. */
export async function putAccounts(options: {
  url: string;
  secretKey: Uint8Array;
  people: number;
  password: string;
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
    gate: createHashGate({ width: 1, queue: 1 }),
    random: systemRandom,
    log: { error: () => {} },
  });
  const passwordHash = await hasher.hash(options.password);
  const now = new Date();
  const accounts = Array.from({ length: options.people }, (_, n) => ({
    id: systemRandom.id(now),
    email: `person-${String(n).padStart(4, '0')}@example.com`,
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
