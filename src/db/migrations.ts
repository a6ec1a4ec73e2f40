import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The same two levels up from src/db and from dist/db. */
export const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url));

export type Migration = {
  /** Such as `0001_growth`. */
  readonly name: string;
  /** SHA-256 of the file, as drizzle's own migrator computes it. */
  readonly hash: string;
  /** Hashes that the file had in earlier versions: a database that has one of them has it all. */
  readonly formerHashes: readonly string[];
  readonly statements: readonly string[];
  /**
   * Whether it builds or drops indexes while others write, which PostgreSQL does outside of a
   * transaction only. Its statements can be run again after a failure.
   */
  readonly isConcurrent: boolean;
};

/** Files that were changed after they had been applied somewhere, and their hashes before. */
const former: Readonly<Record<string, readonly string[]>> = {
  // It built its index while writes waited.
  '0001_growth': ['44e3c5c0f09620925c83d8b51b4009cf26cebf4b503bf8a44d4e9b8bc57b16f0'],
};

/** The migrations of this version, in the order in which they are applied. */
export function readMigrations(): readonly Migration[] {
  const journal: { entries: readonly { tag: string }[] } = JSON.parse(
    readFileSync(`${migrationsFolder}/meta/_journal.json`, 'utf8'),
  );
  return journal.entries.map(({ tag }) => {
    const text = readFileSync(`${migrationsFolder}/${tag}.sql`, 'utf8');
    return toMigration(tag, text);
  });
}

export function toMigration(name: string, text: string): Migration {
  return {
    name,
    hash: createHash('sha256').update(text).digest('hex'),
    formerHashes: former[name] ?? [],
    // drizzle-kit writes references with the schema public, and ours may be any.
    statements: text
      .replaceAll('"public".', '')
      .split('--> statement-breakpoint')
      .filter((statement) => withoutComments(statement).trim() !== ''),
    isConcurrent: /\bINDEX\s+CONCURRENTLY\b/i.test(withoutComments(text)),
  };
}

export function withoutComments(text: string): string {
  return text.replace(/^\s*--.*$/gm, '');
}
