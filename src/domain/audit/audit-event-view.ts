import type { AuditEntry } from '../../db/queries/audit-events.ts';
import { describeDevice } from '../origins/describe-device.ts';
import type { AuditType } from './record.ts';

/** An event as its subject may see it. */
export type AuditEventView = {
  readonly id: string;
  readonly at: Date;
  readonly type: string;
  readonly outcome: string;
  readonly actorId: string | null;
  readonly subjectId: string | null;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly device: string | null;
  readonly requestId: string | null;
};

export type AuditDetail = NonNullable<AuditEntry['detail']>;

/** Events that an owner or an administrator causes; only the latter gives a reason. */
const alsoReasoned: ReadonlySet<string> = new Set<AuditType>([
  'account.deleted',
  'identity.unlinked',
]);

/**
 * An administrator's reason, and what else the event says: other events keep words of our own under
 * `reason`, such as why a session was closed.
 */
export function splitDetail({ type, detail }: Pick<AuditEntry, 'type' | 'detail'>): {
  readonly reason: string | null;
  readonly detail: AuditDetail | null;
} {
  if (detail === null) return { reason: null, detail: null };
  if (!type.startsWith('user.') && !alsoReasoned.has(type)) return { reason: null, detail };
  const { reason = null, ...rest } = detail;
  return {
    reason: typeof reason === 'string' ? reason : null,
    detail: Object.keys(rest).length > 0 ? rest : null,
  };
}

/**
 * Where another user acted, such as an administrator, the address and device are theirs and stay
 * hidden.
 */
export function viewAuditEvent(entry: AuditEntry, viewerId: string): AuditEventView {
  const isOwn = entry.actorId === null || entry.actorId === viewerId;
  return showAuditEvent(isOwn ? entry : { ...entry, ipAddress: null, userAgent: null });
}

/** All of an event, for administrators. */
export function showAuditEvent(entry: AuditEntry): AuditEventView {
  const {
    id,
    at,
    type,
    outcome,
    actorId,
    subjectId,
    requestId,
    ipAddress,
    userAgent,
    shortenedAt,
  } = entry;
  return {
    id,
    at,
    type,
    outcome,
    actorId,
    subjectId,
    ipAddress,
    userAgent,
    // Once an event is old, only the description of the device is left.
    device: shortenedAt === null ? describeDevice(userAgent) : userAgent,
    requestId,
  };
}
