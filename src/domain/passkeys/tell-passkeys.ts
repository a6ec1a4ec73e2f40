import type { Db } from '../../db/driver/client.ts';
import { countPasskeys } from '../../db/queries/passkeys.ts';

/**
 * For mails about a changed password, which leaves passkeys as they are (PK-19): how many there
 * are, in digits; null without any.
 */
export async function tellPasskeys(
  db: Db,
  input: { readonly userId: string },
): Promise<string | null> {
  const number = await countPasskeys(db, input);
  return number === 0 ? null : String(number);
}
