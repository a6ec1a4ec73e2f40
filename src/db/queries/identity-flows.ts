import { and, eq, gt, inArray, isNotNull, isNull } from 'drizzle-orm';
import type { Db } from '../driver/client.ts';
import { type IdentityFlowRow, identityFlows } from '../tables/identity-flows.ts';

const begun = {
  stateHash: null,
  sealedSecrets: null,
  browserHash: null,
  ticketHash: null,
  sealedOutcome: null,
  begunAt: null,
  returnedAt: null,
  consumedAt: null,
  ticketExpiresAt: null,
} as const;

/** What a new flow contains; what it comes to, it does not. */
export type NewIdentityFlow = Omit<IdentityFlowRow, keyof typeof begun> &
  Pick<IdentityFlowRow, 'stateHash' | 'sealedSecrets'>;

export async function insertIdentityFlow(db: Db, row: NewIdentityFlow): Promise<void> {
  await db.insert(identityFlows).values(row);
}

/**
 * Gives a flow to the browser that comes first; null when it is unknown, expired or has another
 * browser (ID-12).
 */
export async function beginIdentityFlow(
  db: Db,
  input: { handleHash: Uint8Array; browserHash: Uint8Array; now: Date },
): Promise<IdentityFlowRow | null> {
  const [row] = await db
    .update(identityFlows)
    .set({ browserHash: input.browserHash, begunAt: input.now })
    .where(
      and(
        eq(identityFlows.handleHash, input.handleHash),
        inArray(identityFlows.purpose, ['LOGIN', 'LINK']),
        isNull(identityFlows.begunAt),
        gt(identityFlows.expiresAt, input.now),
      ),
    )
    .returning();
  return row ?? null;
}

/**
 * Takes a flow whose browser comes back from the provider, for good: of any number of concurrent
 * callers one gets it, before the code is spent (ID-1). Null when it is unknown, expired, taken, of
 * another provider (ID-2, ADV-23) or of another browser (ID-12).
 */
export async function returnIdentityFlow(
  db: Db,
  input: { stateHash: Uint8Array; providerId: string; browserHash: Uint8Array; now: Date },
): Promise<IdentityFlowRow | null> {
  const [row] = await db
    .update(identityFlows)
    .set({ returnedAt: input.now })
    .where(
      and(
        eq(identityFlows.stateHash, input.stateHash),
        eq(identityFlows.providerId, input.providerId),
        eq(identityFlows.browserHash, input.browserHash),
        isNotNull(identityFlows.begunAt),
        isNull(identityFlows.returnedAt),
        gt(identityFlows.expiresAt, input.now),
      ),
    )
    .returning();
  return row ?? null;
}

/** Ends the provider's part: its secrets go, and a ticket stands for what it vouched for. */
export async function giveTicket(
  db: Db,
  input: { id: string; ticketHash: Uint8Array; sealedOutcome: Uint8Array; expiresAt: Date },
): Promise<void> {
  await db
    .update(identityFlows)
    .set({
      ticketHash: input.ticketHash,
      sealedOutcome: input.sealedOutcome,
      ticketExpiresAt: input.expiresAt,
      sealedSecrets: null,
    })
    .where(eq(identityFlows.id, input.id));
}

/** What a ticket must fit. */
export type TicketKey = {
  readonly ticketHash: Uint8Array;
  /** S256 of the verifier that came with it. */
  readonly codeChallenge: string;
  readonly purpose: 'LOGIN' | 'LINK';
  /** The session that a LINK is bound to; null for a LOGIN. */
  readonly sessionId: string | null;
  readonly now: Date;
};

const isLive = ({ ticketHash, codeChallenge, purpose, sessionId, now }: TicketKey) =>
  and(
    eq(identityFlows.ticketHash, ticketHash),
    eq(identityFlows.codeChallenge, codeChallenge),
    eq(identityFlows.purpose, purpose),
    sessionId === null ? isNull(identityFlows.sessionId) : eq(identityFlows.sessionId, sessionId),
    isNull(identityFlows.consumedAt),
    gt(identityFlows.ticketExpiresAt, now),
  );

export async function isLiveTicket(db: Db, key: TicketKey): Promise<boolean> {
  const rows = await db.select({ id: identityFlows.id }).from(identityFlows).where(isLive(key));
  return rows.length === 1;
}

/**
 * Spends a ticket: of any number of concurrent callers, on any instance, one gets the flow (ID-10,
 * ADV-31). Null when anything does not fit.
 */
export async function spendTicket(db: Db, key: TicketKey): Promise<IdentityFlowRow | null> {
  const [row] = await db
    .update(identityFlows)
    .set({ consumedAt: key.now })
    .where(isLive(key))
    .returning();
  return row ?? null;
}

const isLiveNonce = ({ handleHash, now }: { handleHash: Uint8Array; now: Date }) =>
  and(
    eq(identityFlows.handleHash, handleHash),
    eq(identityFlows.purpose, 'NONCE'),
    isNull(identityFlows.consumedAt),
    gt(identityFlows.expiresAt, now),
  );

export async function hasLiveNonce(
  db: Db,
  input: { handleHash: Uint8Array; now: Date },
): Promise<boolean> {
  const rows = await db
    .select({ id: identityFlows.id })
    .from(identityFlows)
    .where(isLiveNonce(input));
  return rows.length === 1;
}

/** Spends a nonce, as `spendTicket` a ticket (ID-17). */
export async function spendNonce(
  db: Db,
  input: { handleHash: Uint8Array; now: Date },
): Promise<IdentityFlowRow | null> {
  const [row] = await db
    .update(identityFlows)
    .set({ consumedAt: input.now })
    .where(isLiveNonce(input))
    .returning();
  return row ?? null;
}
