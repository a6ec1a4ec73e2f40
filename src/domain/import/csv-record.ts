import { CsvError, parse } from 'csv-parse/sync';

/** What a line contributes to its record. */
export type CsvState =
  | { readonly kind: 'record'; readonly values: readonly string[] }
  /** A quote is open: the record continues on the next line. */
  | { readonly kind: 'open' }
  | { readonly kind: 'fault'; readonly reason: string };

/**
 * Reads one CSV record (RFC 4180) line by line, so that a reader can continue on the line after a
 * fault: an unclosed quote then costs one record, not the file.
 */
export function createCsvRecord(delimiter: string): (line: string) => CsvState {
  let text: string | null = null;
  let quotes = 0;
  return (line) => {
    const isFirst = text === null;
    text = text === null ? line : `${text}\n${line}`;
    quotes += line.split('"').length - 1;
    // A complete record has an even number of quotes, doubled ones included. Until then only the
    // first line is parsed: parsing at each further line would repeat all lines before it.
    return quotes % 2 === 0 || isFirst ? parseRecord(text, delimiter) : { kind: 'open' };
  };
}

function parseRecord(text: string, delimiter: string): CsvState {
  try {
    // MySQL's client writes tabs and quotes nothing: there a quote may be part of a value.
    const options = {
      delimiter,
      trim: true,
      record_delimiter: '\n',
      relax_quotes: delimiter === '\t',
    };
    const [values = ['']]: string[][] = parse(text, options);
    return { kind: 'record', values };
  } catch (error) {
    // SECURITY: the parser's message quotes the text.
    if (!(error instanceof CsvError)) throw error;
    if (error.code === 'CSV_QUOTE_NOT_CLOSED') return { kind: 'open' };
    return { kind: 'fault', reason: 'has a quote in the wrong place' };
  }
}
