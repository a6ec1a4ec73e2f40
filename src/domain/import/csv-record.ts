import { CsvError, parse } from 'csv-parse/sync';

/** What a line makes of the record that it belongs to. */
export type CsvState =
  | { readonly kind: 'record'; readonly values: readonly string[] }
  /** A quote is open: the record goes on in the next line. */
  | { readonly kind: 'open' }
  | { readonly kind: 'fault'; readonly reason: string };

/**
 * Reads one record of CSV (RFC 4180) a line at a time, so that a reader can go on at the line after
 * a fault: a quote that is never closed then costs one record, not the file.
 */
export function createCsvRecord(delimiter: string): (line: string) => CsvState {
  let text: string | null = null;
  let quotes = 0;
  return (line) => {
    const isFirst = text === null;
    text = text === null ? line : `${text}\n${line}`;
    quotes += line.split('"').length - 1;
    // The quotes of a whole record are even in number, doubled ones included. Until they are, only
    // the first line is parsed: each further one would parse all lines before it again.
    return quotes % 2 === 0 || isFirst ? parseRecord(text, delimiter) : { kind: 'open' };
  };
}

function parseRecord(text: string, delimiter: string): CsvState {
  try {
    const options = { delimiter, trim: true, record_delimiter: '\n' };
    const [values = ['']]: string[][] = parse(text, options);
    return { kind: 'record', values };
  } catch (error) {
    // SECURITY: the message quotes the text.
    if (!(error instanceof CsvError)) throw error;
    if (error.code === 'CSV_QUOTE_NOT_CLOSED') return { kind: 'open' };
    return { kind: 'fault', reason: 'has a quote in the wrong place' };
  }
}
