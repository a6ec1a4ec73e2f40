import { secondsAfter } from '../../clock.ts';
import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import { noteDevice } from '../../db/queries/known-devices.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { recordAudit } from '../audit/record.ts';
import { forgotPasswordLink } from '../emails/links.ts';
import { describeDevice } from '../origins/describe-device.ts';
import { requestOrigin } from '../origins/request-origin.ts';
import { enqueueEmail } from '../outbox/enqueue-email.ts';

const day = 24 * 3600;

/**
 * Remembers the kind of device that a session begins on, and mails its owner where that kind is
 * new; not at the very first sign-in. `user` is the row as locked, before the sign-in is written.
 */
export async function noticeDevice(
  ctx: Context,
  { db, user }: { db: Transaction; user: UserRow },
): Promise<void> {
  const now = ctx.clock.now();
  const refreshBefore = secondsAfter(now, -day);
  const isNew = await noteDevice(db, {
    id: ctx.random.id(now),
    userId: user.id,
    deviceHash: deviceHash(ctx, user.id),
    now,
    refreshBefore,
  });
  if (!isNew || user.lastLoginAt === null) return;
  await recordAudit(ctx, { db, type: 'device.new', outcome: 'SUCCESS', subjectId: user.id });
  await enqueueEmail(ctx, {
    db,
    to: user.email,
    locale: user.locale,
    content: {
      template: 'new-device',
      ...requestOrigin(ctx),
      resetLink: forgotPasswordLink(ctx.config),
    },
  });
}

/**
 * Browser and system without versions, bound to the user: the hash survives updates and new
 * networks, and two users' rows cannot be compared. Deliberately not a fingerprint (decision 023).
 */
function deviceHash(
  { keys, request }: Pick<Context, 'keys' | 'request'>,
  userId: string,
): Uint8Array {
  return keys.mac(
    'identifier',
    `device\n${userId}\n${describeDevice(request.userAgent) ?? 'unknown'}`,
  ).mac;
}
