import { secondsAfter } from '../../clock.ts';
import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import { noteDevice } from '../../db/queries/known-devices.ts';
import { findUserById } from '../../db/queries/users.ts';
import { recordAudit } from '../audit/record.ts';
import { forgotPasswordLink } from '../emails/links.ts';
import { describeDevice } from '../origins/describe-device.ts';
import { requestOrigin } from '../origins/request-origin.ts';
import { enqueueEmail } from '../outbox/enqueue-email.ts';

const day = 24 * 3600;

/**
 * Notes what kind of device a session begins on, and mails its owner where that kind was not seen
 * before; not at the very first sign-in. Call it before the sign-in is written to the user's row.
 */
export async function noticeDevice(
  ctx: Context,
  { db, userId }: { db: Transaction; userId: string },
): Promise<void> {
  const now = ctx.clock.now();
  const refreshBefore = secondsAfter(now, -day);
  const isNew = await noteDevice(db, {
    id: ctx.random.id(now),
    userId,
    deviceHash: deviceHash(ctx, userId),
    now,
    refreshBefore,
  });
  const before = isNew ? await findUserById(db, { id: userId }) : null;
  if (!before?.lastLoginAt) return;
  await recordAudit(ctx, { db, type: 'device.new', outcome: 'SUCCESS', subjectId: userId });
  await enqueueEmail(ctx, {
    db,
    to: before.email,
    locale: before.locale,
    content: {
      template: 'new-device',
      ...requestOrigin(ctx),
      resetLink: forgotPasswordLink(ctx.config),
    },
  });
}

/**
 * Browser and system, no versions, bound to the user: it stays the same over updates and networks,
 * and two users' rows cannot be compared. Deliberately not a fingerprint (decision 052).
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
