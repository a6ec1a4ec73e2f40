import { index, pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { bytes } from './bytes.ts';
import { users } from './users.ts';

/**
 * One use of another provider, from the app's request to the ticket that completes it. Each secret
 * of the flow is stored as a hash, or sealed where it is needed again (DP-2).
 */
export const identityFlows = pgTable(
  'identity_flows',
  {
    id: uuid('id').primaryKey(),
    /** LOGIN, LINK or NONCE. */
    purpose: text('purpose').notNull(),
    providerId: text('provider_id').notNull(),
    /** Binds a LINK to the user and the session that asked for it; null for the others. */
    userId: uuid('user_id').references(() => users.id, { onDelete: 'cascade' }),
    sessionId: uuid('session_id'),
    /** Where the browser goes in the end; null for a NONCE, which has no browser. */
    returnTo: text('return_to'),
    /** S256 of the verifier that the app keeps (RFC 7636); null for a NONCE. */
    codeChallenge: text('code_challenge'),
    /** SHA-256 of the handle in /identity/start/{handle}, or of a NONCE's id. */
    handleHash: bytes('handle_hash').notNull(),
    /** SHA-256 of `state`, and of the ticket, once there is one. */
    stateHash: bytes('state_hash'),
    ticketHash: bytes('ticket_hash'),
    /** Sealed: the provider's address, the nonce and the verifier of our own PKCE. */
    sealedSecrets: bytes('sealed_secrets'),
    /** SHA-256 of the cookie of the browser that began (ID-12). */
    browserHash: bytes('browser_hash'),
    /** Sealed: what the provider vouched for. */
    sealedOutcome: bytes('sealed_outcome'),
    createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull(),
    /** When a browser took the handle; when it came back; when the ticket, or nonce, was spent. */
    begunAt: timestamp('begun_at', { withTimezone: true, precision: 3 }),
    returnedAt: timestamp('returned_at', { withTimezone: true, precision: 3 }),
    consumedAt: timestamp('consumed_at', { withTimezone: true, precision: 3 }),
    ticketExpiresAt: timestamp('ticket_expires_at', { withTimezone: true, precision: 3 }),
    expiresAt: timestamp('expires_at', { withTimezone: true, precision: 3 }).notNull(),
  },
  (table) => [
    uniqueIndex('identity_flows_handle_hash_unique').on(table.handleHash),
    uniqueIndex('identity_flows_state_hash_unique').on(table.stateHash),
    uniqueIndex('identity_flows_ticket_hash_unique').on(table.ticketHash),
    index('identity_flows_user_id_index').on(table.userId),
    index('identity_flows_expires_at_index').on(table.expiresAt),
  ],
);

export type IdentityFlowRow = typeof identityFlows.$inferSelect;
