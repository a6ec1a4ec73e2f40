import { boolean, index, pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { bytes } from './bytes.ts';
import { otpChallenges } from './otp-challenges.ts';
import { users } from './users.ts';

/** A WebAuthn ceremony that waits for the browser's answer (PK-1). */
export const passkeyChallenges = pgTable(
  'passkey_challenges',
  {
    id: uuid('id').primaryKey(),
    /** SHA-256 of the opaque handle that the client holds. */
    handleHash: bytes('handle_hash').notNull(),
    /** SHA-256 of the 32 random bytes that the authenticator signs. */
    challengeHash: bytes('challenge_hash').notNull(),
    /** REGISTER, LOGIN, STEP_UP or SECOND_STEP. */
    purpose: text('purpose').notNull(),
    /** Null for LOGIN, where the passkey tells who it is. */
    userId: uuid('user_id').references(() => users.id, { onDelete: 'cascade' }),
    /** Binds a registration or a step-up to the session that asked for it. */
    sessionId: uuid('session_id'),
    /** The challenge that a passkey may complete in a code's place: SECOND_STEP and STEP_UP. */
    otpChallengeId: uuid('otp_challenge_id').references(() => otpChallenges.id, {
      onDelete: 'cascade',
    }),
    /**
     * users.password_changed_at when it was begun: a registration does not outlive the password
     * by which it was asked for.
     */
    passwordChangedAt: timestamp('password_changed_at', { withTimezone: true, precision: 3 }),
    /** A registration without a click: the browser asserts no presence of the user (PK-16). */
    conditional: boolean('conditional').notNull().default(false),
    createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true, precision: 3 }).notNull(),
    consumedAt: timestamp('consumed_at', { withTimezone: true, precision: 3 }),
  },
  (table) => [
    uniqueIndex('passkey_challenges_handle_hash_unique').on(table.handleHash),
    index('passkey_challenges_user_id_index').on(table.userId),
    index('passkey_challenges_otp_challenge_id_index').on(table.otpChallengeId),
    index('passkey_challenges_expires_at_index').on(table.expiresAt),
  ],
);

export type PasskeyChallengeRow = typeof passkeyChallenges.$inferSelect;
