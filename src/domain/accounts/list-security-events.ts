import type { Context } from '../../context.ts';
import { type AuditEntry, findEventsAbout } from '../../db/queries/audit-events.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { type AuditEventView, viewAuditEvent } from '../audit/audit-event-view.ts';
import { requireViewer } from '../caller/require-step-up.ts';
import { parseInput } from '../command.ts';
import { decodeCursor, type Page, type PageInput, pageInput, pageOfSlice } from '../paging.ts';
import { type UserView, viewUser } from '../users/user-view.ts';

/** An event as the owner of the account sees it. */
export type SecurityEvent = AuditEventView & {
  readonly actor: UserView | null;
  readonly subject: UserView | null;
  /** An administrator's note is not shown to the owner. */
  readonly reason: null;
  readonly detail: null;
};

/**
 * What happened to the caller's account, newest first. Throws VALIDATION_FAILED for an oversized
 * page or an invalid cursor.
 */
export async function listSecurityEvents(
  ctx: Context,
  input: PageInput,
): Promise<Page<SecurityEvent>> {
  const { userId, session } = requireViewer(ctx);
  const { first, after } = parseInput(pageInput, input);
  const before = after ? decodeCursor(after).id : null;
  const rows = await findEventsAbout(ctx.db, { subjectId: userId, before, limit: first + 1 });
  return pageOfSlice(rows, {
    first,
    after,
    placeOf: ({ at, id }) => ({ at, id }),
    view: (row) => view(row, session.user),
  });
}

function view(entry: AuditEntry, viewer: UserRow): SecurityEvent {
  const shown = viewAuditEvent(entry, viewer.id);
  const self = viewUser(viewer, 'self');
  const { actorId } = shown;
  const actor =
    actorId === null
      ? null
      : actorId === viewer.id
        ? self
        : viewUser({ ...viewer, id: actorId }, 'other');
  return { ...shown, actor, subject: self, reason: null, detail: null };
}
