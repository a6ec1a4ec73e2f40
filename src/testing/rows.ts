import { and, asc, eq, like, sql } from 'drizzle-orm';
import { type AuditEventRow, auditEvents } from '../db/tables/audit-events.ts';
import { type SessionRow, sessions } from '../db/tables/sessions.ts';
import { signingKeys } from '../db/tables/signing-keys.ts';
import { users } from '../db/tables/users.ts';
import type { TestServer } from './app.ts';

/**
 * What tests do behind the server's back, where no door leads there, and what they look at there.
 */

type Of = Pick<TestServer, 'app'>;

export async function sessionsOf({ app }: Of, userId: string): Promise<SessionRow[]> {
  return app.db
    .select()
    .from(sessions)
    .where(eq(sessions.userId, userId))
    .orderBy(asc(sessions.createdAt));
}

/** The names of what happened to a user, in order; those of one kind where `type` says so. */
export async function auditOf(
  { app }: Of,
  userId: string,
  type?: string,
): Promise<AuditEventRow[]> {
  return app.db
    .select()
    .from(auditEvents)
    .where(
      and(
        eq(auditEvents.subjectId, userId),
        type === undefined ? undefined : eq(auditEvents.type, type),
      ),
    )
    .orderBy(asc(auditEvents.id));
}

export async function suspendUser({ app }: Of, userId: string): Promise<void> {
  await app.db.update(users).set({ suspendedAt: app.clock.now() }).where(eq(users.id, userId));
}

export async function deleteUser({ app }: Of, userId: string): Promise<void> {
  await app.db.delete(users).where(eq(users.id, userId));
}

export async function setRoles({ app }: Of, userId: string, roles: string[]): Promise<void> {
  await app.db.update(users).set({ roles }).where(eq(users.id, userId));
}

/** Puts the last proof of a session into the past, as time does. */
export async function ageProof({ app }: Of, sessionId: string, seconds: number): Promise<void> {
  await app.db
    .update(sessions)
    .set({ authenticatedAt: sql`${sessions.authenticatedAt} - make_interval(secs => ${seconds})` })
    .where(eq(sessions.id, sessionId));
}

/** Lets a session count as one with a second factor, which administration takes. */
export async function proveSecondFactor({ app }: Of, sessionId: string): Promise<void> {
  await app.db
    .update(sessions)
    .set({ methods: ['pwd', 'otp', 'mfa'] })
    .where(eq(sessions.id, sessionId));
}

/** Writes a signing key as somebody with the database's password could. */
export async function putSigningKey(
  { app }: Of,
  row: typeof signingKeys.$inferInsert,
): Promise<void> {
  await app.db.insert(signingKeys).values(row);
}

/** What happened to the signing keys, in order. */
export async function signingKeyEvents({ app }: Of): Promise<AuditEventRow[]> {
  return app.db
    .select()
    .from(auditEvents)
    .where(like(auditEvents.type, 'signing_key.%'))
    .orderBy(asc(auditEvents.id));
}
