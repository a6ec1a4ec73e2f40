import { getTableColumns, type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { type SessionRow, sessions } from './tables/sessions.ts';
import { type UserRow, users } from './tables/users.ts';

/** A session that may act now, with its user. */
export type LiveSession = { readonly session: SessionRow; readonly user: UserRow };

const acting = ['id', 'userId', 'authenticatedAt', 'methods', 'provedMethods'] as const;

/** The same for a request of its access token, which needs no more of the session. */
export type ActingSession = {
  readonly session: Pick<SessionRow, (typeof acting)[number]>;
  readonly user: UserRow;
};

type Columns = readonly (readonly [name: string, column: PgColumn])[];

const userColumns: Columns = Object.entries(getTableColumns(users));

/** What a statement reads of a session, beside all of its user. */
class Reading<Name extends keyof SessionRow> {
  readonly sessionColumns: Columns;
  readonly idAt: number;
  readonly userIdAt: number;

  constructor(names: readonly Name[]) {
    const all = getTableColumns(sessions);
    this.sessionColumns = names.map((name) => [name, all[name]]);
    this.idAt = this.sessionColumns.findIndex(([name]) => name === 'id');
    this.userIdAt = this.sessionColumns.findIndex(([name]) => name === 'userId');
  }

  /** For the statement's list of columns: both tables in the order that `SessionWithUser` reads. */
  list(): Record<string, SQL.Aliased> {
    return Object.fromEntries(
      [...this.sessionColumns, ...userColumns].map(([, column], index) => [
        `c${index}`,
        sql`${column}`.as(`c${index}`),
      ]),
    );
  }

  of(row: readonly unknown[]): SessionWithUser<Name> {
    return new SessionWithUser(this, row);
  }
}

/**
 * Of a session only what a request needs that is not about it. Every column that is not null costs PostgreSQL a microsecond: with all of
 * them the statement takes a fourth longer (decision 093).
 */
export const actingSession = new Reading(acting);
/** Of a session everything. */
export const wholeSession = new Reading(Object.keys(getTableColumns(sessions)) as (keyof SessionRow)[]);

/**
 * A row of those columns. Drizzle makes an object of every row, column by column: more work than all the rest of a request. Here each half is
 * read at the first look: `me` needs no more than one.
 */
export class SessionWithUser<Name extends keyof SessionRow> {
  readonly #reading: Reading<Name>;
  readonly #row: readonly unknown[];
  #session: Pick<SessionRow, Name> | undefined;
  #user: UserRow | undefined;

  constructor(reading: Reading<Name>, row: readonly unknown[]) {
    this.#reading = reading;
    this.#row = row;
  }

  get sessionId(): string {
    return String(this.#row[this.#reading.idAt]);
  }

  get userId(): string {
    return String(this.#row[this.#reading.userIdAt]);
  }

  get session(): Pick<SessionRow, Name> {
    this.#session ??= read<Pick<SessionRow, Name>>(this.#row, this.#reading.sessionColumns, 0);
    return this.#session;
  }

  get user(): UserRow {
    this.#user ??= read<UserRow>(this.#row, userColumns, this.#reading.sessionColumns.length);
    return this.#user;
  }
}

/** Columns of a row from `start` on, as drizzle would read them. */
function read<T>(row: readonly unknown[], columns: Columns, start: number): T {
  const values: Record<string, unknown> = {};
  columns.forEach(([name, column], index) => {
    const value = row[start + index];
    values[name] = value === null ? null : column.mapFromDriverValue(value);
  });
  return values as T;
}
