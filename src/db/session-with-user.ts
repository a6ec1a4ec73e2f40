import { getTableColumns, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { type SessionRow, sessions } from './tables/sessions.ts';
import { type UserRow, users } from './tables/users.ts';

/** A session that may act now, with its user. */
export type LiveSession = { readonly session: SessionRow; readonly user: UserRow };

const sessionColumns = Object.entries(getTableColumns(sessions));
const userColumns = Object.entries(getTableColumns(users));
const idAt = sessionColumns.findIndex(([name]) => name === 'id');
const userIdAt = sessionColumns.findIndex(([name]) => name === 'userId');

/** For a statement's list of columns: both tables in the order that `SessionWithUser` reads. */
export const sessionWithUserColumns = Object.fromEntries(
  [...sessionColumns, ...userColumns].map(([, column], index) => [`c${index}`, sql`${column}`.as(`c${index}`)]),
);

/**
 * A row of those columns. Drizzle makes an object of every row, column by column: more work than all the rest of a request. Here each half is
 * read at the first look: `me` needs no more than one.
 */
export class SessionWithUser implements LiveSession {
  readonly #row: readonly unknown[];
  #session: SessionRow | undefined;
  #user: UserRow | undefined;

  constructor(row: readonly unknown[]) {
    this.#row = row;
  }

  get sessionId(): string {
    return String(this.#row[idAt]);
  }

  get userId(): string {
    return String(this.#row[userIdAt]);
  }

  get session(): SessionRow {
    this.#session ??= read<SessionRow>(this.#row, sessionColumns, 0);
    return this.#session;
  }

  get user(): UserRow {
    this.#user ??= read<UserRow>(this.#row, userColumns, sessionColumns.length);
    return this.#user;
  }
}

/** Columns of a row from `start` on, as drizzle would read them. */
function read<T>(row: readonly unknown[], columns: readonly [string, PgColumn][], start: number): T {
  const values: Record<string, unknown> = {};
  columns.forEach(([name, column], index) => {
    const value = row[start + index];
    values[name] = value === null ? null : column.mapFromDriverValue(value);
  });
  return values as T;
}
