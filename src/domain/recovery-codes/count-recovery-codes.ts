import type { Context } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import { listUnusedRecoveryCodes } from '../../db/queries/recovery-codes.ts';

/** How many codes of the user would work now: unused, and hashed under a key still in force. */
export async function countRecoveryCodes(
  ctx: Pick<Context, 'keys'>,
  input: { db: Db; userId: string },
): Promise<number> {
  const unused = await listUnusedRecoveryCodes(input.db, { userId: input.userId });
  return unused.filter((row) => ctx.keys.macWith('recovery-code', row.keyId, '') !== null).length;
}
