import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, idleTimeout } from './connection.ts';

const lifetimeMs = 30 * 60_000;
/** Milliseconds that a closing pool leaves to running statements. */
const closeMs = 5000;

/** The connections of a pool: those in use, and those that wait for the next statement. */
export class OpenConnections {
  readonly #open = new Set<Connection>();
  /** The last one used is used next. */
  readonly #idle: Connection[] = [];

  add(connection: Connection): void {
    this.#open.add(connection);
  }

  /** Skips a connection that is about to close because it is idle. */
  takeIdle(): Connection | undefined {
    const latest = performance.now() - (idleTimeout * 1000) / 2;
    for (let next = this.#idle.pop(); next; next = this.#idle.pop()) {
      if (!next.isLost && next.idleSince > latest) return next;
      this.#drop(next);
    }
    return undefined;
  }

  giveBack(connection: Connection): void {
    const now = performance.now();
    const isOld = now - connection.openedAt > lifetimeMs;
    if (connection.isLost || connection.isRetired || isOld) this.#drop(connection);
    else {
      connection.idleSince = now;
      this.#idle.push(connection);
    }
  }

  dropIdle(): void {
    for (const connection of this.#idle.splice(0)) this.#drop(connection);
  }

  /** Closes every connection, those in use when they are given back. */
  retire(): void {
    this.dropIdle();
    for (const connection of this.#open) connection.isRetired = true;
  }

  async close(): Promise<void> {
    this.retire();
    for (let waited = 0; this.#open.size > 0 && waited < closeMs; waited += 20) await sleep(20);
    for (const connection of this.#open) this.#drop(connection);
  }

  #drop(connection: Connection): void {
    this.#open.delete(connection);
    connection.close();
  }
}
