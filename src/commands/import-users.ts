import { createWriteStream, type WriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { z } from 'zod';
import type { IdentityProvider } from '../config/identity-providers.ts';
import { countsEach, type Field, fieldOf } from '../domain/import/columns.ts';
import { type ImportCounts, importUsers, type Refused } from '../domain/import/import-users.ts';
import type { IdentityRules } from '../domain/import/read-identities.ts';
import { type Format, readRecords } from '../domain/import/read-records.ts';
import { ImportFileError, printable } from '../domain/import/settled.ts';
import type { FirebaseProject } from '../domain/passwords/foreign-hash.ts';
import { fail } from './fail.ts';
import { type Input, openInput, withSettledColumns } from './import-input.ts';
import { showProgress } from './progress.ts';
import { type CommandApp, withDatabase } from './with-database.ts';

export type ImportOptions = {
  readonly format?: Format;
  /** Our names for the file's columns. */
  readonly map: readonly (readonly [string, string])[];
  /** The file's columns that are passed over. */
  readonly ignore: readonly string[];
  /** Our ids of the providers that the file names. */
  readonly mapProvider: readonly (readonly [string, string])[];
  readonly assumeVerified: boolean;
  readonly allowAdmins: boolean;
  readonly dropUnknownHashes: boolean;
  readonly dropSecondFactors: boolean;
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
  const wrong = wrongChoice(options);
  if (wrong !== null) return fail(wrong, 2);
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

/** SECURITY: of two choices for one column, the one that counts could let in whom it keeps out. */
function wrongChoice({ map, ignore }: Pick<ImportOptions, 'map' | 'ignore'>): string | null {
  const columns = new Set(ignore);
  const fields = new Set<Field>();
  for (const [column, name] of map) {
    const field = fieldOf(name);
    if (field === null) return `--map ${column}=${name}: there is no such field. See --help.`;
    if (columns.has(column)) return `--map ${column}=${name}: that column is named twice.`;
    if (fields.has(field) && !countsEach(field))
      return `--map ${column}=${name}: another column is that field already.`;
    columns.add(column);
    fields.add(field);
  }
  return null;
}

/** Null after the failure has been reported. */
function targetsOf(
  { identityProviders }: CommandApp['config'],
  { mapProvider }: Pick<ImportOptions, 'mapProvider'>,
): IdentityRules['targets'] | null {
  const targets = new Map<string, IdentityProvider>();
  for (const [name, id] of mapProvider) {
    const target = identityProviders.find((provider) => provider.id === id);
    if (target === undefined) {
      const problem = `IDENTITY_PROVIDERS_FILE has no provider ${printable(id)}.`;
      fail(`--map-provider ${printable(name)}=${printable(id)}: ${problem}`, 2);
      return null;
    }
    targets.set(name, target);
  }
  return targets;
}

async function run(
  app: CommandApp,
  input: Input,
  options: Omit<ImportOptions, 'firebase'> & { readonly firebase: FirebaseProject | null },
): Promise<void> {
  const targets = targetsOf(app.config, options);
  if (targets === null) return;
  const report = options.report === undefined ? null : createWriteStream(options.report);
  const progress = showProgress(process.stderr, input.read);
  const faults = { count: 0 };
  const tell = (refused: Refused): void => {
    const { lineNumber, field, reason } = refused;
    if (report) report.write(`${JSON.stringify({ line: lineNumber, field, reason })}\n`);
    else progress.print(`line ${lineNumber}: ${field === null ? '' : `${field} `}${reason}`);
  };
  const columns = { columns: new Map(options.map), waived: new Set(options.ignore) };
  try {
    const choice = { ...columns, format: options.format ?? null };
    await withSettledColumns(input, choice, async ({ format, bytes }) => {
      const records = readRecords(bytes, {
        ...columns,
        format,
        onFault: (lineNumber, reason) => {
          faults.count += 1;
          tell({ lineNumber, field: null, reason });
        },
        onIgnored: (names) =>
          progress.print(`ignored: ${names.map((name) => printable(name)).join(', ')}`),
      });
      const counts = await importUsers(app, records, {
        rules: { ...options, identities: { targets } },
        rehearsal: options.dryRun,
        onRefused: tell,
        onExisting: (lineNumber) => reportExisting(report, lineNumber),
        onUnmapped: (identities) => progress.print(unmappedText(identities)),
        onProgress: progress.show,
      });
      progress.stop();
      conclude({ ...counts, refused: counts.refused + faults.count }, options);
    });
  } catch (error) {
    if (!(error instanceof ImportFileError)) throw error;
    fail(error.message);
  } finally {
    progress.stop();
    await close(report);
  }
}

/** Only in the report, by line: after a run that was cut short, they are most of the file. */
function reportExisting(report: WriteStream | null, lineNumber: number): void {
  const told = { line: lineNumber, field: 'email', reason: 'has an account already' };
  report?.write(`${JSON.stringify(told)}\n`);
}

/** Most often first. */
function unmappedText(identities: ReadonlyMap<string, number>): string {
  const names = [...identities]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${printable(name)} (${count})`);
  return (
    `identities left out, by provider: ${names.join(', ')}. ` +
    '--map-provider NAME=ID says which of our providers that is.'
  );
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

async function close(report: WriteStream | null): Promise<void> {
  if (!report) return;
  report.end();
  await finished(report);
}
