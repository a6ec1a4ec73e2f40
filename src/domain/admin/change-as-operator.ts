import type { App } from '../../app.ts';
import { holdAdmins, holdAnyUser } from '../../db/queries/user-administration.ts';
import { holdUserByEmail } from '../../db/queries/users.ts';
import { AuthError } from '../../errors.ts';
import { type Changer, type HeldUser, heldUser } from './change-user.ts';
import type { UserName } from './user-name.ts';

type Operator = Omit<Changer, 'by'> & Pick<App, 'transaction'>;

type Input<Result> = {
  readonly user: UserName;
  readonly change: (ctx: Changer, held: HeldUser) => Promise<Result>;
};

/**
 * Makes a change to a user for the operator, who holds the configuration: the trail names the
 * command line in place of an administrator. The same rows are locked as for an administrator, in
 * the same order. Throws NOT_FOUND where there is no such user.
 */
export async function changeAsOperator<Result>(
  app: Operator,
  { user: name, change }: Input<Result>,
): Promise<Result> {
  return app.transaction(async (tx) => {
    const adminIds = await holdAdmins(tx);
    const user =
      name.kind === 'id'
        ? await holdAnyUser(tx, { id: name.id })
        : await holdUserByEmail(tx, { canonical: name.canonical });
    if (!user) throw new AuthError('NOT_FOUND', { message: 'There is no such user.' });
    return change({ ...app, by: 'command line' }, heldUser({ db: tx, user, adminIds }));
  });
}
