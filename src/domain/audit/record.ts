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
  | 'password.reset_requested'
  | 'password.reset'
  | 'password.reset_failed'
  | 'password.changed'
  | 'password.change_failed'
  | 'profile.updated'
  | 'email.change_requested'
  | 'email.changed'
  | 'email.change_undone'
  | 'account.exported'
  | 'account.deleted'
  | 'device.new';

type Event = {
  /** The transaction of the change, so that neither is kept without the other (LG-6). */
  readonly db: Db;
  readonly type: AuditType;
  readonly outcome: 'SUCCESS' | 'FAILURE';
  readonly subjectId: string | null;
  readonly sessionId?: string | null;
  /** The key of the address that was typed (rate-limits/reserve), where it may be anybody's: never the address itself (LG-7). */
  readonly accountKey?: Uint8Array;
  /** SECURITY: no secrets and no addresses in here. */
  readonly detail?: Record<string, string | number | boolean | null>;
  /** The event that ends an account says nothing of where it came from: that would be personal data of nobody's (DP-4). */
  readonly withoutOrigin?: true;
};

/** Writes an audit row, and a line of the log. Actor, address and device come from the request, never from input. */
export async function recordAudit(ctx: Context, event: Event): Promise<void> {
  const now = ctx.clock.now();
  const { request, viewer } = ctx;
  // Who failed to sign in is not known: it need not have been the account's owner.
  const actorId = viewer?.userId ?? (event.outcome === 'SUCCESS' ? event.subjectId : null);
  const sessionId = event.sessionId ?? viewer?.sessionId ?? null;
  const sessionHash = sessionId === null ? null : hashSessionId(ctx, sessionId);
  const { type, outcome, subjectId } = event;
  await insertAuditEvent(event.db, {
    event: {
      id: ctx.random.id(now),
      at: now,
      type,
      outcome,
      actorId,
      subjectId,
      sessionHash,
      requestId: request.id,
      detail: event.detail ?? null,
    },
    origin: event.withoutOrigin
      ? null
      : {
          personId: viewer?.userId ?? subjectId,
          accountKey: event.accountKey ?? null,
          ipAddress: request.ipAddress,
          userAgent: request.userAgent,
        },
  });
  ctx.log.info(
    {
      event: type,
      outcome,
      requestId: request.id,
      operation: ctx.operation ?? null,
      userId: subjectId,
      actorId,
      session: sessionHash,
      ipAddress: request.ipAddress,
      userAgent: request.userAgent,
      ...(event.detail === undefined ? {} : { detail: event.detail }),
    },
    'security event',
  );
}

function hashSessionId(ctx: Pick<Context, 'keys'>, sessionId: string): string {
  return ctx.keys.mac('identifier', `session\n${sessionId}`).mac.toString('hex').slice(0, 16);
}
