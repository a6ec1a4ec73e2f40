import type { Context } from '../../context.ts';
import { hasEventSince } from '../../db/queries/audit-events.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { recordAudit } from '../audit/record.ts';
import { normalizePassword } from '../passwords/password-text.ts';

type Input = {
  readonly user: Pick<UserRow, 'id' | 'passwordChangedAt'>;
  /** As typed, and right. */
  readonly password: string;
};

/**
 * Looks up the password of a sign-in, and where it is listed tells the account's trail, once for
 * each password (decision 051). The sign-in neither waits for that nor fails with it.
 */
export function hintAtBreach(ctx: Context, input: Input): void {
  hint(ctx, input).catch((error) => {
    ctx.log.warn(
      { err: error, event: 'breached_passwords.not_recorded', requestId: ctx.request.id },
      'A hint at a breached password was not recorded.',
    );
  });
}

async function hint(ctx: Context, { user, password }: Input): Promise<void> {
  if (!(await ctx.breachedPasswords.includes(normalizePassword(password)))) return;
  // The request's own handle is cancelled with the request.
  const { db } = ctx.database;
  const type = 'password.breached';
  const subjectId = user.id;
  const since = user.passwordChangedAt ?? new Date(0);
  if (await hasEventSince(db, { subjectId, type, since })) return;
  await recordAudit(ctx, { db, type, outcome: 'FAILURE', subjectId });
}
