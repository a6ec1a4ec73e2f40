import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { type AuditEntry, listAuditEvents as findEvents } from '../../db/queries/audit-events.ts';
import { findUsersByIds } from '../../db/queries/users.ts';
import {
  type AuditDetail,
  type AuditEventView,
  showAuditEvent,
  splitDetail,
} from '../audit/audit-event-view.ts';
import { parseInput } from '../command.ts';
import { text } from '../input.ts';
import { decodeCursor, type Page, pageInput, pageOfSlice } from '../paging.ts';
import { type UserView, viewUser } from '../users/user-view.ts';
import { requireAdminToLook } from './require-admin.ts';

const filteredId = text({ max: 100 })
  .nullish()
  .transform((value) => value || null);

const schema = pageInput.extend({
  type: text({ max: 60 })
    .nullish()
    .transform((value) => value || null),
  userId: filteredId,
  actorId: filteredId,
  since: z.date().nullish(),
  until: z.date().nullish(),
});

/** An event as an administrator sees it. */
export type AdminAuditEvent = AuditEventView & {
  readonly actor: UserView | null;
  readonly subject: UserView | null;
  readonly reason: string | null;
  readonly detail: AuditDetail | null;
};

/**
 * Audit events, newest first: all of them, those of one type, those by or about a user, or those of
 * some days. Throws FORBIDDEN, VALIDATION_FAILED for an oversized page or an invalid cursor.
 */
export async function listAuditEvents(
  ctx: Context,
  input: z.input<typeof schema>,
): Promise<Page<AdminAuditEvent>> {
  requireAdminToLook(ctx);
  const { first, after, type, userId, actorId, since, until } = parseInput(schema, input);
  const before = after ? decodeCursor(after).id : null;
  const known = [userId, actorId].every((id) => id === null || isUuid(id));
  const rows = known
    ? await findEvents(ctx.readDb, {
        type,
        userId,
        actorId,
        since: since ?? null,
        until: until ?? null,
        before,
        limit: first + 1,
      })
    : [];
  const ids = rows.flatMap(({ actorId, subjectId }) =>
    [actorId, subjectId].flatMap((id) => id ?? []),
  );
  const people = await findUsersByIds(ctx.readDb, { ids: [...new Set(ids)] });
  const views = new Map(people.map((user) => [user.id, viewUser(user, 'admin')]));
  return pageOfSlice(rows, {
    first,
    after,
    placeOf: ({ at, id }) => ({ at, id }),
    view: (row) => view(row, views),
  });
}

function view(entry: AuditEntry, people: ReadonlyMap<string, UserView>): AdminAuditEvent {
  const { actorId, subjectId } = entry;
  return {
    ...showAuditEvent(entry),
    actor: actorId === null ? null : (people.get(actorId) ?? goneUser(actorId)),
    subject: subjectId === null ? null : (people.get(subjectId) ?? goneUser(subjectId)),
    ...splitDetail(entry),
  };
}

/** A deleted user, of whom only the random id is left. */
function goneUser(id: string): UserView {
  return {
    kind: 'user',
    id,
    email: null,
    emailVerified: null,
    name: null,
    roles: null,
    createdAt: null,
    status: null,
    suspendedUntil: null,
    lastLoginAt: null,
    totpEnabled: null,
    showsFactors: false,
    showsSessions: false,
    showsPublicMetadata: false,
    showsAdminMetadata: false,
  };
}
