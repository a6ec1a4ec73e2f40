import { jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import { bytes } from './bytes.ts';

/** Keys that sign access tokens. The private part is sealed with a key derived from SECRET_KEY. */
export const signingKeys = pgTable('signing_keys', {
  kid: text('kid').primaryKey(),
  algorithm: text('algorithm').notNull(),
  /** Null for HS256, which has no public key. */
  publicJwk: jsonb('public_jwk').$type<Record<string, unknown>>(),
  sealedPrivateJwk: bytes('sealed_private_jwk').notNull(),
  createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull(),
  /** Signs from then on; published before (JW-10). */
  activeFrom: timestamp('active_from', { withTimezone: true, precision: 3 }).notNull(),
  /** Verifies until then; null while it is the newest. */
  expiresAt: timestamp('expires_at', { withTimezone: true, precision: 3 }),
  /** Removed in an emergency: rejected from then on. */
  removedAt: timestamp('removed_at', { withTimezone: true, precision: 3 }),
});

export type SigningKeyRow = typeof signingKeys.$inferSelect;
