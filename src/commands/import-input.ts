import { createReadStream, type ReadStream } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkColumns, type Format, peekFormat } from '../domain/import/read-records.ts';
import { fail } from './fail.ts';

export type Input = {
  /** From the beginning; closes what was opened before. */
  open(): AsyncIterable<Buffer>;
  /** A pipe can be opened once. */
  readonly isPipe: boolean;
  /** The part that has been read, from 0 to 1; null for a pipe, whose length is unknown. */
  readonly read: () => number | null;
};

/** Null after the failure has been reported. */
export async function openInput(file: string): Promise<Input | null> {
  if (file === '-') return { open: () => process.stdin, isPipe: true, read: () => null };
  try {
    const found = await stat(file);
    let stream: ReadStream | null = null;
    return {
      open: () => {
        stream?.destroy();
        stream = createReadStream(file);
        return stream;
      },
      isPipe: !found.isFile(),
      read: () => (stream?.bytesRead ?? 0) / Math.max(found.size, 1),
    };
  } catch {
    fail(`There is no file ${file} that can be read.`);
    return null;
  }
}

type Choice = {
  readonly format: Format | null;
  readonly columns: ReadonlyMap<string, string>;
  readonly waived: ReadonlySet<string>;
};
type Settled = { readonly format: Format; readonly bytes: AsyncIterable<Buffer> };

/**
 * Runs `use` with the file's bytes once all of its columns are settled. Rejects with an
 * ImportFileError before that where some are not. The header of a CSV file is read with the rest;
 * JSON is read twice, and kept in a file without a name meanwhile where it comes from a pipe.
 */
export async function withSettledColumns(
  input: Input,
  choice: Choice,
  use: (settled: Settled) => Promise<void>,
): Promise<void> {
  const { format, whole } = await peekFormat(input.open(), choice.format);
  if (format === 'csv') return use({ format, bytes: whole });
  const spool = input.isPipe ? await keep(whole) : null;
  const again = (): AsyncIterable<Buffer> =>
    spool ? spool.createReadStream({ start: 0, autoClose: false }) : input.open();
  try {
    const silent = { onFault: () => {}, onIgnored: () => {} };
    await checkColumns(again(), { ...choice, ...silent, format });
    await use({ format, bytes: again() });
  } finally {
    await spool?.close();
  }
}

/** SECURITY: only this process can read it, and its end removes it. */
async function keep(bytes: AsyncIterable<Buffer>): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-import-'));
  const handle = await open(join(folder, 'users'), 'wx+', 0o600);
  await rm(folder, { recursive: true });
  for await (const chunk of bytes) await handle.appendFile(chunk);
  return handle;
}
