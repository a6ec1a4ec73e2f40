import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { users } from '../db/tables/users.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

describe('a test database', () => {
  let first: TestDatabase;
  let second: TestDatabase;
  beforeAll(async () => {
    [first, second] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  });
  afterAll(async () => {
    await Promise.all([first.drop(), second.drop()]);
  });

  it('is the database that the vitest project configures', () => {
    expect(first.database.kind).toBe(inject('testServer') ? 'postgres' : 'pglite');
  });

  it('is migrated and separate from every other database', async () => {
    const email = 'ada@example.com';
    const id = '01900000-0000-7000-8000-000000000001';
    await first.database.db
      .insert(users)
      .values({ id, email, emailCanonical: email, createdAt: new Date() });
    expect(await first.database.db.select({ id: users.id }).from(users)).toEqual([{ id }]);
    expect(await second.database.db.select({ id: users.id }).from(users)).toEqual([]);
  });

  it('leaves no data to the next test, and is unreachable after drop()', async () => {
    const email = 'bob@example.com';
    const id = '01900000-0000-7000-8000-000000000002';
    const used = await createTestDatabase();
    const write = () =>
      used.database.db
        .insert(users)
        .values({ id, email, emailCanonical: email, createdAt: new Date() });
    await write();
    await used.drop();
    const next = await createTestDatabase();
    await expect(write()).rejects.toThrow();
    expect(await next.database.db.select({ id: users.id }).from(users)).toEqual([]);
    await next.drop();
  });
});
