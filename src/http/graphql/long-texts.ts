import { Readable } from 'node:stream';
import type { App } from '../../app.ts';

/** A text that may be too long to be held, in pieces; each call begins anew. */
export type Pieces = () => AsyncIterable<string>;

/**
 * The long texts of one answer. GraphQL needs a string for each: a placeholder that no caller can
 * know, in whose place the text is written when the answer goes out.
 */
export class LongTexts {
  readonly #random: App['random'];
  readonly #failed: (error: unknown) => void;
  #pieces: Map<string, Pieces> | undefined;

  /** `failed` is told why an answer breaks off; its reader sees the connection end. */
  constructor(random: App['random'], failed: (error: unknown) => void) {
    this.#random = random;
    this.#failed = failed;
  }

  add(pieces: Pieces): string {
    const place = `long-text:${Buffer.from(this.#random.bytes(16)).toString('hex')}`;
    this.#pieces ??= new Map();
    this.#pieces.set(place, pieces);
    return place;
  }

  /** The JSON of an answer with its long texts, none of which is held in memory. */
  write(json: string): string | Readable {
    return this.#pieces === undefined ? json : this.#stream(this.#splice(json));
  }

  /** One of the texts alone, not as JSON, by what stands for it in the answer. */
  read(place: string): Readable {
    const pieces = this.#pieces?.get(place);
    if (!pieces) throw new Error('The answer has no such long text.');
    return this.#stream(pieces());
  }

  async *#splice(json: string): AsyncGenerator<string> {
    for (const part of json.split(/(long-text:[0-9a-f]{32})/)) {
      const pieces = this.#pieces?.get(part);
      if (!pieces) yield part;
      // Without the quotes: they stand around the placeholder.
      else for await (const piece of pieces()) yield JSON.stringify(piece).slice(1, -1);
    }
  }

  #stream(pieces: AsyncIterable<string>): Readable {
    return Readable.from(this.#watched(pieces), { objectMode: false });
  }

  async *#watched(pieces: AsyncIterable<string>): AsyncGenerator<string> {
    try {
      yield* pieces;
    } catch (error) {
      this.#failed(error);
      throw new Error('The answer broke off.');
    }
  }
}
