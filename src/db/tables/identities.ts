import { index, pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { users } from './users.ts';

/**
 * An account at another provider that signs a user in. Nothing that the provider handed out is
 * kept: no token and no code (ID-18).
 */
export const identities = pgTable(
  'identities',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** As IDENTITY_PROVIDERS_FILE calls the provider. */
    providerId: text('provider_id').notNull(),
    /** Who vouched for the subject; the same subject of another issuer is another account. */
    issuer: text('issuer').notNull(),
    /** The provider's own name for the account, 255 characters at most (ID-6). */
    subject: text('subject').notNull(),
    /** What the provider calls the account, such as an address; shown, never compared. */
    label: text('label'),
    /** The address that the provider named when it was linked. */
    emailAtLink: text('email_at_link'),
    createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull(),
    lastUsedAt: timestamp('last_used_at', { withTimezone: true, precision: 3 }),
  },
  (table) => [
    // SECURITY: the whole key. Without the provider, one that copies another's issuer and subject
    // would sign in as its users (ADV-64).
    uniqueIndex('identities_subject_unique').on(table.providerId, table.issuer, table.subject),
    index('identities_user_id_index').on(table.userId, table.createdAt),
  ],
);

export type IdentityRow = typeof identities.$inferSelect;
