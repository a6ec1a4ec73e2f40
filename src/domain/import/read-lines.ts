/**
 * A line of a text file, without its line ending, and its number from 1; null where it exceeds the
 * maximum length of a record.
 */
export type TextLine = { readonly lineNumber: number; readonly text: string | null };

const lineFeed = 0x0a;

/**
 * The lines of a UTF-8 text, ending in LF or CRLF, without a byte order mark. A line of more than
 * `maxLength` bytes is skipped and never held in memory (AV-1). Bytes that are not UTF-8 become
 * U+FFFD.
 */
export async function* readLines(
  input: AsyncIterable<Buffer>,
  maxLength: number,
): AsyncGenerator<TextLine> {
  let lineNumber = 1;
  let held: Buffer[] = [];
  let length = 0;
  const hold = (piece: Buffer): void => {
    length += piece.length;
    if (length <= maxLength) held.push(piece);
    else held = [];
  };
  const take = (): TextLine => {
    const line = { lineNumber, text: length > maxLength ? null : textOf(held, lineNumber) };
    held = [];
    length = 0;
    lineNumber += 1;
    return line;
  };
  for await (const chunk of input) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      hold(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    if (start < chunk.length) hold(chunk.subarray(start));
  }
  if (length > 0) yield take();
}

function textOf(pieces: readonly Buffer[], lineNumber: number): string {
  const [first] = pieces;
  const text = (pieces.length === 1 && first ? first : Buffer.concat(pieces))
    .toString('utf8')
    .replace(/\r$/, '');
  return lineNumber === 1 ? text.replace(/^\uFEFF/, '') : text;
}
