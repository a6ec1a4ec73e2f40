import postgres from 'postgres';
import type { TestServer } from './app.ts';

/**
 * A direct connection to a server's database, which bypasses the application. PostgreSQL only; end
 * it after use.
 */
export function rawSql(server: Pick<TestServer, 'database'>): postgres.Sql {
  const { url } = server.database;
  if (url === null) throw new Error('PGlite accepts no second client: name the file *.test.ts.');
  return postgres(url, { max: 2, onnotice: () => {} });
}

/** Every row of every table as text, a line each that begins with `table: `; bytes are in hex. */
export async function dumpTables(sql: postgres.Sql): Promise<string[]> {
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables
    where table_schema = current_schema() and table_type = 'BASE TABLE'
      and table_name <> 'latchkey_migrations' order by 1`;
  const lines: string[] = [];
  for (const { name } of tables) {
    const rows = await sql<
      { row: string }[]
    >`select row_to_json(t)::text as row from ${sql(name)} t`;
    for (const { row } of rows) lines.push(`${name}: ${row}`);
  }
  return lines;
}

/** The encodings in which a value may appear in a dump, a log or an answer. */
export function spellings(value: string): string[] {
  const bytes = Buffer.from(value);
  const quoted = JSON.stringify(value).slice(1, -1);
  return [
    ...new Set([
      value,
      quoted,
      bytes.toString('hex'),
      bytes.toString('base64url'),
      encodeURIComponent(value),
    ]),
  ];
}

/** Runs work with a short-lived connection. */
export async function lookInto<T>(
  server: Pick<TestServer, 'database'>,
  work: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const sql = rawSql(server);
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** The number of rows in a table. */
export async function countRows(
  server: Pick<TestServer, 'database'>,
  table: string,
): Promise<number> {
  const [row] = await lookInto(
    server,
    (sql) => sql<{ rows: number }[]>`select count(*)::int as rows from ${sql(table)}`,
  );
  return row?.rows ?? Number.NaN;
}
