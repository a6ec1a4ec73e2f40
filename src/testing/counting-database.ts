import type { Db } from '../db/driver/client.ts';
import { users } from '../db/tables/users.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

export type CountingDatabase = TestDatabase & {
  /** How many statements have read users so far. */
  userReads(): number;
};

/** A test database that counts statements. */
export async function createCountingDatabase(): Promise<CountingDatabase> {
  const plain = await createTestDatabase();
  let count = 0;
  const onFrom = (table: unknown): void => {
    if (table === users) count += 1;
  };
  // Requests use the database that `during` returns, so that is counted too.
  const during = (signal: AbortSignal): Db => counting(plain.database.during(signal), onFrom);
  return { ...plain, database: { ...plain.database, during }, userReads: () => count };
}

function counting(db: Db, onFrom: (table: unknown) => void): Db {
  const bound = (target: object, key: string | symbol): unknown => {
    const value = Reflect.get(target, key);
    return typeof value === 'function' ? value.bind(target) : value;
  };
  const watchFrom = (builder: object): object =>
    new Proxy(builder, {
      get: (target, key) => {
        const value = bound(target, key);
        if (key !== 'from' || typeof value !== 'function') return value;
        return (table: unknown) => {
          onFrom(table);
          return value(table);
        };
      },
    });
  return new Proxy(db, {
    get: (target, key) => {
      const value = bound(target, key);
      if (key !== 'select' || typeof value !== 'function') return value;
      return (...fields: unknown[]) => watchFrom(value(...fields));
    },
  });
}
