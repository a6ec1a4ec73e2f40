import { validate as isUuid } from 'uuid';
import type { App } from '../../app.ts';
import type { Context, RequestInfo, Viewer } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import { holdAnyUser } from '../../db/queries/user-administration.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import type { Doer } from '../audit/record.ts';
import { holdAdmins } from '../caller/hold-admins.ts';
import { assertSessionLives } from '../caller/hold-caller.ts';
import { isLastAdmin } from '../roles/rules.ts';
import { requireAdminToChange } from './require-admin.ts';

/** Who makes a change: an administrator by a request, or the operator at the command line. */
export type Changer = Pick<
  App,
  'clock' | 'config' | 'random' | 'log' | 'keys' | 'metrics' | 'wakeOutbox'
> & {
  readonly request: RequestInfo | null;
  readonly viewer: Viewer | null;
  readonly by?: Doer;
};

export type HeldUser = {
  /** The transaction that locks the rows of every administrator and of this user. */
  readonly db: Transaction;
  readonly user: UserRow;
  /** Throws CONFLICT where no administrator would be left without this user (AZ-7). */
  readonly assertNotLastAdmin: () => void;
};

type Input<Result> = {
  readonly userId: string;
  readonly change: (held: HeldUser) => Promise<Result>;
};

/**
 * Makes an administrator's change to a user. SECURITY: the administrators' rows are locked first,
 * in one order, until the commit, and the caller must still be among them: when two administrators
 * demote each other at the same time, on any instances, the second finds that it has lost the role.
 * Throws what requireAdminToChange throws, NOT_FOUND where there is no such user.
 */
export async function changeUser<Result>(
  ctx: Context,
  { userId, change }: Input<Result>,
): Promise<Result> {
  requireAdminToChange(ctx);
  if (!isUuid(userId)) throw noSuchUser();
  const result = await ctx.transaction(async (tx) => {
    const adminIds = await holdAdmins(ctx, { db: tx });
    const user = await holdAnyUser(tx, { id: userId });
    // After both, since the caller may be signed out while this waits for either.
    await assertSessionLives(ctx, { db: tx });
    if (!user) throw noSuchUser();
    return change(heldUser({ db: tx, user, adminIds }));
  });
  return result;
}

export function heldUser(input: {
  readonly db: Transaction;
  readonly user: UserRow;
  /** Of those who can sign in. */
  readonly adminIds: readonly string[];
}): HeldUser {
  const { db, user, adminIds } = input;
  const assertNotLastAdmin = (): void => {
    if (isLastAdmin(adminIds, user.id)) {
      throw new AuthError('CONFLICT', {
        message:
          'This is the last administrator, who can be neither demoted nor suspended nor deleted.',
      });
    }
  };
  return { db, user, assertNotLastAdmin };
}

function noSuchUser(): AuthError {
  return new AuthError('NOT_FOUND', { message: 'There is no such user.' });
}
