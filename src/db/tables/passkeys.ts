import {
  bigint,
  boolean,
  index,
  integer,
  pgTable,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { bytes } from './bytes.ts';
import { users } from './users.ts';

/** A passkey: the public key of a WebAuthn credential and what its authenticator told last. */
export const passkeys = pgTable(
  'passkeys',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** Chosen by the authenticator, 1,023 bytes at most; unique over all users (PK-5). */
    credentialId: bytes('credential_id').notNull(),
    /** The RP ID that it was registered under: it works under no other. */
    rpId: text('rp_id').notNull(),
    /** A COSE key (RFC 9052 7). */
    publicKey: bytes('public_key').notNull(),
    /** COSE's number of the key's algorithm: -7, -8 or -257. */
    algorithm: integer('algorithm').notNull(),
    /** The highest counter that was accepted; 0 where the authenticator has none. */
    signCount: bigint('sign_count', { mode: 'number' }).notNull(),
    /**
     * Whether it is known to verify its user, by PIN or biometrics (WebAuthn 4, uvInitialized):
     * only such a one signs in by itself.
     */
    uvInitialized: boolean('uv_initialized').notNull(),
    /** Whether it may be copied to other devices; never changes (PK-17). */
    backupEligible: boolean('backup_eligible').notNull(),
    /** Whether it was, at the last sign-in. */
    backupState: boolean('backup_state').notNull(),
    /**
     * Imported with a user handle that is not the account's, or that the other system did not keep:
     * whatever it answers with is taken, since its credential id and its key name the user.
     */
    foreignHandle: boolean('foreign_handle').notNull().default(false),
    transports: text('transports').array().notNull().default([]),
    /** The kind of authenticator; null where it does not tell. */
    aaguid: uuid('aaguid'),
    name: text('name').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull(),
    lastUsedAt: timestamp('last_used_at', { withTimezone: true, precision: 3 }),
    /** When its counter first went back, as that of a copy would (PK-6). */
    suspectAt: timestamp('suspect_at', { withTimezone: true, precision: 3 }),
  },
  (table) => [
    uniqueIndex('passkeys_credential_id_unique').on(table.credentialId),
    index('passkeys_user_id_index').on(table.userId, table.createdAt),
    // The first and the last RP ID tell whether there is another than that of today.
    index('passkeys_rp_id_index').on(table.rpId).concurrently(),
  ],
);

export type PasskeyRow = typeof passkeys.$inferSelect;
