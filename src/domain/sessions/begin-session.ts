import type { Context } from '../../context.ts';
import type { Db } from '../../db/client.ts';
import { insertSession } from '../../db/queries/sessions.ts';
import { recordLogin } from '../../db/queries/users.ts';
import type { SessionRow } from '../../db/tables/sessions.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { recordAudit } from '../audit/record.ts';
import { firstRefreshToken, type RefreshToken } from './refresh-token.ts';
import { lifetimeFrom } from './rules.ts';

export type BegunSession = {
  readonly session: SessionRow;
  readonly user: UserRow;
  readonly refreshToken: RefreshToken;
};

type Input = {
  /** The transaction of whatever proved the user. */
  readonly db: Db;
  readonly userId: string;
  /** RFC 8176 names of what was proved. */
  readonly methods: readonly string[];
};

/** A new session under a new id (SE-9). The caller has made sure that every factor of the policy was proved. */
export async function beginSession(ctx: Context, { db, userId, methods }: Input): Promise<BegunSession> {
  const now = ctx.clock.now();
  const id = ctx.random.id(now);
  const refreshToken = firstRefreshToken(ctx, id);
  const session = await insertSession(db, {
    id,
    userId,
    refreshHash: refreshToken.hash,
    createdAt: now,
    lastUsedAt: now,
    authenticatedAt: now,
    ...lifetimeFrom(now, ctx.config),
    methods: [...methods],
    ipAddress: ctx.request.ipAddress,
    userAgent: ctx.request.userAgent,
  });
  const user = await recordLogin(db, { id: userId, now });
  if (!user) throw new Error('The user of a new session is gone.');
  await recordAudit(ctx, {
    db,
    type: 'session.opened',
    outcome: 'SUCCESS',
    subjectId: userId,
    sessionId: id,
    detail: { methods: methods.join(' ') },
  });
  return { session, user, refreshToken };
}
