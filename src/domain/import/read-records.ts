import { type CsvState, createCsvRecord } from './csv-record.ts';
import { readLines, type TextLine } from './read-lines.ts';
import { type Field, fieldOf, type Line } from './read-user.ts';

/** A record and the line on which it begins. */
export type Record = { readonly lineNumber: number; readonly line: Line };
export type Format = 'csv' | 'jsonl';

type Options = {
  /** Null: detected from the first characters. */
  readonly format: Format | null;
  /** Columns named differently from ours: the column, and our name for it. */
  readonly columns: ReadonlyMap<string, string>;
  /** Called for each line that is not a valid record. */
  readonly onFault: (lineNumber: number, reason: string) => void;
  /** Called once with the columns that we do not know. */
  readonly onIgnored: (columns: readonly string[]) => void;
};

/** The maximum in bytes for a line, and in characters for a record. */
const maxRecordLength = 64 * 1024;

/**
 * The records of a CSV file with a header, or of JSON Lines, one after the other. Holds at most one
 * record in memory, whatever the file is. Throws an ImportFileError where the file cannot be read
 * at all.
 */
export async function* readRecords(
  input: AsyncIterable<Buffer>,
  options: Options,
): AsyncGenerator<Record> {
  const { head, whole } = await peek(input);
  const format = options.format ?? formatOf(head);
  const lines = readLines(whole, maxRecordLength);
  yield* format === 'csv' ? readCsv(lines, options) : readJsonLines(lines, options);
}

/** A file that cannot be read at all. */
export class ImportFileError extends Error {
  override readonly name = 'ImportFileError';
}

async function peek(
  input: AsyncIterable<Buffer>,
): Promise<{ head: Buffer; whole: AsyncIterable<Buffer> }> {
  const chunks = input[Symbol.asyncIterator]();
  const begun: Buffer[] = [];
  for (let length = 0; length < 1024; ) {
    const next = await chunks.next();
    if (next.done) break;
    begun.push(next.value);
    length += next.value.length;
  }
  const rest = { [Symbol.asyncIterator]: () => chunks };
  async function* again(): AsyncGenerator<Buffer> {
    yield* begun;
    yield* rest;
  }
  return { head: Buffer.concat(begun).subarray(0, 1024), whole: again() };
}

/** Detects the format, and says how to convert one that is not supported. */
function formatOf(head: Buffer): Format {
  if (head.length === 0) throw new ImportFileError('There is nothing in it.');
  const signature = head.subarray(0, 2).toString('hex');
  if (signature === '1f8b')
    throw new ImportFileError('It is compressed. Try: gunzip -c FILE | latchkey import-users -');
  if (signature === '504b')
    throw new ImportFileError('It is a spreadsheet or an archive. Save it as CSV in UTF-8.');
  if (signature === 'fffe' || signature === 'feff')
    throw new ImportFileError('It is UTF-16. Save it as UTF-8.');
  const text = head
    .toString()
    .replace(/^\uFEFF/, '')
    .trimStart();
  if (text.startsWith('['))
    throw new ImportFileError(`It is one JSON array. Try: jq -c '.[]' FILE ${piped}`);
  if (/^\{\s*"users"\s*:\s*\[/.test(text)) {
    throw new ImportFileError(`It is one JSON document. Try: jq -c '.users[]' FILE ${piped}`);
  }
  return text.startsWith('{') ? 'jsonl' : 'csv';
}

const piped = '| latchkey import-users -';

const tooLong = 'is longer than 64 KiB';
const neverClosed = 'opens a quote that is never closed';

async function* readCsv(lines: AsyncIterator<TextLine>, options: Options): AsyncGenerator<Record> {
  /** Lines that an invalid record consumed, to be read again. */
  const returned: TextLine[] = [];
  const nextLine = async (): Promise<TextLine | null> => {
    const line = returned.shift();
    if (line) return line;
    const next = await lines.next();
    return next.done ? null : next.value;
  };
  const header = await nextLine();
  if (!header?.text)
    throw new ImportFileError(
      `line 1 ${header ? tooLong : 'is missing'}: it must name the columns.`,
    );
  const { delimiter, fields } = readHeader(header.text, options);

  for (let line = await nextLine(); line; line = await nextLine()) {
    const { lineNumber } = line;
    const taken: TextLine[] = [];
    const feed = createCsvRecord(delimiter);
    let length = 0;
    let state: CsvState = { kind: 'open' };
    for (let current: TextLine | null = line; ; current = await nextLine()) {
      if (current === null) state = { kind: 'fault', reason: neverClosed };
      else if (current.text === null)
        state = { kind: 'fault', reason: taken.length > 0 ? neverClosed : tooLong };
      else {
        length += current.text.length + 1;
        state =
          length > maxRecordLength ? { kind: 'fault', reason: neverClosed } : feed(current.text);
      }
      if (current) taken.push(current);
      if (state.kind !== 'open') break;
    }
    if (state.kind === 'fault') {
      options.onFault(lineNumber, state.reason);
      returned.unshift(...taken.slice(1));
    } else if (state.kind === 'record') {
      const { values } = state;
      if (values.length === 1 && values[0]?.trim() === '') continue;
      if (values.length === fields.length) yield { lineNumber, line: byField(fields, values) };
      else options.onFault(lineNumber, 'has more or fewer values than the header has columns');
    }
  }
}

/**
 * Commas, unless the header makes sense only with semicolons or tabs, which spreadsheets write in
 * some locales.
 */
function readHeader(
  text: string,
  options: Options,
): { delimiter: string; fields: readonly (Field | null)[] } {
  const delimiter =
    delimiters.find((each) => columnsOf(text, each).some((column) => isEmail(column, options))) ??
    ',';
  return { delimiter, fields: fieldsOf(columnsOf(text, delimiter), options) };
}

const delimiters = [',', ';', '\t'];

function columnsOf(text: string, delimiter: string): readonly string[] {
  const state = createCsvRecord(delimiter)(text);
  return state.kind === 'record' ? state.values.map((value) => value.trim()) : [];
}

function isEmail(column: string, options: Options): boolean {
  return fieldOf(options.columns.get(column) ?? column) === 'email';
}

function byField(fields: readonly (Field | null)[], values: readonly string[]): Line {
  const line: { [Name in Field]?: string } = {};
  for (const [index, field] of fields.entries())
    if (field !== null) line[field] = values[index] ?? '';
  return line;
}

/** Our names for the columns of the header; null for an unknown column. */
function fieldsOf(header: readonly string[], options: Options): (Field | null)[] {
  const seen = new Set<string>();
  const ignored: string[] = [];
  const fields = header.map((column) => {
    const field = fieldOf(options.columns.get(column) ?? column);
    if (field === null || seen.has(field)) {
      ignored.push(column);
      return null;
    }
    seen.add(field);
    return field;
  });
  if (!seen.has('email'))
    throw new ImportFileError(
      'The header has no column `email`. Name yours by --map COLUMN=email.',
    );
  if (ignored.length > 0) options.onIgnored(ignored);
  return fields;
}

async function* readJsonLines(
  lines: AsyncIterable<TextLine>,
  options: Options,
): AsyncGenerator<Record> {
  const ignored = new Set<string>();
  for await (const { lineNumber, text } of lines) {
    if (text?.trim() === '') continue;
    const value = text === null ? null : parseObject(text);
    if (value === null)
      options.onFault(lineNumber, text === null ? tooLong : 'is no JSON object on one line');
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

function byOurNames(
  value: object,
  { options, ignored }: { options: Options; ignored: Set<string> },
): Line {
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
