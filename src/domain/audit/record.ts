import type { App } from '../../app.ts';
import type { RequestInfo, Viewer } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import { insertAuditEvent } from '../../db/queries/audit-events.ts';

/**
 * Names in the style of the OWASP logging vocabulary; each says what happened, not what was
 * intended (ADV-59).
 */
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
  | 'passkey.added'
  | 'passkey.removed'
  | 'passkey.renamed'
  | 'passkey.backup_changed'
  | 'passkey.failed'
  | 'passkey.clone_suspected'
  | 'identity.linked'
  | 'identity.unlinked'
  | 'identity.login_failed'
  | 'user.suspended'
  | 'user.reinstated'
  | 'user.roles_changed'
  | 'user.sessions_revoked'
  | 'user.session_revoked'
  | 'user.metadata_changed'
  | 'user.factors_reset'
  | 'user.password_reset'
  | 'user.created'
  | 'users.imported'
  | 'users.exported'
  | 'password.reset_requested'
  | 'password.reset'
  | 'password.reset_failed'
  | 'password.changed'
  | 'password.change_failed'
  | 'password.breached'
  | 'profile.updated'
  | 'email.change_requested'
  | 'email.changed'
  | 'email.change_undone'
  | 'account.exported'
  | 'account.deleted'
  | 'device.new';

/** Who acts where that is no user. */
export type Doer = 'command line' | 'server';

type Event = {
  /** The transaction of the change, so that neither is kept without the other (LG-6). */
  readonly db: Db;
  readonly type: AuditType;
  readonly outcome: 'SUCCESS' | 'FAILURE';
  readonly subjectId: string | null;
  readonly sessionId?: string | null;
  /** Defaults to the caller, or to the subject where no one is signed in yet. */
  readonly actorId?: string | null;
  /**
   * The key of the address that was typed (rate-limits/reserve), which may belong to anyone: never
   * the address itself (LG-7).
   */
  readonly accountKey?: Uint8Array;
  /** SECURITY: no secrets and no addresses in here. */
  readonly detail?: Record<string, string | number | boolean | null>;
  /**
   * The event that ends an account carries no origin: that would be personal data without an owner
   * (DP-4).
   */
  readonly withoutOrigin?: true;
};

/**
 * A request's context, or what a command or a timer provides, which have no caller and no origin.
 */
type Recorder = Pick<App, 'clock' | 'random' | 'log' | 'keys' | 'metrics'> & {
  readonly request: RequestInfo | null;
  readonly viewer: Viewer | null;
  readonly operation?: string;
  /** Given by a command or a timer whose event names no user as its actor. */
  readonly by?: Doer;
};

/** Writes an audit row. Actor, address and device come from the request, never from input. */
export async function recordAudit(ctx: Recorder, event: Event): Promise<void> {
  const now = ctx.clock.now();
  const { request, viewer } = ctx;
  // The actor of a failed sign-in is unknown: it need not be the account's owner.
  const self = event.outcome === 'SUCCESS' && ctx.by === undefined ? event.subjectId : null;
  const actor = viewer?.userId ?? self;
  const actorId = event.actorId === undefined ? actor : event.actorId;
  const sessionId = event.sessionId ?? viewer?.sessionId ?? null;
  const sessionHash = sessionId === null ? null : hashSessionId(ctx, sessionId);
  const { type, outcome, subjectId } = event;
  const detail = ctx.by === undefined ? event.detail : { ...event.detail, by: ctx.by };
  await insertAuditEvent(event.db, {
    event: {
      id: ctx.random.id(now),
      at: now,
      type,
      outcome,
      actorId,
      subjectId,
      sessionHash,
      requestId: request?.id ?? null,
      detail: detail ?? null,
    },
    origin:
      event.withoutOrigin || request === null
        ? null
        : {
            personId: viewer?.userId ?? subjectId,
            accountKey: event.accountKey ?? null,
            ipAddress: request.ipAddress,
            userAgent: request.userAgent,
          },
  });
  ctx.metrics.audited({ type, outcome });
  ctx.log.info(
    {
      event: type,
      outcome,
      requestId: request?.id ?? null,
      operation: ctx.operation ?? null,
      userId: subjectId,
      actorId,
      session: sessionHash,
      ipAddress: request?.ipAddress ?? null,
      userAgent: request?.userAgent ?? null,
      ...(detail === undefined ? {} : { detail }),
    },
    'security event',
  );
}

/** How the trail and the log name a session: a short HMAC of its id (LG-2). */
export function hashSessionId(ctx: Pick<App, 'keys'>, sessionId: string): string {
  return ctx.keys.mac('identifier', `session\n${sessionId}`).mac.toString('hex').slice(0, 16);
}
