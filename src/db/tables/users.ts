import { sql } from 'drizzle-orm';
import { index, pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { bytes } from './bytes.ts';

/**
 * A person. The row exists from the first `register`, unverified and without a password, until
 * retention removes it.
 */
export const users = pgTable(
  'users',
  {
    id: uuid('id').primaryKey(),
    /** As the person wrote it, with the domain in ASCII; where mail is sent. */
    email: text('email').notNull(),
    /**
     * The one canonical form (domain/addresses/email-address), used by every look-up and the unique
     * index.
     */
    emailCanonical: text('email_canonical').notNull(),
    emailVerifiedAt: timestamp('email_verified_at', { withTimezone: true, precision: 3 }),
    name: text('name'),
    roles: text('roles').array().notNull().default([]),
    locale: text('locale'),
    /** `scheme.keyId$bcrypt` (domain/passwords/stored-hash); null: no password. */
    passwordHash: text('password_hash'),
    passwordChangedAt: timestamp('password_changed_at', { withTimezone: true, precision: 3 }),
    /**
     * Since when a sign-in also needs an authenticator app; changed with totp_authenticators in one
     * transaction. Null: not required.
     */
    totpEnabledAt: timestamp('totp_enabled_at', { withTimezone: true, precision: 3 }),
    /**
     * WebAuthn's user handle: 32 random bytes, made with the first passkey and kept for good;
     * imported ones have 1 to 64. Null: never had a passkey.
     */
    passkeyHandle: bytes('passkey_handle'),
    /**
     * When an administrator created the account. Until its mailbox is proved, no password of a
     * `register` can claim it.
     */
    invitedAt: timestamp('invited_at', { withTimezone: true, precision: 3 }),
    suspendedAt: timestamp('suspended_at', { withTimezone: true, precision: 3 }),
    /** When a suspended account opens by itself; null: when an administrator opens it. */
    suspendedUntil: timestamp('suspended_until', { withTimezone: true, precision: 3 }),
    lastLoginAt: timestamp('last_login_at', { withTimezone: true, precision: 3 }),
    createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull(),
  },
  (table) => [
    // Serves exact look-ups and address prefixes, in any collation.
    uniqueIndex('users_email_canonical_unique').on(table.emailCanonical.op('text_pattern_ops')),
    uniqueIndex('users_passkey_handle_unique')
      .on(table.passkeyHandle)
      .where(sql`${table.passkeyHandle} is not null`)
      .concurrently(),
    index('users_created_at_index').on(table.createdAt, table.id),
    // What administrators search for: name prefixes, and the rare states.
    index('users_name_prefix_index').on(sql`lower(${table.name}) text_pattern_ops`),
    index('users_unverified_index')
      .on(table.createdAt, table.id)
      .where(sql`${table.suspendedAt} is null and ${table.emailVerifiedAt} is null`),
    index('users_suspended_index')
      .on(table.createdAt, table.id)
      .where(sql`${table.suspendedAt} is not null`),
    index('users_suspended_until_index')
      .on(table.suspendedUntil)
      .where(sql`${table.suspendedUntil} is not null`)
      .concurrently(),
    index('users_admins_index').on(table.id).where(sql`${table.roles} @> '{admin}'::text[]`),
  ],
);

export type UserRow = typeof users.$inferSelect;
