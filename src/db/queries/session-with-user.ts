import { getTableColumns, type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { type SessionRow, sessions } from '../tables/sessions.ts';
import { type UserRow, users } from '../tables/users.ts';
import { readColumns } from './built-rows.ts';

/** An active session with its user. */
export type LiveSession = { readonly session: SessionRow; readonly user: UserRow };

const acting = [
  'id',
  'userId',
  'unseenGeneration',
  'authenticatedAt',
  'methods',
  'provedMethods',
] as const;

/** The same for a request with its access token, which needs less of the session. */
export type ActingSession = {
  readonly session: Pick<SessionRow, (typeof acting)[number]>;
  readonly user: UserRow;
};

const issued = {
  session: [
    'id',
    'userId',
    'createdAt',
    'lastUsedAt',
    'idleExpiresAt',
    'absoluteExpiresAt',
    'authenticatedAt',
    'methods',
    'identityProvider',
    'network',
    'device',
  ],
  user: [
    'id',
    'email',
    'emailVerifiedAt',
    'name',
    'roles',
    'createdAt',
    'suspendedAt',
    'suspendedUntil',
    'lastLoginAt',
    'totpEnabledAt',
  ],
} as const;

/** The part of a session and its user that tokens, and the answer that delivers them, contain. */
export type IssuedSession = {
  readonly session: Pick<SessionRow, (typeof issued.session)[number]>;
  readonly user: Pick<UserRow, (typeof issued.user)[number]>;
};

type Columns = readonly (readonly [name: string, column: PgColumn])[];

/** What a statement reads of a session and of its user. */
class Reading<OfSession extends keyof SessionRow, OfUser extends keyof UserRow> {
  readonly sessionColumns: Columns;
  readonly userColumns: Columns;
  readonly idAt: number;
  readonly userIdAt: number;
  /** -1 where it is not read. */
  readonly unseenAt: number;

  constructor(ofSession: readonly OfSession[], ofUser: readonly OfUser[]) {
    const [session, user] = [getTableColumns(sessions), getTableColumns(users)];
    this.sessionColumns = ofSession.map((name) => [name, session[name]]);
    this.userColumns = ofUser.map((name) => [name, user[name]]);
    this.idAt = this.#at('id');
    this.userIdAt = this.#at('userId');
    this.unseenAt = this.sessionColumns.findIndex(([name]) => name === 'unseenGeneration');
  }

  #at(wanted: keyof SessionRow): number {
    const index = this.sessionColumns.findIndex(([name]) => name === wanted);
    if (index < 0) throw new Error(`A session is read without its ${wanted}.`);
    return index;
  }

  /** The statement's columns: both tables, in the order that `SessionWithUser` reads. */
  list(): Record<string, SQL.Aliased> {
    return Object.fromEntries(
      [...this.sessionColumns, ...this.userColumns].map(([, column], index) => [
        `c${index}`,
        sql`${column}`.as(`c${index}`),
      ]),
    );
  }

  of(row: readonly unknown[]): SessionWithUser<OfSession, OfUser> {
    return new SessionWithUser(this, row);
  }
}

/**
 * Of a session only what requests about other things need. Every non-null column costs PostgreSQL a
 * microsecond: with all of them the statement takes a fourth longer (decision 031).
 */
export const actingSession = new Reading(
  acting,
  Object.keys(getTableColumns(users)) as (keyof UserRow)[],
);
/** Of both only what a refresh returns with its tokens. */
export const issuedSession = new Reading(issued.session, issued.user);

/**
 * A row of those columns. Drizzle makes an object of every row, column by column, which is more
 * work than the rest of a request. Here each half is decoded at first access: `me` needs only one.
 */
export class SessionWithUser<OfSession extends keyof SessionRow, OfUser extends keyof UserRow> {
  readonly #reading: Reading<OfSession, OfUser>;
  readonly #row: readonly unknown[];
  #session: Pick<SessionRow, OfSession> | undefined;
  #user: Pick<UserRow, OfUser> | undefined;

  constructor(reading: Reading<OfSession, OfUser>, row: readonly unknown[]) {
    this.#reading = reading;
    this.#row = row;
  }

  get sessionId(): string {
    return String(this.#row[this.#reading.idAt]);
  }

  get userId(): string {
    return String(this.#row[this.#reading.userIdAt]);
  }

  /** Read at each request, so without decoding the rest. */
  get unseenGeneration(): number | null {
    const value = this.#row[this.#reading.unseenAt];
    return value === null || value === undefined ? null : Number(value);
  }

  get session(): Pick<SessionRow, OfSession> {
    this.#session ??= readColumns<Pick<SessionRow, OfSession>>(
      this.#row,
      this.#reading.sessionColumns,
      0,
    );
    return this.#session;
  }

  get user(): Pick<UserRow, OfUser> {
    const { sessionColumns, userColumns } = this.#reading;
    this.#user ??= readColumns<Pick<UserRow, OfUser>>(
      this.#row,
      userColumns,
      sessionColumns.length,
    );
    return this.#user;
  }
}
