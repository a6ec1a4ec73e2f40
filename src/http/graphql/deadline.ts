import type { Over } from '../../db/driver/connection.ts';
import { AuthError } from '../../errors.ts';

/**
 * The time that an operation has (GQ-15). When it is over, the operation's statements are cancelled
 * and it can begin no more: an open transaction is rolled back, and what it still computes changes
 * nothing. Not an AbortController: making one costs more than a look-up's way through the pool.
 */
export class Deadline implements Over {
  readonly #listeners = new Set<() => void>();
  #isOver = false;

  get aborted(): boolean {
    return this.#isOver;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }

  /** The work's result, or OVERLOADED once the time is over. */
  bound<T>(work: Promise<T>, milliseconds: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#end();
        reject(new AuthError('OVERLOADED', { retryAfter: 1 }));
      }, milliseconds);
      work.then(
        (result) => {
          clearTimeout(timer);
          resolve(result);
        },
        (error: unknown) => {
          clearTimeout(timer);
          reject(error);
        },
      );
    });
  }

  #end(): void {
    this.#isOver = true;
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}
