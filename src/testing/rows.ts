import { and, asc, eq, like, sql } from 'drizzle-orm';
import { type AuditEventRow, auditEvents } from '../db/tables/audit-events.ts';
import { type SessionRow, sessions } from '../db/tables/sessions.ts';
import { signingKeys } from '../db/tables/signing-keys.ts';
import { users } from '../db/tables/users.ts';
import type { TestServer } from './app.ts';

/** Reads and writes of rows for which the API has no operation. */

type Of = Pick<TestServer, 'app'>;

export async function sessionsOf({ app }: Of, userId: string): Promise<SessionRow[]> {
  return app.db
    .select()
    .from(sessions)
    .where(eq(sessions.userId, userId))
    .orderBy(asc(sessions.createdAt));
}

/** Puts a session's row back as it was, as a restored backup would. */
export async function restoreSession({ app }: Of, row: SessionRow | undefined): Promise<void> {
  if (row === undefined) throw new Error('There is no such row.');
  await app.db.update(sessions).set(row).where(eq(sessions.id, row.id));
}

/** The types of a user's audit events, in order; only those of `type` if it is given. */
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

export async function unverifyUser({ app }: Of, userId: string): Promise<void> {
  await app.db.update(users).set({ emailVerifiedAt: null }).where(eq(users.id, userId));
}

export async function deleteUser({ app }: Of, userId: string): Promise<void> {
  await app.db.delete(users).where(eq(users.id, userId));
}

/** An address that an import brought along. */
export async function setEmail({ app }: Of, userId: string, email: string): Promise<void> {
  const emailCanonical = email.toLowerCase();
  await app.db.update(users).set({ email, emailCanonical }).where(eq(users.id, userId));
}

export async function setRoles({ app }: Of, userId: string, roles: string[]): Promise<void> {
  await app.db.update(users).set({ roles }).where(eq(users.id, userId));
}

/** Ages the last step-up of a session, as time would. */
export async function ageProof({ app }: Of, sessionId: string, seconds: number): Promise<void> {
  await app.db
    .update(sessions)
    .set({ authenticatedAt: sql`${sessions.authenticatedAt} - make_interval(secs => ${seconds})` })
    .where(eq(sessions.id, sessionId));
}

/** Marks a session as verified with a second factor, as administration requires. */
export async function proveSecondFactor({ app }: Of, sessionId: string): Promise<void> {
  await app.db
    .update(sessions)
    .set({ methods: ['pwd', 'otp', 'mfa'] })
    .where(eq(sessions.id, sessionId));
}

/** Inserts a signing key, as an attacker with the database password could. */
export async function putSigningKey(
  { app }: Of,
  row: typeof signingKeys.$inferInsert,
): Promise<void> {
  await app.db.insert(signingKeys).values(row);
}

/** The audit events of signing keys, in order. */
export async function signingKeyEvents({ app }: Of): Promise<AuditEventRow[]> {
  return app.db
    .select()
    .from(auditEvents)
    .where(like(auditEvents.type, 'signing_key.%'))
    .orderBy(asc(auditEvents.id));
}
