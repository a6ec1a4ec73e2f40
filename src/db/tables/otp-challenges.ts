import {
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { bytes } from './bytes.ts';
import { users } from './users.ts';

/** SECURITY: what a provider vouched for, bound to the challenge that it led to (ADV-26). */
export type PendingIdentity = {
  readonly providerId: string;
  readonly issuer: string;
  readonly subject: string;
  readonly label: string | null;
  readonly email: string | null;
  /** Whether it was a user's identity already when the sign-in began. */
  readonly isLinked: boolean;
};

/**
 * A challenge that waits for a code. A row without a user is a decoy: same shape, same cost, and no
 * code ever matches it.
 */
export const otpChallenges = pgTable(
  'otp_challenges',
  {
    id: uuid('id').primaryKey(),
    /** SHA-256 of the opaque handle that the client holds (OT-5, DP-2). */
    handleHash: bytes('handle_hash').notNull(),
    userId: uuid('user_id').references(() => users.id, { onDelete: 'cascade' }),
    /** Binds a step-up or an address change to the session that asked for it. */
    sessionId: uuid('session_id'),
    purpose: text('purpose').notNull(),
    methods: text('methods').array().notNull(),
    /**
     * The methods proved before this challenge was created: PASSWORD, EMAIL …
     * (domain/factors/rules; ADV-50).
     */
    provedMethods: text('proved_methods').array().notNull().default([]),
    /**
     * users.password_changed_at when the password was proved: after a change of password that proof
     * no longer counts.
     */
    passwordChangedAt: timestamp('password_changed_at', { withTimezone: true, precision: 3 }),
    /** The address that gets the code; null for decoys and when nothing is sent. */
    email: text('email'),
    /** The same address, masked, for the answer. */
    sentTo: text('sent_to'),
    /** HMAC of challenge id and code (OT-8); null when nothing was sent. */
    codeHash: bytes('code_hash'),
    /** The code of the mail before a reminder, which stays valid for its own time (OT-2). */
    previousCodeHash: bytes('previous_code_hash'),
    previousCodeExpiresAt: timestamp('previous_code_expires_at', {
      withTimezone: true,
      precision: 3,
    }),
    /** SHA-256 of the token of the mail's link, 256 random bits; null where the mail has none. */
    linkHash: bytes('link_hash'),
    attempts: integer('attempts').notNull().default(0),
    resends: integer('resends').notNull().default(0),
    /**
     * The key of the failure budget that this counts against (OT-4), decoys included; see
     * rate-limits/reserve.
     */
    accountKey: bytes('account_key').notNull(),
    /** HMAC of the network that began it: wrong codes count there first (RL-3). */
    originKey: bytes('origin_key'),
    /** The session by which the account knew the device that began it (RL-3). */
    knownSessionId: uuid('known_session_id'),
    /** Whether the account's address was proved then: only such counts last for long (AV-7). */
    accountProved: boolean('account_proved').notNull().default(true),
    /**
     * The input of `register`; the account gets it only when this very challenge is completed
     * (ADV-48).
     */
    pendingPasswordHash: text('pending_password_hash'),
    pendingName: text('pending_name'),
    pendingLocale: text('pending_locale'),
    /** The account at another provider that the sign-in began with; linked once it is complete. */
    pendingIdentity: jsonb('pending_identity').$type<PendingIdentity>(),
    resendAvailableAt: timestamp('resend_available_at', { withTimezone: true, precision: 3 }),
    expiresAt: timestamp('expires_at', { withTimezone: true, precision: 3 }).notNull(),
    consumedAt: timestamp('consumed_at', { withTimezone: true, precision: 3 }),
    createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull(),
  },
  (table) => [
    uniqueIndex('otp_challenges_handle_hash_unique').on(table.handleHash),
    uniqueIndex('otp_challenges_link_hash_unique').on(table.linkHash),
    index('otp_challenges_user_id_index').on(table.userId),
    index('otp_challenges_expires_at_index').on(table.expiresAt),
  ],
);

export type OtpChallengeRow = typeof otpChallenges.$inferSelect;
