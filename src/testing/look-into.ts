import postgres from 'postgres';
import type { TestDatabase } from './database.ts';

/** Looks into a test's database beside the server, over a connection of its own. PostgreSQL only. */
export async function lookInto<T>(
  database: Pick<TestDatabase, 'url'>,
  work: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  if (database.url === null) throw new Error('This database lives in the process of the server.');
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** How many rows a table has now. */
export async function countRows(database: Pick<TestDatabase, 'url'>, table: string): Promise<number> {
  const [row] = await lookInto(
    database,
    (sql) => sql<{ rows: number }[]>`select count(*)::int as rows from ${sql(table)}`,
  );
  return row?.rows ?? Number.NaN;
}

/** Rows of every table of ours, by name. */
export async function countAllRows(database: Pick<TestDatabase, 'url'>): Promise<Record<string, number>> {
  return lookInto(database, async (sql) => {
    const tables = await sql<
      { name: string }[]
    >`select tablename as name from pg_tables where schemaname = 'public' order by 1`;
    const counts: Record<string, number> = {};
    for (const { name } of tables) {
      const [row] = await sql<{ rows: number }[]>`select count(*)::int as rows from ${sql(name)}`;
      counts[name] = row?.rows ?? Number.NaN;
    }
    return counts;
  });
}
