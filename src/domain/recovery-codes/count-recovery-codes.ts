import type { Context } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import {
  countUnusedRecoveryCodesOf,
  listUnusedRecoveryCodes,
} from '../../db/queries/recovery-codes.ts';

/** The number of codes of each of these users that would work now, in the same order. */
export async function recoveryCodeCounts(
  ctx: Pick<Context, 'keys' | 'db'>,
  { userIds }: { readonly userIds: readonly string[] },
): Promise<number[]> {
  const groups = await countUnusedRecoveryCodesOf(ctx.db, { userIds });
  return userIds.map((id) =>
    groups
      .filter(({ userId, keyId }) => userId === id && isInForce(ctx, keyId))
      .reduce((sum, { number }) => sum + number, 0),
  );
}

/** How many codes of the user would work now: unused, and hashed under a key still in force. */
export async function countRecoveryCodes(
  ctx: Pick<Context, 'keys'>,
  input: { db: Db; userId: string },
): Promise<number> {
  const unused = await listUnusedRecoveryCodes(input.db, { userId: input.userId });
  return unused.filter(({ keyId }) => isInForce(ctx, keyId)).length;
}

function isInForce({ keys }: Pick<Context, 'keys'>, keyId: string): boolean {
  return keys.macWith('recovery-code', keyId, '') !== null;
}
