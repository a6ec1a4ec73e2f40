import type { Db } from '../../db/driver/client.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import { findIdentity, type IdentityKey } from '../../db/queries/identities.ts';
import { holdAnyUser } from '../../db/queries/user-administration.ts';
import { findUserByEmail, findUserById, holdUserByEmail } from '../../db/queries/users.ts';
import type { UserRow } from '../../db/tables/users.ts';
import type { EmailAddress } from '../addresses/email-address.ts';

type Wanted = { readonly key: IdentityKey; readonly email: EmailAddress | null };

/** Whom a provider's account belongs to here, in any state. */
export type IdentityAccount = {
  /** Whether it is a user's identity; the address does not matter then. */
  readonly isLinked: boolean;
  /** Its user; of one that is not linked, the user who has its address. */
  readonly user: UserRow | null;
};

export async function findAccount(db: Db, { key, email }: Wanted): Promise<IdentityAccount> {
  const identity = await findIdentity(db, key);
  if (identity) return { isLinked: true, user: await findUserById(db, { id: identity.userId }) };
  const user = email && (await findUserByEmail(db, { canonical: email.canonical }));
  return { isLinked: false, user };
}

/**
 * The same with the user's row locked until the transaction ends. Whether it is linked is asked
 * once more afterwards, since it may have been unlinked or linked while this waited.
 */
export async function holdAccount(
  tx: Transaction,
  { key, email }: Wanted,
): Promise<IdentityAccount> {
  const before = await findIdentity(tx, key);
  const user = before
    ? await holdAnyUser(tx, { id: before.userId })
    : email && (await holdUserByEmail(tx, { canonical: email.canonical }));
  const after = await findIdentity(tx, key);
  const isSame = before?.userId === after?.userId;
  return isSame ? { isLinked: after !== null, user } : { isLinked: after !== null, user: null };
}
