import type { Context } from '../../context.ts';
import type { Db } from '../../db/client.ts';
import { insertAuditEvent } from '../../db/queries/audit-events.ts';

/** Names in the manner of the OWASP logging vocabulary; each says what happened, not what was meant to (ADV-59). */
export type AuditType =
  | 'account.registered'
  | 'account.register_repeated'
  | 'email.verified'
  | 'session.opened'
  | 'session.closed'
  | 'login.failed'
  | 'otp.sent'
  | 'otp.failed'
  | 'refresh.reused'
  | 'session.stepped_up'
  | 'step_up.failed'
  | 'totp.enrollment_started'
  | 'totp.enabled'
  | 'totp.disabled'
  | 'recovery_code.used'
  | 'recovery_codes.regenerated';

type Event = {
  /** The transaction of the change, so that neither is kept without the other (LG-6). */
  readonly db: Db;
  readonly type: AuditType;
  readonly outcome: 'SUCCESS' | 'FAILURE';
  readonly subjectId: string | null;
  readonly sessionId?: string | null;
  /** SECURITY: no secrets and no addresses in here. */
  readonly detail?: Record<string, string | number | boolean | null>;
};

/** Writes an audit row. Actor, address and device come from the request, never from input. */
export async function recordAudit(ctx: Context, event: Event): Promise<void> {
  const now = ctx.clock.now();
  await insertAuditEvent(event.db, {
    id: ctx.random.id(now),
    at: now,
    type: event.type,
    outcome: event.outcome,
    actorId: ctx.viewer?.userId ?? event.subjectId,
    subjectId: event.subjectId,
    sessionId: event.sessionId ?? ctx.viewer?.sessionId ?? null,
    ipAddress: ctx.request.ipAddress,
    userAgent: ctx.request.userAgent,
    requestId: ctx.request.id,
    detail: event.detail ?? null,
  });
  ctx.log.info(
    { event: event.type, outcome: event.outcome, requestId: ctx.request.id, userId: event.subjectId },
    'security event',
  );
}
