import type { Db } from '../driver/client.ts';
import { type UserMetadataRow, userMetadata } from '../tables/user-metadata.ts';
import { isAnyOf } from './any-of.ts';

/** In no particular order; users without a row are left out. */
export async function findMetadataOf(
  db: Db,
  input: { userIds: readonly string[] },
): Promise<UserMetadataRow[]> {
  return db.select().from(userMetadata).where(isAnyOf(userMetadata.userId, input.userIds));
}

/** Replaces the given objects of a user; the others stay. */
export async function putMetadata(
  db: Db,
  input: { userId: string; objects: Partial<Omit<UserMetadataRow, 'userId'>> },
): Promise<void> {
  const { userId, objects } = input;
  await db
    .insert(userMetadata)
    .values({ userId, ...objects })
    .onConflictDoUpdate({ target: userMetadata.userId, set: objects });
}
