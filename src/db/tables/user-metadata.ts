import { jsonb, pgTable, uuid } from 'drizzle-orm/pg-core';
import { users } from './users.ts';

/** Values of a metadata object, as JSON has them. */
export type MetadataValue = string | number | boolean | null | readonly MetadataValue[] | Metadata;
export type Metadata = { readonly [key: string]: MetadataValue };

/**
 * What apps and administrators keep with a user. A table of its own, with a row from the first
 * write on: a request reads the whole row of its user, and would carry up to 20 kB.
 */
export const userMetadata = pgTable('user_metadata', {
  userId: uuid('user_id')
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  /** Written by administrators. */
  publicMetadata: jsonb('public_metadata').$type<Metadata>().notNull().default({}),
  /** Written by administrators, and never shown to the user by the API but in the export. */
  adminMetadata: jsonb('admin_metadata').$type<Metadata>().notNull().default({}),
  /** Written by the user. SECURITY: decides nothing and is in no token (MD-1). */
  preferences: jsonb('preferences').$type<Metadata>().notNull().default({}),
});

export type UserMetadataRow = typeof userMetadata.$inferSelect;
