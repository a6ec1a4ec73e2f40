import type { Transaction } from '../../db/driver/transaction.ts';
import { findMetadataOf, putMetadata } from '../../db/queries/user-metadata.ts';
import type { Metadata } from '../../db/tables/user-metadata.ts';
import { AuthError } from '../../errors.ts';
import { changed, type MetadataKind, metadataBytes, metadataFault } from './rules.ts';

export type MetadataChanges = { readonly [Kind in MetadataKind]?: Metadata | null };

type Input = {
  /** The transaction that locks the user's row: of two changes the second sees the first. */
  readonly db: Transaction;
  readonly userId: string;
  /** What is left out stays; null empties the object; keys as in `changed`. */
  readonly changes: MetadataChanges;
};

/**
 * The names of the objects that a key was set in or taken from. Throws VALIDATION_FAILED where one
 * would become larger than it may be (MD-2).
 */
export async function changeMetadata(input: Input): Promise<readonly MetadataKind[]> {
  const { db, userId, changes } = input;
  const kinds = (Object.keys(metadataBytes) as MetadataKind[]).filter((kind) => {
    const change = changes[kind];
    return change === null || (change !== undefined && Object.keys(change).length > 0);
  });
  if (kinds.length === 0) return [];
  const [row] = await findMetadataOf(db, { userIds: [userId] });
  const after = kinds.map((kind) => {
    const change = changes[kind];
    const value = change ? changed(row?.[kind] ?? {}, change) : {};
    const fault = metadataFault(kind, value);
    if (fault !== null)
      throw new AuthError('VALIDATION_FAILED', { fields: [{ path: kind, ...fault }] });
    return [kind, value] as const;
  });
  await putMetadata(db, { userId, objects: Object.fromEntries(after) });
  return kinds;
}
