import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { type Options as BarOptions, SingleBar } from 'cli-progress';
import { z } from 'zod';
import { type ImportCounts, importUsers, type Refused } from '../domain/import/import-users.ts';
import { ImportFileError, readRecords } from '../domain/import/read-records.ts';
import { fieldOf } from '../domain/import/read-user.ts';
import type { FirebaseProject } from '../domain/passwords/foreign-hash.ts';
import { fail } from './fail.ts';
import { withDatabase } from './with-database.ts';

export type ImportOptions = {
  readonly format?: 'csv' | 'jsonl';
  /** Columns and our names for them. */
  readonly map: readonly (readonly [string, string])[];
  readonly assumeVerified: boolean;
  readonly allowAdmins: boolean;
  readonly dropUnknownHashes: boolean;
  readonly firebase?: string;
  readonly report?: string;
  readonly dryRun: boolean;
  readonly json?: boolean;
};

/** Statements of an import: a batch of hundreds takes longer than a request's. */
const statementTimeoutMs = 60_000;

/**
 * Brings users in from a file or from standard input. The exit status is 1 where a line was left
 * out.
 */
export async function importUsersFrom(file: string, options: ImportOptions): Promise<void> {
  const strange = options.map.find(([, field]) => fieldOf(field) === null);
  if (strange)
    return fail(`--map ${strange[0]}=${strange[1]}: there is no such field. See --help.`, 2);
  const firebase =
    options.firebase === undefined ? null : await readFirebaseProject(options.firebase);
  if (firebase === undefined) return;
  const input = await openInput(file);
  if (!input) return;

  await withDatabase(
    'import',
    async (app) => {
      const report = options.report === undefined ? null : createWriteStream(options.report);
      const progress = showProgress(input);
      const faults = { count: 0 };
      const tell = (refused: Refused): void => {
        const { lineNumber, field, reason } = refused;
        if (report) report.write(`${JSON.stringify({ line: lineNumber, field, reason })}\n`);
        else progress.print(`line ${lineNumber}: ${field === null ? '' : `${field} `}${reason}`);
      };
      try {
        const records = readRecords(input.bytes, {
          format: options.format ?? null,
          columns: new Map(options.map),
          onFault: (lineNumber, reason) => {
            faults.count += 1;
            tell({ lineNumber, field: null, reason });
          },
          onIgnored: (columns) => progress.print(`ignored: ${columns.map(printable).join(', ')}`),
        });
        const counts = await importUsers(app, records, {
          rules: {
            assumeVerified: options.assumeVerified,
            allowAdmins: options.allowAdmins,
            dropUnknownHashes: options.dropUnknownHashes,
            firebase,
          },
          rehearsal: options.dryRun,
          onRefused: tell,
          // By line in the report alone: after a run that was cut short it is most of the file.
          onExisting: (lineNumber) => {
            report?.write(
              `${JSON.stringify({ line: lineNumber, field: 'email', reason: 'has an account already' })}\n`,
            );
          },
          onProgress: progress.show,
        });
        progress.stop();
        conclude({ ...counts, refused: counts.refused + faults.count }, options);
      } catch (error) {
        if (!(error instanceof ImportFileError)) throw error;
        fail(error.message);
      } finally {
        progress.stop();
        await close(report);
      }
    },
    { maxConnections: 4, statementTimeoutMs },
  );
}

function conclude(counts: ImportCounts, { dryRun, json }: ImportOptions): void {
  if (json) process.stdout.write(`${JSON.stringify({ ...counts, dryRun })}\n`);
  else {
    const { imported, existing, refused } = counts;
    const verb = dryRun ? 'would be imported' : 'imported';
    process.stdout.write(
      `${imported} ${verb}, ${existing} had an account already, ${refused} left out.\n`,
    );
  }
  if (counts.refused > 0) process.exitCode = 1;
}

type Input = {
  readonly bytes: AsyncIterable<Buffer>;
  /** Null for a pipe. */
  readonly size: number | null;
  readonly position: () => number;
};

async function openInput(file: string): Promise<Input | null> {
  let position = 0;
  const counted = async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      position += chunk.length;
      yield chunk;
    }
  };
  if (file === '-') return { bytes: counted(process.stdin), size: null, position: () => position };
  try {
    const { size } = await stat(file);
    return { bytes: counted(createReadStream(file)), size, position: () => position };
  } catch {
    fail(`There is no file ${file} that can be read.`);
    return null;
  }
}

/** As Firebase's console shows them, or as its API names them. */
const firebaseFile = z
  .looseObject({
    base64_signer_key: z.string().optional(),
    signerKey: z.string().optional(),
    base64_salt_separator: z.string().optional(),
    saltSeparator: z.string().optional(),
    rounds: z.coerce.number(),
    mem_cost: z.coerce.number().optional(),
    memoryCost: z.coerce.number().optional(),
  })
  .transform((value) => ({
    signerKey: value.base64_signer_key ?? value.signerKey ?? '',
    saltSeparator: value.base64_salt_separator ?? value.saltSeparator ?? '',
    rounds: value.rounds,
    memoryCost: value.mem_cost ?? value.memoryCost ?? Number.NaN,
  }))
  .refine(({ signerKey, memoryCost }) => signerKey !== '' && Number.isInteger(memoryCost));

/** Undefined where it was said that the file is of no use. */
async function readFirebaseProject(file: string): Promise<FirebaseProject | undefined> {
  try {
    return firebaseFile.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    // SECURITY: the errors quote the file, which holds a key.
    fail(
      '--firebase must name a JSON file with base64_signer_key, base64_salt_separator, rounds and mem_cost.',
      2,
    );
    return undefined;
  }
}

type Progress = {
  readonly show: (counts: ImportCounts) => void;
  /** A line on standard error, above the bar. */
  readonly print: (line: string) => void;
  readonly stop: () => void;
};

/**
 * A bar on standard error where that is a terminal; a pipe of unknown length is counted without
 * one.
 */
function showProgress(input: Input): Progress {
  const print = (line: string): void => void process.stderr.write(`${line}\n`);
  if (!process.stderr.isTTY) return { show: () => {}, print, stop: () => {} };
  const format =
    input.size === null
      ? '{imported} imported, {existing} existing, {refused} left out'
      : '[{bar}] {percentage}% | {imported} imported, {existing} existing, {refused} left out | {eta_formatted} to go';
  const settings: BarOptions = {
    format,
    stream: process.stderr,
    etaBuffer: 100,
    hideCursor: true,
    clearOnComplete: false,
  };
  const bar = new SingleBar(settings);
  const none: ImportCounts = { imported: 0, existing: 0, refused: 0 };
  bar.start(input.size ?? 1, 0, none);
  return {
    show: (counts) => bar.update(input.size === null ? 0 : input.position(), counts),
    print: (line) => {
      process.stderr.write(`\r\u001b[K${line}\n`);
    },
    stop: () => bar.stop(),
  };
}

/** A name out of somebody's file, fit for a terminal. */
function printable(text: string): string {
  return text.replace(/[\p{C}\p{Z}]+/gu, ' ').slice(0, 60);
}

async function close(report: WriteStream | null): Promise<void> {
  if (!report) return;
  report.end();
  await finished(report);
}
