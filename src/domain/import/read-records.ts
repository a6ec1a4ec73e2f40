import { type Choice, Columns, countsEach, type Field } from './columns.ts';
import { type Column, readHeader } from './csv-header.ts';
import { type CsvState, createCsvRecord } from './csv-record.ts';
import { readJsonDocument } from './json-document.ts';
import { readNested } from './nested-columns.ts';
import { readLines, type TextLine } from './read-lines.ts';
import type { Line } from './read-user.ts';
import { assertSettled, assertThere, ImportFileError, openReason } from './settled.ts';
import { usualShape } from './shapes.ts';

/** A record and the line on which it begins. */
export type Record = { readonly lineNumber: number; readonly line: Line };
export type Format = 'csv' | 'jsonl' | 'json';

type Options = {
  /** Null: detected from the first characters. */
  readonly format: Format | null;
  /** Columns named differently from ours: the column, and our name for it. */
  readonly columns: ReadonlyMap<string, string>;
  /** Columns that the operator passes over, whatever their names. */
  readonly waived?: ReadonlySet<string>;
  /** Called for each line that is not a valid record. */
  readonly onFault: (lineNumber: number, reason: string) => void;
  /** Called once with the columns that we do not know. */
  readonly onIgnored: (columns: readonly string[]) => void;
};

/** The maximum in bytes for a line, and in characters for a record. */
const maxRecordLength = 64 * 1024;

type Reading = Options & { readonly known: Columns; readonly choice: Choice };

/**
 * The records of a CSV file with a header, of JSON Lines or of a JSON document, one after the
 * other. Holds at most one record in memory, whatever the file is. Throws an ImportFileError where
 * the file cannot be read at all, or has columns that look as if they kept people out and that
 * nobody has settled.
 */
export async function* readRecords(
  input: AsyncIterable<Buffer>,
  options: Options,
): AsyncGenerator<Record> {
  const { known, records } = open(await peekFormat(input, options.format), options);
  for await (const record of records) {
    assertSettled(known.unsettled);
    yield record;
  }
}

/**
 * Throws as readRecords does where columns are not settled, before any record is used, and where a
 * column is in none: in JSON each record has its own, so all of them are read.
 */
export async function checkColumns(input: AsyncIterable<Buffer>, options: Options): Promise<void> {
  const silent = { ...options, onFault: () => {}, onIgnored: () => {} };
  const peeked = await peekFormat(input, options.format);
  const { known, records } = open(peeked, silent);
  for await (const _ of records);
  assertSettled(known.unsettledAtEnd);
  if (peeked.format !== 'csv') assertThere(known.missing, choiceOf(options));
}

function choiceOf({ columns, waived = new Set() }: Options): Choice {
  return { mapped: columns, waived };
}

/** The format that is given, or detected from the first bytes; and the same input. */
export async function peekFormat(
  input: AsyncIterable<Buffer>,
  format: Format | null,
): Promise<{ readonly format: Format; readonly whole: AsyncIterable<Buffer> }> {
  const { head, whole } = await peek(input);
  return { format: format ?? formatOf(head), whole };
}

function open(
  { format, whole }: { readonly format: Format; readonly whole: AsyncIterable<Buffer> },
  options: Options,
): { readonly known: Columns; readonly records: AsyncGenerator<Record> } {
  const choice = choiceOf(options);
  const known = new Columns(choice);
  const reading = { ...options, known, choice };
  if (format === 'csv')
    return { known, records: readCsv(readLines(whole, maxRecordLength), reading) };
  const [read, fault] =
    format === 'json'
      ? ([readJsonDocument, 'is no whole JSON object'] as const)
      : ([readLines, 'is no JSON object on one line'] as const);
  return { known, records: readJson(read(whole, maxRecordLength), { ...reading, fault }) };
}

async function peek(
  input: AsyncIterable<Buffer>,
): Promise<{ head: Buffer; whole: AsyncIterable<Buffer> }> {
  const chunks = input[Symbol.asyncIterator]();
  const begun: Buffer[] = [];
  for (let length = 0; length < maxRecordLength; ) {
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
  return { head: Buffer.concat(begun).subarray(0, maxRecordLength), whole: again() };
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
  if (text.startsWith('[')) return 'json';
  return text.startsWith('{') ? jsonFormatOf(text) : 'csv';
}

/** JSON Lines where the first line is a whole object, and not one that holds a list of users. */
function jsonFormatOf(text: string): Format {
  const [line = '', second = ''] = text.split('\n', 2);
  const first = parseObject(line);
  if (first === null) return /\}\s*$/.test(line) || second.startsWith('{') ? 'jsonl' : 'json';
  return Object.entries(first).some(([key, value]) => isUsers(key) && Array.isArray(value))
    ? 'json'
    : 'jsonl';
}

