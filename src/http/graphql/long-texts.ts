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
  #pieces: Map<string, Pieces> | undefined;

  constructor(random: App['random']) {
    this.#random = random;
  }

  add(pieces: Pieces): string {
    const place = `long-text:${Buffer.from(this.#random.bytes(16)).toString('hex')}`;
    this.#pieces ??= new Map();
    this.#pieces.set(place, pieces);
    return place;
  }

  /**
   * The JSON of an answer with its long texts, none of which is held in memory. `failed` is told
   * why an answer breaks off; its reader sees the connection end.
   */
  write(json: string, failed: (error: unknown) => void): string | Readable {
    const texts = this.#pieces;
    if (texts === undefined) return json;
    return Readable.from(writePieces(json, { texts, failed }), { objectMode: false });
  }
}

async function* writePieces(
  json: string,
  {
    texts,
    failed,
  }: { readonly texts: ReadonlyMap<string, Pieces>; readonly failed: (error: unknown) => void },
): AsyncGenerator<string> {
  try {
    for (const part of json.split(/(long-text:[0-9a-f]{32})/)) {
      const pieces = texts.get(part);
      if (!pieces) yield part;
      // Without the quotes: they stand around the placeholder.
      else for await (const piece of pieces()) yield JSON.stringify(piece).slice(1, -1);
    }
  } catch (error) {
    failed(error);
    throw new Error('The answer broke off.');
  }
}
