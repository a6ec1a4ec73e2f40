import type { Db } from '../../db/driver/client.ts';
import { countIdentities } from '../../db/queries/identities.ts';

/**
 * For mails about a changed password, which leaves linked accounts as they are: how many there are,
 * in digits; null without any. One of them may be an attacker's.
 */
export async function tellIdentities(
  db: Db,
  input: { readonly userId: string },
): Promise<string | null> {
  const number = await countIdentities(db, input);
  return number === 0 ? null : String(number);
}