function isUsers(key: string): boolean {
  return key.toLowerCase() === 'users';
}

const tooLong = 'is longer than 64 KiB';
const neverClosed = 'opens a quote that is never closed';

async function* readCsv(lines: AsyncIterator<TextLine>, options: Reading): AsyncGenerator<Record> {
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
  const { delimiter, columns, isData } = readHeader(header.text, options);
  if (isData) returned.push(header);

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
      if (values.length !== columns.length) {
        options.onFault(lineNumber, 'has more or fewer values than the header has columns');
        continue;
      }
      const { entries, open } = readInside(columns, { values, choice: options.choice });
      if (open === undefined) yield { lineNumber, line: lineOf(entries) };
      else options.onFault(lineNumber, openReason(open));
    }
  }
}

/**
 * What a record says, and a column inside of the JSON in one of its values that looks as if it kept
 * people out: only the record itself shows it.
 */
function readInside(
  columns: readonly Column[],
  { values, choice }: { values: readonly string[]; choice: Choice },
): { readonly entries: [Field | null, unknown][]; readonly open: string | undefined } {
  const own = columns.map(({ field }, index): [Field | null, unknown] => [
    field,
    values[index] ?? '',
  ]);
  const json = columns.flatMap(({ name, field }, index) => {
    const value = values[index] ?? '';
    return field === null && /^[[{]/.test(value) ? [{ name, value }] : [];
  });
  if (json.length === 0) return { entries: own, open: undefined };
  const known = new Columns(choice);
  const inside = json.flatMap(({ name, value }) =>
    known.isChosen(name) ? [] : readNested(name, { value, known }),
  );
  return { entries: [...inside, ...own], open: known.unsettled[0] };
}

/** The first value of each field, and all of those that count together. */
function lineOf(entries: Iterable<readonly [Field | null, unknown]>): Line {
  const line: { [Name in Field]?: unknown } = {};
  const also: [Field, unknown][] = [];
  for (const [field, value] of entries) {
    if (field === null) continue;
    for (const each of valuesOf(field, value)) {
      if (!Object.hasOwn(line, field)) line[field] = each;
      else if (countsEach(field)) also.push([field, each]);
    }
  }
  return also.length > 0 ? { ...line, also } : line;
}

/** SECURITY: of a list that decides who may sign in each value counts; an empty one is none. */
function valuesOf(field: Field, value: unknown): readonly unknown[] {
  if (!Array.isArray(value) || !countsEach(field) || field === 'secondFactor') return [value];
  return value.length > 0 ? value : [null];
}

async function* readJson(
  texts: AsyncIterable<TextLine>,
  options: Reading & { readonly fault: string },
): AsyncGenerator<Record> {
  const ignored = new Set<string>();
  for await (const { lineNumber, text } of texts) {
    if (text?.trim() === '') continue;
    const value = text === null ? null : parseObject(text);
    if (value === null) options.onFault(lineNumber, text === null ? tooLong : options.fault);
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
  { options, ignored }: { options: Reading; ignored: Set<string> },
): Line {
  const { known, choice } = options;
  const chosen: [Field, unknown][] = [];
  const told: [Field, unknown][] = [];
  const strange: string[] = [];
  for (const [key, entry] of Object.entries(usualShape(value))) {
    const field = known.fieldOf(key);
    const isFirst = (): boolean => ![...chosen, ...told].some(([name]) => name === field);
    if (field !== null && choice.mapped.has(key)) chosen.push([field, entry]);
    else if (field !== null && (countsEach(field) || isFirst())) told.push([field, entry]);
    else if (!ignored.has(key) && ignored.size < 100) strange.push(key);
    if (field === null && !known.isChosen(key))
      chosen.push(...readNested(key, { value: entry, known }));
  }
  for (const key of strange) ignored.add(key);
  if (strange.length > 0) options.onIgnored(strange);
  return lineOf([...chosen, ...told]);
}
