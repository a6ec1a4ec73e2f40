import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { z } from 'zod';
import { type ImportCounts, importUsers, type Refused } from '../domain/import/import-users.ts';
import { ImportFileError, readRecords } from '../domain/import/read-records.ts';
import { fieldOf } from '../domain/import/read-user.ts';
import type { FirebaseProject } from '../domain/passwords/foreign-hash.ts';
import { fail } from './fail.ts';
import { showProgress } from './progress.ts';
import { type CommandApp, withDatabase } from './with-database.ts';

export type ImportOptions = {
  readonly format?: 'csv' | 'jsonl';
  /** Our names for the file's columns. */
  readonly map: readonly (readonly [string, string])[];
  readonly assumeVerified: boolean;
  readonly allowAdmins: boolean;
  readonly dropUnknownHashes: boolean;
  readonly firebase?: string;
  readonly report?: string;
  readonly dryRun: boolean;
  readonly json?: boolean;
};

/** Statement timeout of an import: a batch of hundreds takes longer than a request's statement. */
const statementTimeoutMs = 60_000;

/**
 * Imports users from a file or from standard input. The exit status is 1 when a line was left out.
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

  await withDatabase('import', (app) => run(app, input, { ...options, firebase }), {
    maxConnections: 4,
    statementTimeoutMs,
  });
}

async function run(
  app: CommandApp,
  input: Input,
  options: Omit<ImportOptions, 'firebase'> & { readonly firebase: FirebaseProject | null },
): Promise<void> {
  const report = options.report === undefined ? null : createWriteStream(options.report);
  const progress = showProgress(process.stderr, input.read);
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
        firebase: options.firebase,
      },
      rehearsal: options.dryRun,
      onRefused: tell,
      // Only in the report, by line: after a run that was cut short, existing accounts are most
      // of the file.
      onExisting: (lineNumber) => {
        report?.write(
          `${JSON.stringify({
            line: lineNumber,
            field: 'email',
            reason: 'has an account already',
          })}\n`,
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
}

function conclude(
  counts: ImportCounts,
  { dryRun, json }: Pick<ImportOptions, 'dryRun' | 'json'>,
): void {
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
  /** The part that has been read, from 0 to 1; null for a pipe, whose length is unknown. */
  readonly read: () => number | null;
};

async function openInput(file: string): Promise<Input | null> {
  if (file === '-') return { bytes: process.stdin, read: () => null };
  try {
    const { size } = await stat(file);
    const bytes = createReadStream(file);
    return { bytes, read: () => bytes.bytesRead / Math.max(size, 1) };
  } catch {
    fail(`There is no file ${file} that can be read.`);
    return null;
  }
}

/** The names that Firebase's console shows, or those of its API. */
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

/** Undefined after the failure has been reported. */
async function readFirebaseProject(file: string): Promise<FirebaseProject | undefined> {
  try {
    return firebaseFile.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    // SECURITY: the parser's errors quote the file, which holds a key.
    fail(
      '--firebase must name a JSON file with base64_signer_key, base64_salt_separator, ' +
        'rounds and mem_cost.',
      2,
    );
    return undefined;
  }
}

/** A file name from the caller, made safe for a terminal. */
function printable(text: string): string {
  return text.replace(/[\p{C}\p{Z}]+/gu, ' ').slice(0, 60);
}

async function close(report: WriteStream | null): Promise<void> {
  if (!report) return;
  report.end();
  await finished(report);
}
