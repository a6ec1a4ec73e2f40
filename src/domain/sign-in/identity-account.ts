import type { Db } from '../../db/driver/client.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import {
  findUserByIdentity,
  holdUserByIdentity,
  type IdentityKey,
} from '../../db/queries/identities.ts';
import { findUserByEmail, holdUserByEmail } from '../../db/queries/users.ts';
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
  const linked = await findUserByIdentity(db, key);
  if (linked) return { isLinked: true, user: linked };
  const user = email && (await findUserByEmail(db, { canonical: email.canonical }));
  return { isLinked: false, user };
}

/**
 * The user of now, locked until the transaction ends. Whether it is linked may have changed since
 * it was found: bindIdentity tells.
 */
export function holdAccount(
  tx: Transaction,
  { key, email, isLinked }: Wanted & Pick<IdentityAccount, 'isLinked'>,
): Promise<UserRow | null> | null {
  if (isLinked) return holdUserByIdentity(tx, key);
  return email && holdUserByEmail(tx, { canonical: email.canonical });
}
