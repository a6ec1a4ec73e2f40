/** What a line makes of the record that it belongs to. */
export type CsvState =
  | { readonly kind: 'record'; readonly values: readonly string[] }
  /** A quote is open: the record goes on in the next line. */
  | { readonly kind: 'open' }
  | { readonly kind: 'fault'; readonly reason: string };

const misplacedQuote = 'has a quote in the wrong place';

/**
 * Reads one record of CSV (RFC 4180) a line at a time, so that whoever reads the file can begin
 * again at the line after a fault. A quote that somebody forgot then costs one record, not the
 * file.
 */
export function createCsvRecord(delimiter: string): (line: string) => CsvState {
  const values: string[] = [];
  /** The text of a quoted value so far; null outside of one. */
  let quoted: string | null = null;

  return (line) => {
    let at = 0;
    if (quoted !== null) quoted += '\n';
    for (;;) {
      if (quoted === null) {
        const skipped = /^[ ]*"/.exec(line.slice(at, at + 64));
        if (!skipped) {
          const end = line.indexOf(delimiter, at);
          const value = end === -1 ? line.slice(at) : line.slice(at, end);
          if (value.includes('"')) return { kind: 'fault', reason: misplacedQuote };
          values.push(value);
          if (end === -1) return { kind: 'record', values };
          at = end + 1;
          continue;
        }
        quoted = '';
        at += skipped[0].length;
      }
      const quote = line.indexOf('"', at);
      if (quote === -1) {
        quoted += line.slice(at);
        return { kind: 'open' };
      }
      quoted += line.slice(at, quote);
      at = quote + 1;
      if (line[at] === '"') {
        quoted += '"';
        at += 1;
        continue;
      }
      values.push(quoted);
      quoted = null;
      while (line[at] === ' ') at += 1;
      if (at >= line.length) return { kind: 'record', values };
      if (line[at] !== delimiter) return { kind: 'fault', reason: misplacedQuote };
      at += 1;
    }
  };
}
