import type { App } from '../../app.ts';
import type { RequestInfo, Viewer } from '../../context.ts';
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
  | 'signing_key.created'
  | 'signing_key.removed'
  | 'session.stepped_up'
  | 'step_up.failed'
  | 'totp.enrollment_started'
  | 'totp.enabled'
  | 'totp.disabled'
  | 'recovery_code.used'
  | 'recovery_codes.regenerated'
  | 'user.suspended'
  | 'user.reinstated'
  | 'user.roles_changed'
  | 'user.sessions_revoked'
  | 'user.factors_reset';

type Event = {
  /** The transaction of the change, so that neither is kept without the other (LG-6). */
  readonly db: Db;
  readonly type: AuditType;
  readonly outcome: 'SUCCESS' | 'FAILURE';
  readonly subjectId: string | null;
  readonly sessionId?: string | null;
  /** Unless told, the caller, or the subject where nobody is signed in yet. */
  readonly actorId?: string | null;
  /** SECURITY: no secrets and no addresses in here. */
  readonly detail?: Record<string, string | number | boolean | null>;
};

/** A request's context, or what a command or a timer has: nobody asks, from nowhere. */
type Recorder = Pick<App, 'clock' | 'random' | 'log'> & {
  readonly request: RequestInfo | null;
  readonly viewer: Viewer | null;
};

/** Writes an audit row. Actor, address and device come from the request, never from input. */
export async function recordAudit(ctx: Recorder, event: Event): Promise<void> {
  const now = ctx.clock.now();
  await insertAuditEvent(event.db, {
    id: ctx.random.id(now),
    at: now,
    type: event.type,
    outcome: event.outcome,
    actorId: event.actorId === undefined ? (ctx.viewer?.userId ?? event.subjectId) : event.actorId,
    subjectId: event.subjectId,
    sessionId: event.sessionId ?? ctx.viewer?.sessionId ?? null,
    ipAddress: ctx.request?.ipAddress ?? null,
    userAgent: ctx.request?.userAgent ?? null,
    requestId: ctx.request?.id ?? null,
    detail: event.detail ?? null,
  });
  ctx.log.info(
    { event: event.type, outcome: event.outcome, requestId: ctx.request?.id ?? null, userId: event.subjectId },
    'security event',
  );
}
