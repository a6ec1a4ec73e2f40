import { z } from 'zod';
import { AuthError } from '../errors.ts';

/** The maximum number of rows on a page, whatever the caller asks for. */
export const largestPage = 100;

/** The arguments of every connection. */
export const pageInput = z.object({
  first: z
    .int('A whole number is required.')
    .min(1, 'At least 1 is required.')
    .max(largestPage, `At most ${largestPage} are allowed.`)
    .nullish()
    .transform((value) => value ?? 20),
  after: z.string().max(200, 'This is no cursor of ours.').nullish(),
});
export type PageInput = z.input<typeof pageInput>;

export type Page<Node> = {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
};

/** A row's position in a list sorted by time and id. */
export type Place = { readonly at: Date; readonly id: string };

/** Opaque to clients; contains nothing that the row does not show. */
export function encodeCursor({ at, id }: Place): string {
  return Buffer.from(`${at.getTime()} ${id}`).toString('base64url');
}

/** Throws VALIDATION_FAILED for anything that encodeCursor did not make. */
export function decodeCursor(cursor: string): Place {
  const [, time, id = ''] =
    /^(\d{1,15}) ([0-9a-f-]{36})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  const place = { at: new Date(Number(time)), id };
  // Compared whole, since the decoder skips what is no base64url.
  if (time === undefined || encodeCursor(place) !== cursor) {
    throw new AuthError('VALIDATION_FAILED', {
      message: 'The cursor is not one of ours.',
      fields: [{ path: 'after', code: 'INVALID', message: 'This is no cursor of ours.' }],
    });
  }
  return place;
}

/** A page of rows that are all in memory, newest first. */
export function pageOf<Row, Node>(
  rows: readonly Row[],
  input: {
    readonly first: number;
    readonly after?: string | null | undefined;
    readonly placeOf: (row: Row) => Place;
    readonly view: (row: Row) => Node;
  },
): Page<Node> & { readonly totalCount: number } {
  const after = input.after ? decodeCursor(input.after) : null;
  const begin =
    after === null ? 0 : rows.filter((row) => !isOlder(input.placeOf(row), after)).length;
  const shown = rows.slice(begin, begin + input.first);
  const edges = shown.map((row) => ({
    cursor: encodeCursor(input.placeOf(row)),
    node: input.view(row),
  }));
  return {
    edges,
    pageInfo: {
      hasNextPage: begin + shown.length < rows.length,
      hasPreviousPage: begin > 0,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: rows.length,
  };
}

/**
 * A page of rows that the database has already cut, newest first: those after the cursor, plus one
 * more than the page size where more rows exist.
 */
export function pageOfSlice<Row, Node>(
  rows: readonly Row[],
  input: {
    readonly first: number;
    readonly after?: string | null | undefined;
    readonly placeOf: (row: Row) => Place;
    readonly view: (row: Row) => Node;
  },
): Page<Node> {
  const edges = rows
    .slice(0, input.first)
    .map((row) => ({ cursor: encodeCursor(input.placeOf(row)), node: input.view(row) }));
  return {
    edges,
    pageInfo: {
      hasNextPage: rows.length > input.first,
      hasPreviousPage: Boolean(input.after),
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

function isOlder(place: Place, than: Place): boolean {
  const difference = place.at.getTime() - than.at.getTime();
  return difference < 0 || (difference === 0 && place.id < than.id);
}
