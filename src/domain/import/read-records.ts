import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { fieldOf, type Line } from './read-user.ts';

/** A record and the line on which it ends. */
export type Record = { readonly lineNumber: number; readonly line: Line };
export type Format = 'csv' | 'jsonl';

type Options = {
  /** Looked up in the first characters where null. */
  readonly format: Format | null;
  /** Columns under other names than ours: the column, and our name for it. */
  readonly columns: ReadonlyMap<string, string>;
  /** Told of each line that is no record. */
  readonly onFault: (lineNumber: number, reason: string) => void;
  /** Told once of columns that mean nothing to us. */
  readonly onIgnored: (columns: readonly string[]) => void;
};

/** Characters of a record. */
const maxRecordLength = 64 * 1024;

/** The records of a CSV file with a header, or of JSON Lines, one after the other. Throws where the header cannot be used. */
export async function* readRecords(input: AsyncIterable<Buffer>, options: Options): AsyncGenerator<Record> {
  const { head, whole } = await peek(input);
  const format = options.format ?? (head.trimStart().startsWith('{') ? 'jsonl' : 'csv');
  yield* format === 'csv' ? readCsv(whole, options) : readJsonLines(whole, options);
}

/** What cannot be read at all. */
export class ImportFileError extends Error {
  override readonly name = 'ImportFileError';
}

async function peek(input: AsyncIterable<Buffer>): Promise<{ head: string; whole: Readable }> {
  const chunks = input[Symbol.asyncIterator]();
  const first = await chunks.next();
  const rest = { [Symbol.asyncIterator]: () => chunks };
  async function* again(): AsyncGenerator<Buffer> {
    if (first.done) return;
    yield first.value;
    yield* rest;
  }
  const head = first.done
    ? ''
    : first.value
        .subarray(0, 1024)
        .toString()
        .replace(/^\uFEFF/, '');
  return { head, whole: Readable.from(again(), { objectMode: false }) };
}

async function* readCsv(input: Readable, options: Options): AsyncGenerator<Record> {
  const parser = parse({
    bom: true,
    columns: (header: string[]) => fieldsOf(header, options),
    info: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: maxRecordLength,
    trim: true,
    // SECURITY: csv-parse quotes the value in its message; only the kind is told.
    on_skip: (error) => {
      options.onFault(lineOf(error), faults[error?.code ?? ''] ?? 'is no valid CSV');
    },
  });
  input.on('error', (error) => parser.destroy(error)).pipe(parser);
  try {
    for await (const { record, info } of parser) yield { lineNumber: info.lines, line: record };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new ImportFileError(`line ${lineOf(error)}: ${faults[error.code] ?? 'is no valid CSV'}`);
  }
}

const faults: { readonly [code: string]: string } = {
  CSV_RECORD_INCONSISTENT_COLUMNS: 'has more or fewer values than the header has columns',
  CSV_RECORD_INCONSISTENT_FIELDS_LENGTH: 'has more or fewer values than the header has columns',
  CSV_INVALID_CLOSING_QUOTE: 'has a quote in the wrong place',
  INVALID_OPENING_QUOTE: 'has a quote in the wrong place',
  CSV_QUOTE_NOT_CLOSED: 'opens a quote that is never closed',
  CSV_MAX_RECORD_SIZE: 'is longer than 64 KiB, perhaps since a quote before it is not closed',
};

function lineOf(error: CsvError | undefined): number {
  const lines: unknown = error && Reflect.get(error, 'lines');
  return typeof lines === 'number' ? lines : 0;
}

/** Our names for the columns of the header; what is not ours is left out. */
function fieldsOf(header: readonly string[], options: Options): (string | false)[] {
  const seen = new Set<string>();
  const ignored: string[] = [];
  const fields = header.map((column) => {
    const field = fieldOf(options.columns.get(column) ?? column);
    if (field === null || seen.has(field)) {
      ignored.push(column);
      return false;
    }
    seen.add(field);
    return field;
  });
  if (!seen.has('email'))
    throw new ImportFileError('The header has no column `email`. Name yours by --map COLUMN=email.');
  if (ignored.length > 0) options.onIgnored(ignored);
  return fields;
}

async function* readJsonLines(input: Readable, options: Options): AsyncGenerator<Record> {
  const ignored = new Set<string>();
  let lineNumber = 0;
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    lineNumber += 1;
    const trimmed = text.replace(/^\uFEFF/, '').trim();
    if (trimmed === '') continue;
    const value = trimmed.length > maxRecordLength ? null : parseObject(trimmed);
    if (value === null) options.onFault(lineNumber, 'is no JSON object on one line');
    else yield { lineNumber, line: byOurNames(value, { options, ignored }) };
  }
}

function parseObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null; // SECURITY: the error quotes the text.
  }
}

function byOurNames(value: object, { options, ignored }: { options: Options; ignored: Set<string> }): Line {
  const line = new Map<string, unknown>();
  const strange: string[] = [];
  for (const [key, entry] of Object.entries(value)) {
    const field = fieldOf(options.columns.get(key) ?? key);
    if (field !== null && !line.has(field)) line.set(field, entry);
    else if (!ignored.has(key) && ignored.size < 100) strange.push(key);
  }
  for (const key of strange) ignored.add(key);
  if (strange.length > 0) options.onIgnored(strange);
  return Object.fromEntries(line);
}
