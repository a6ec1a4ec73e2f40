import { describe, expect, it } from 'vitest';
import { type Format, type Record, readRecords } from './read-records.ts';
import { ImportFileError } from './settled.ts';

type Read = {
  readonly records: Record[];
  readonly faults: [number, string][];
  readonly ignored: string[];
};

async function read(
  input: string | Buffer | AsyncIterable<Buffer>,
  format: Format | null = null,
): Promise<Read> {
  const bytes =
    typeof input === 'string' || Buffer.isBuffer(input) ? inPieces(Buffer.from(input)) : input;
  const read: Read = { records: [], faults: [], ignored: [] };
  const records = readRecords(bytes, {
    format,
    columns: new Map(),
    onFault: (lineNumber, reason) => read.faults.push([lineNumber, reason]),
    onIgnored: (columns) => read.ignored.push(...columns),
  });
  for await (const record of records) read.records.push(record);
  return read;
}

/** Cut in the middle of lines and characters. */
async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += 7) yield bytes.subarray(start, start + 7);
}

const emails = ({ records }: Read): unknown[] => records.map(({ line }) => line.email);

describe('the records of a file', () => {
  it.each([
    ['nothing', Buffer.alloc(0), /nothing in it/],
    ['gzip', Buffer.from('1f8b0800', 'hex'), /gunzip/],
    ['a spreadsheet', Buffer.from('PK\u0003\u0004'), /Save it as CSV/],
    ['UTF-16', Buffer.from('\uFEFFemail\n', 'utf16le'), /UTF-16/],
    ['no such column', Buffer.from('name,phone\nAda,1\n'), /no column `email`/],
    [
      'a quote that is open in the header',
      Buffer.from('email,"name\nada@example.com,Ada\n'),
      /no column `email`/,
    ],
    ['a header without end', Buffer.alloc(100_000, 'a'), /line 1 is longer than 64 KiB/],
  ])('say what to do about %s', async (_, bytes, message) => {
    const failure = await read(bytes).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ImportFileError);
    expect(String(failure)).toMatch(message);
  });

  it.each(['\n', '\r\n'])(
    'accept a byte order mark, line ends %j, blank lines and values over several lines',
    async (end) => {
      const lines = [
        '\uFEFFEmail,Name',
        '',
        'a@example.com,"A ""B""',
        'C"',
        '   ',
        '"b@example.com" , "Ø, é"',
        'c@example.com,',
      ];
      const { records, faults } = await read(lines.join(end));
      expect(faults).toEqual([]);
      expect(records).toEqual([
        { lineNumber: 3, line: { email: 'a@example.com', name: 'A "B"\nC' } },
        { lineNumber: 6, line: { email: 'b@example.com', name: 'Ø, é' } },
        { lineNumber: 7, line: { email: 'c@example.com', name: '' } },
      ]);
      const json = await read(
        `\uFEFF{"email":"a@example.com"}${end}${end}{"email":"b@example.com"}`,
      );
      expect(emails(json)).toEqual(['a@example.com', 'b@example.com']);
    },
  );

  it.each([';', '\t'])('accept %j between the columns', async (delimiter) => {
    const { records } = await read(
      `Name${delimiter}E-Mail\nAda, Countess${delimiter}ada@example.com\n`,
    );
    expect(records).toEqual([
      { lineNumber: 2, line: { email: 'ada@example.com', name: 'Ada, Countess' } },
    ]);
  });

  it('lose only the one record whose quote is never closed, wherever it is', async () => {
    const lines = [
      'email,name',
      'a@example.com,"open',
      'b@example.com,B',
      '"c@example.com,C',
      'd@example.com,"D"',
      'e@example.com,E"',
    ];
    const result = await read(lines.join('\n'));
    expect(emails(result)).toEqual(['b@example.com', 'd@example.com']);
    expect(result.faults.map(([line]) => line)).toEqual([2, 4, 6]);

    const many = Array.from({ length: 5000 }, (_, index) => `x${index}@example.com,X`);
    const long = await read(['email,name', 'a@example.com,"open', ...many].join('\n'));
    expect(long.faults).toEqual([[2, 'opens a quote that is never closed']]);
    expect(long.records).toHaveLength(5000);
  });

  it.each([
    ['text before a quote', 'a@example.com,x"y"', 'has a quote in the wrong place'],
    ['text after a quote', 'a@example.com,"x"y', 'has a quote in the wrong place'],
    ['a quote that opens again', 'a@example.com,"x"y"z"', 'has a quote in the wrong place'],
    ['one quote in the middle', 'a@example.com,5 foot 10"', 'has a quote in the wrong place'],
    ['a quote without an end', 'a@example.com,"A', 'opens a quote that is never closed'],
    ['a value too few', 'a@example.com', 'has more or fewer values than the header has columns'],
    [
      'a value too many',
      'a@example.com,A,',
      'has more or fewer values than the header has columns',
    ],
    ['a value of 70 kB', `a@example.com,${'x'.repeat(70_000)}`, 'is longer than 64 KiB'],
    [
      'a quoted value of 70 kB over lines',
      `a@example.com,"${'xxxxxxxxx\n'.repeat(7000)}"`,
      'opens a quote that is never closed',
    ],
  ])('refuse %s by its line, and no other record', async (_, line, reason) => {
    for (const end of ['\n', '\r\n']) {
      const text = `email,name\n${line}\nb@example.com,B\n`.replaceAll('\n', end);
      const result = await read(text, 'csv');
      expect(result.faults[0]).toEqual([2, reason]);
      expect(emails(result).at(-1)).toBe('b@example.com');
      expect(emails(result)).not.toContain('a@example.com');
    }
  });

  it('keep NUL, a single CR and doubled quotes in values, for the rules to judge', async () => {
    const { records, faults } = await read(
      'email,name\na@example.com,x\u0000y\nb@example.com,x\ry\n"c@example.com","""x"" "\n',
    );
    expect(faults).toEqual([]);
    expect(records.map(({ line }) => line.name)).toEqual(['x\u0000y', 'x\ry', '"x" ']);
  });

  it('split like the header, and accept empty values and spaces around quotes', async () => {
    for (const delimiter of ['\t', ';']) {
      const rows = [
        ['email', 'name', 'locale'],
        ['a@example.com', '', '"de"'],
        ['', ' "x,y" ', ''],
      ];
      const { records, faults } = await read(rows.map((row) => row.join(delimiter)).join('\n'));
      expect(faults).toEqual([]);
      expect(records.map(({ line }) => line)).toEqual([
        { email: 'a@example.com', name: '', locale: 'de' },
        { email: '', name: 'x,y', locale: '' },
      ]);
    }
  });

  // The library trims what a rule would trim from an unquoted value (read-user.ts).
  it('accept spaces around a quoted value, and a stray byte order mark', async () => {
    const rows = ['\uFEFF"email",name', '\uFEFF"a@example.com",A', '\t"b@example.com"\t,B'];
    const result = await read(rows.join('\n'));
    expect(result.faults).toEqual([]);
    expect(emails(result)).toEqual(['a@example.com', 'b@example.com']);
  });

  it('accept a record of twenty thousand lines', async () => {
    const lines = Array.from({ length: 20_000 }, () => '""').join('\n');
    const { records } = await read(`email,name\na@example.com,"${lines}"\n`);
    expect(String(records[0]?.line.name)).toHaveLength(40_000 - 1);
  });

  it('report each line that is no record, and go on', async () => {
    const lines = [
      'email,name',
      'a@example.com',
      'b@example.com,B,b',
      'c@example.com,x"y',
      'd@example.com,D',
    ];
    const csv = await read(lines.join('\n'));
    expect(csv.faults.map(([line]) => line)).toEqual([2, 3, 4]);
    expect(emails(csv)).toEqual(['d@example.com']);
    const json = await read(
      '{"email":"a@example.com"}\n[]\nnull\n{"email":\n"x"\n{"email":"b@example.com"}\n',
    );
    expect(json.faults).toEqual(
      [2, 3, 4, 5].map((line) => [line, 'is no JSON object on one line']),
    );
    expect(emails(json)).toEqual(['a@example.com', 'b@example.com']);
  });

  it.each<Format>(['csv', 'jsonl'])(
    'AV-1 of a line of 300 MB in %s hold nothing, and read what follows',
    async (format) => {
      const piece = Buffer.alloc(1024 * 1024, 'x');
      async function* huge(): AsyncGenerator<Buffer> {
        yield Buffer.from(format === 'csv' ? 'email\n' : '{"email":"a@example.com"}\n');
        for (let count = 0; count < 300; count += 1) yield piece;
        yield Buffer.from(format === 'csv' ? '\nb@example.com\n' : '\n{"email":"b@example.com"}\n');
      }
      const before = process.memoryUsage();
      const result = await read(huge(), format);
      const after = process.memoryUsage();
      expect(result.faults).toEqual([[2, 'is longer than 64 KiB']]);
      expect(emails(result).at(-1)).toBe('b@example.com');
      const grown = after.heapUsed + after.external - before.heapUsed - before.external;
      expect(grown).toBeLessThan(100 * 1024 * 1024);
    },
  );

  it('take no inherited key of JSON for a field', async () => {
    const { records, ignored } = await read(
      '{"__proto__":{"email":"eve@example.com"},"constructor":1,"email":"a@example.com"}',
    );
    expect(records).toEqual([{ lineNumber: 1, line: { email: 'a@example.com' } }]);
    expect(ignored).toEqual(['__proto__', 'constructor']);
  });
});
