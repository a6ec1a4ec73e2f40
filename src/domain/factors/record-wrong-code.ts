import type { Context } from '../../context.ts';
import { recordAudit } from '../audit/record.ts';
import { reserveUnseen } from '../rate-limits/reserve.ts';

type Input = {
  /** Whose code was guessed; null for a decoy. */
  readonly subjectId: string | null;
  readonly detail: Record<string, string | null>;
};

/**
 * A wrong code of any kind: an event of the trail, and one failure of the whole server, so that
 * guesses that are spread over many accounts show (RL-2). Call it outside of the transaction, which
 * a wrong code has rolled back (ADV-43).
 */
export async function recordWrongCode(ctx: Context, input: Input): Promise<void> {
  const { subjectId, detail } = input;
  await reserveUnseen(ctx, [{ budget: 'otp:failures', identifier: 'all' }]);
  await recordAudit(ctx, {
    db: ctx.db,
    type: 'otp.failed',
    outcome: 'FAILURE',
    subjectId,
    detail,
  });
}
