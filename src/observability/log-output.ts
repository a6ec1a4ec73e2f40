import { fstatSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';

/** A place for lines that never throws and never waits. */
export type LogOutput = {
  write(line: string): void;
  /** Lines that could not be written. */
  readonly dropped: number;
  /** Waits for lines that a pipe has not taken yet, for a second at most. */
  flush(): Promise<void>;
};

/** Characters that wait for a reader of the pipe; beyond that, lines are dropped. */
const mostWaiting = 1024 * 1024;
const flushTimeout = 1000;

/**
 * Standard output for the log. Logging decides nothing: where the disk is full, the pipe closed or
 * nobody reads it, lines are dropped and counted, and standard error says so once.
 */
class StandardOutput implements LogOutput {
  dropped = 0;
  readonly #isStream = isStream(1);
  #isClosed = false;
  /** Whether the last line broke off. */
  #isTorn = false;
  #hasComplained = false;

  constructor() {
    if (!this.#isStream) return;
    process.stdout.on('error', (error) => {
      this.#isClosed = true;
      this.#drop(codeOf(error));
    });
  }

  write(line: string): void {
    // Node writes to pipes without waiting, and keeps what they do not take.
    if (!this.#isStream) this.#writeFile(line);
    else if (this.#isClosed) this.#drop('EPIPE');
    else if (process.stdout.writableLength > mostWaiting) this.#drop('nobody reads it');
    else process.stdout.write(line);
  }

  async flush(): Promise<void> {
    for (let waited = 0; waited < flushTimeout; waited += 10) {
      if (!this.#isStream || this.#isClosed || process.stdout.writableLength === 0) return;
      await sleep(10);
    }
  }

  /** A stream would be destroyed by its first error, and the disk may have room again later. */
  #writeFile(line: string): void {
    const bytes = Buffer.from(this.#isTorn ? `\n${line}` : line);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(1, bytes, written);
      this.#isTorn = false;
    } catch (error) {
      this.#isTorn ||= written > 0;
      this.#drop(codeOf(error));
    }
  }

  #drop(why: string): void {
    this.dropped += 1;
    if (this.#hasComplained) return;
    this.#hasComplained = true;
    process.stderr.write(
      `latchkey: the log cannot be written to standard output (${why}). The server goes on; ` +
        'lines are dropped, and latchkey_log_lines_dropped_total counts them.\n',
    );
  }
}

/** Pipes, sockets and terminals; anything else is written like a file. */
function isStream(descriptor: number): boolean {
  const kind = fstatSync(descriptor);
  return kind.isFIFO() || kind.isSocket() || isatty(descriptor);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'it failed';
}

let made: LogOutput | undefined;

/** The one of this process. */
export function standardOutput(): LogOutput {
  made ??= new StandardOutput();
  return made;
}

/**
 * Keeps a standard stream that cannot be written from ending the process: `latchkey doctor | head`
 * goes on to its own exit status. Calls `failed` once where the output was lost to anything but a
 * reader who has gone.
 */
export function outliveStandardStreams(failed: (code: string) => void): void {
  process.stderr.on('error', () => {});
  process.stdout.once('error', (error) => {
    if (codeOf(error) !== 'EPIPE') failed(codeOf(error));
    process.stdout.on('error', () => {});
  });
}
