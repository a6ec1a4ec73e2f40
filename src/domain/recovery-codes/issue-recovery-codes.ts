import type { Context } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import { replaceRecoveryCodes } from '../../db/queries/recovery-codes.ts';
import {
  hashRecoveryCode,
  makeRecoveryCode,
  recoveryCodeCount,
  showRecoveryCode,
} from './recovery-code.ts';

export type RecoveryCodes = { readonly kind: 'recovery-codes'; readonly codes: string[] };

type Input = {
  /** The transaction that locks the user's row. */
  readonly db: Db;
  readonly userId: string;
  /** The moment of the change that they belong to. */
  readonly at: Date;
};

/** Replaces the user's codes by a new set; this is the only time that they can be read (OT-16). */
export async function issueRecoveryCodes(
  ctx: Pick<Context, 'random' | 'keys'>,
  { db, userId, at }: Input,
): Promise<RecoveryCodes> {
  const codes = Array.from({ length: recoveryCodeCount }, () => makeRecoveryCode(ctx.random));
  const rows = codes.map((code) => {
    const { keyId, mac } = hashRecoveryCode(ctx.keys, userId, code);
    return { id: ctx.random.id(at), userId, codeHash: mac, keyId, createdAt: at };
  });
  await replaceRecoveryCodes(db, { userId, rows });
  return { kind: 'recovery-codes', codes: codes.map(showRecoveryCode) };
}
