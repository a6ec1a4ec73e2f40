import {
  closeSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { ListFault, type ListFormat, readList } from '../domain/passwords/breached-list.ts';
import { buildFilter } from '../domain/passwords/build-filter.ts';
import { fail, tell } from './fail.ts';

export type BuildOptions = {
  readonly output: string;
  readonly format?: ListFormat;
  readonly top?: number;
};

const chunkBytes = 1024 * 1024;
/** Bytes: a longer line is no password, and perhaps no list at all. */
const longestLine = 64 * 1024;
/** Lines after which standard error says how many have been read. */
const stride = 10_000_000;

/**
 * Writes the filter file that BREACHED_PASSWORDS_FILE names. It takes its name once it is complete,
 * so that no server reads half of it.
 */
export async function buildBreachedPasswords(list: string, options: BuildOptions): Promise<void> {
  if (!statSync(list, { throwIfNoEntry: false })?.isFile())
    return fail(`There is no file ${list}; it is read twice and cannot come from a pipe.`);
  const { output, format = null, top = null } = options;
  const unfinished = `${output}.${process.pid}`;
  try {
    const { file, count, listed } = buildFilter(() => readList(linesOf(list), format), { top });
    writeFileSync(unfinished, file);
    renameSync(unfinished, output);
    const part = count === listed ? '' : ` of ${listed}`;
    const size = (file.length / 1e6).toFixed(1);
    process.stdout.write(`${output}: ${count}${part} passwords, ${size} MB\n`);
  } catch (error) {
    rmSync(unfinished, { force: true });
    if (error instanceof ListFault) return fail(error.message);
    const code = error instanceof Error ? (Reflect.get(error, 'code') ?? error.message) : 'unknown';
    fail(`It failed: ${String(code)}`);
  }
}

/** The lines of a file. A line is good until the next one is asked for. */
function* linesOf(path: string): Generator<Buffer> {
  const descriptor = openSync(path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    let kept = 0;
    let number = 0;
    for (;;) {
      const read = readSync(descriptor, chunk, kept, chunkBytes - kept, null);
      const filled = chunk.subarray(0, kept + read);
      let start = 0;
      for (let end = filled.indexOf(10); end >= 0; end = filled.indexOf(10, start)) {
        number += 1;
        if (number % stride === 0) tell(`${number} lines read`);
        yield filled.subarray(start, end);
        start = end + 1;
      }
      if (read === 0) {
        if (start < filled.length) yield filled.subarray(start);
        return;
      }
      kept = filled.copy(chunk, 0, start);
      if (kept > longestLine) throw new ListFault(`Line ${number + 1} is too long for a list.`);
    }
  } finally {
    closeSync(descriptor);
  }
}
