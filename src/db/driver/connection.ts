import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { cancelQuery } from './cancel-query.ts';
import { Unavailable } from './failures.ts';

/** The end of the operation that statements are made for; an AbortSignal is one. */
export type Over = {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
};

export type ConnectionOptions = {
  /** Of one host. */
  readonly url: string;
  readonly applicationName: string;
  /** Milliseconds after which the server ends a statement (AV-3). */
  readonly statementTimeoutMs: number;
  /** Whether a statement is parsed and planned once, by its text. */
  readonly isPrepared: (text: string) => boolean;
  /** Called where the host takes no writes (any more). */
  readonly onWriteRefused?: () => void;
};

export type Parameters = readonly unknown[];

/** Seconds. */
const connectTimeout = 5;
/** Seconds after which a connection that nothing uses closes by itself. */
export const idleTimeout = 60;
/** Milliseconds beyond a statement's time after which a silent host is taken for dead. */
const silenceMs = 2000;
/** SQLSTATE read_only_sql_transaction: a standby, or a primary that is about to hand over. */
const writeRefused = '25006';

/**
 * One connection: a client of postgres.js that may open one and is never asked again once that has
 * closed. So nothing is met of what the driver does when it connects anew (decision 097).
 */
export class Connection {
  readonly openedAt = performance.now();
  idleSince = 0;
  /** Whether it has closed or failed: then nothing is asked over it any more. */
  isLost = false;
  /** Whether it is closed when it is given back. */
  isRetired = false;
  readonly #options: ConnectionOptions;
  readonly #sql: postgres.Sql;
  #onLost: ((error: Error) => void) | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { hostname, port } = new URL(options.url);
    this.#sql = postgres(options.url, {
      // As lists, which its types do not tell of: text is taken apart at the colons of IPv6.
      host: [hostname.replace(/^\[|\]$/g, '') || 'localhost'] as unknown as string,
      port: [port === '' ? 5432 : Number(port)] as unknown as number,
      max: 1,
      connect_timeout: connectTimeout,
      idle_timeout: idleTimeout,
      // It would end a connection within a transaction.
      max_lifetime: null,
      // A failure of the driver's own statement for types ends the process (porsager/postgres#1192).
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
    // It teaches the client how to read values.
    drizzle(this.#sql);
  }

  /** The rows of a statement, each a list of values. When `over` is aborted it is cancelled. */
  async ask(text: string, parameters: Parameters = [], over?: Over | null): Promise<unknown[][]> {
    if (this.isLost) throw lost();
    const { isPrepared, statementTimeoutMs, onWriteRefused } = this.#options;
    // biome-ignore lint/plugin: the text is drizzle's, with its parameters beside it.
    const query = this.#sql.unsafe(text, [...parameters] as postgres.ParameterOrJSON<never>[], {
      prepare: isPrepared(text),
    });
    const cancel = (): void => cancelQuery(query);
    over?.addEventListener('abort', cancel);
    // A machine that vanishes does not end the connection, and TCP waits for it for a quarter of an
    // hour. A server would have ended the statement by then.
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

  /** The result of `work`; rejects at once where the connection is lost meanwhile. */
  whileOpen<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#onLost = reject;
      work.then(resolve, reject);
    });
  }

  /** What still runs is rejected. */
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
