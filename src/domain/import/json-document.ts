import type { TextLine } from './read-lines.ts';

const codes = {
  quote: 0x22,
  backslash: 0x5c,
  openList: 0x5b,
  closeList: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
  lineFeed: 0x0a,
} as const;

/** In bytes: as much as is looked at of a member's name. */
const longestName = 16;

/**
 * The records of a JSON document, one text each with the line on which it begins: the objects of a
 * list, of the list `users` of an object, or objects one after the other. Holds one record at a
 * time; of one that is longer than `maxLength` bytes the text is null. A document that breaks off
 * ends with a text that is no object.
 */
export async function* readJsonDocument(
  input: AsyncIterable<Buffer>,
  maxLength: number,
): AsyncGenerator<TextLine> {
  const scanner = new Scanner(maxLength);
  for await (const chunk of input) yield* scanner.take(chunk);
  yield* scanner.end();
}

class Scanner {
  readonly #maxLength: number;
  #lineNumber = 1;
  #depth = 0;
  #inString = false;
  #isEscaped = false;
  /** The text of the string that was read last, as far as it is looked at. */
  #name: number[] = [];
  /** The depth at which records begin. */
  #recordDepth = 0;
  #pieces: Buffer[] | null = null;
  #length = 0;
  #begunAt = 0;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  *take(chunk: Buffer): Generator<TextLine> {
    let start = this.#pieces === null ? -1 : 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const code = chunk[at] ?? 0;
      if (code === codes.lineFeed) this.#lineNumber += 1;
      if (this.#inString) this.#readString(code);
      else if (code === codes.quote) this.#beginString();
      else if (code === codes.openObject || code === codes.openList) {
        if (this.#beginsList(code)) [this.#pieces, start] = [null, -1];
        else if (code === codes.openObject && this.#depth === this.#recordDepth) {
          this.#begin();
          start = at;
        }
        this.#depth += 1;
      } else if (code === codes.closeObject || code === codes.closeList) {
        this.#depth -= 1;
        if (this.#pieces !== null && this.#depth === this.#recordDepth) {
          this.#hold(chunk.subarray(start, at + 1));
          yield this.#finish();
          start = -1;
        } else if (this.#depth < this.#recordDepth) this.#recordDepth = 0;
      }
    }
    if (start !== -1) this.#hold(chunk.subarray(start));
  }

  *end(): Generator<TextLine> {
    if (this.#depth > 0) yield { lineNumber: this.#lineNumber, text: '{' };
  }

  #beginString(): void {
    this.#inString = true;
    this.#name = [];
  }

  #readString(code: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (code === codes.backslash) this.#isEscaped = true;
    else if (code === codes.quote) this.#inString = false;
    if (this.#inString && this.#name.length < longestName) this.#name.push(code);
  }

  /** A list at the top, or the list `users` of an object there; what surrounds it is no record. */
  #beginsList(code: number): boolean {
    if (code !== codes.openList || this.#recordDepth > 0) return false;
    const isUsers =
      this.#depth === 1 && String.fromCharCode(...this.#name).toLowerCase() === 'users';
    if (this.#depth > 0 && !isUsers) return false;
    this.#recordDepth = this.#depth + 1;
    return true;
  }

  #begin(): void {
    this.#pieces = [];
    this.#length = 0;
    this.#begunAt = this.#lineNumber;
  }

  #hold(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length <= this.#maxLength) this.#pieces?.push(Buffer.from(piece));
    else this.#pieces = [];
  }

  #finish(): TextLine {
    const isLong = this.#length > this.#maxLength;
    const text = isLong ? null : Buffer.concat(this.#pieces ?? []).toString('utf8');
    this.#pieces = null;
    return { lineNumber: this.#begunAt, text };
  }
}
