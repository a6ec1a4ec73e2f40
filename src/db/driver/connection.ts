import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { cancelQuery } from './cancel-query.ts';
import { Unavailable } from './failures.ts';
import { pinSettings } from './settings.ts';
import { socketOption } from './socket-urls.ts';

/** The cancellation signal of the operation that runs the statements, such as an AbortSignal. */
export type Over = {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
};

export type ConnectionOptions = {
  /** Names exactly one host. */
  readonly url: string;
  readonly applicationName: string;
  /** Statement timeout in milliseconds (AV-3). */
  readonly statementTimeoutMs: number;
  /** Whether statements are prepared, cached by their text. */
  readonly isPrepared: (text: string) => boolean;
  /** Called when the host turns out to be read-only. */
  readonly onWriteRefused?: () => void;
};

export type Parameters = readonly unknown[];

/** Seconds. */
const connectTimeout = 4;
/** Seconds after which an idle connection closes. */
export const idleTimeout = 60;
/** Milliseconds beyond the statement timeout after which a silent host is considered dead. */
const silenceMs = 1000;
/** SQLSTATE read_only_sql_transaction: the host is a standby, or a primary about to hand over. */
const writeRefused = '25006';

/**
 * One connection: a postgres.js client that opens at most one connection and is never used after it
 * has closed, so the driver's reconnect behaviour never applies (decision 035).
 */
export class Connection {
  readonly openedAt = performance.now();
  /** When it was last given back; 0 before its first use. */
  idleSince = 0;
  /** Whether it has closed or failed; it must not be used any more. */
  isLost = false;
  /** Whether it is closed when it is released. */
  isRetired = false;
  readonly #options: ConnectionOptions;
  readonly #sql: postgres.Sql;
  #onLost: ((error: Error) => void) | undefined;
  #isPinned = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { hostname, port } = new URL(options.url);
    this.#sql = postgres(options.url, {
      // Arrays, which the driver's types do not declare: a string would be split at the colons of
      // an IPv6 address.
      host: [hostname.replace(/^\[|\]$/g, '') || 'localhost'] as unknown as string,
      port: [port === '' ? 5432 : Number(port)] as unknown as number,
      ...socketOption(options.url),
      max: 1,
      connect_timeout: connectTimeout,
      idle_timeout: idleTimeout,
      // max_lifetime would end a connection in the middle of a transaction.
      max_lifetime: null,
      // A failure of the driver's own query for types ends the process (porsager/postgres#1192).
      fetch_types: false,
      onnotice: () => {},
      onclose: () => this.#lose(),
      connection: {
        application_name: options.applicationName,
        statement_timeout: options.statementTimeoutMs,
        lock_timeout: options.statementTimeoutMs,
        idle_in_transaction_session_timeout: options.statementTimeoutMs * 2,
      },
    });
    // Drizzle configures on this client how values are parsed.
    drizzle(this.#sql);
  }

  /**
   * Runs a statement and returns its rows as arrays of values; it is cancelled when `over` is
   * aborted.
   */
  async ask(text: string, parameters: Parameters = [], over?: Over | null): Promise<unknown[][]> {
    if (!this.#isPinned) {
      await this.#send(pinSettings, [], over);
      this.#isPinned = true;
    }
    return this.#send(text, parameters, over);
  }

  async #send(text: string, parameters: Parameters, over?: Over | null): Promise<unknown[][]> {
    if (this.isLost) throw lost();
    const { isPrepared, statementTimeoutMs, onWriteRefused } = this.#options;
    // biome-ignore lint/plugin: the text is Drizzle's and its parameters are separate.
    const query = this.#sql.unsafe(text, [...parameters] as postgres.ParameterOrJSON<never>[], {
      prepare: isPrepared(text),
    });
    const cancel = (): void => cancelQuery(query);
    over?.addEventListener('abort', cancel);
    // A machine that vanishes does not close the connection, and TCP would wait a quarter of an
    // hour. A live server would have ended the statement by then.
    const silence = setTimeout(() => this.close(), statementTimeoutMs + silenceMs);
    try {
      return await query.values();
    } catch (error) {
      const isServers = error instanceof postgres.PostgresError && error.severity !== 'FATAL';
      if (!isServers) this.#lose();
      else if (error.code === writeRefused) onWriteRefused?.();
      throw error;
    } finally {
      clearTimeout(silence);
      over?.removeEventListener('abort', cancel);
    }
  }

  /** The result of `work`; rejects at once when the connection is lost meanwhile. */
  whileOpen<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#onLost = reject;
      work.then(resolve, reject);
    });
  }

  /** Closes the connection; running statements reject. */
  close(): void {
    this.#lose();
    this.#sql.end({ timeout: 0 }).catch(() => {});
  }

  #lose(): void {
    this.isLost = true;
    this.#onLost?.(lost());
  }
}

function lost(): Unavailable {
  return new Unavailable('CONNECTION_CLOSED', 'The connection to the database is lost.');
}
