import { z } from 'zod';
import { renamePasskey as rename } from '../../db/queries/passkeys.ts';
import { recordAudit } from '../audit/record.ts';
import { holdCaller } from '../caller/hold-caller.ts';
import { requireViewer } from '../caller/require-step-up.ts';
import { command } from '../command.ts';
import { displayName, text } from '../input.ts';
import { type PasskeyView, viewPasskey } from '../passkeys/passkey-view.ts';
import { noSuchPasskey, passkeyId } from './passkey-id.ts';

const schema = z.object({
  passkeyId: text({ max: 100 }),
  name: displayName.transform((name, ctx): string => {
    if (name !== null) return name;
    ctx.addIssue({ code: 'custom', params: { code: 'REQUIRED' }, message: 'A name is required.' });
    return z.NEVER;
  }),
});

/** Gives one of the caller's passkeys another name. Throws NOT_FOUND. */
export const renamePasskey = command(schema, async (ctx, input): Promise<PasskeyView> => {
  requireViewer(ctx);
  const id = passkeyId(input.passkeyId);
  return ctx.transaction(async (tx) => {
    const user = await holdCaller(ctx, { db: tx });
    const row = await rename(tx, { id, userId: user.id, name: input.name });
    if (!row) throw noSuchPasskey();
    await recordAudit(ctx, {
      db: tx,
      type: 'passkey.renamed',
      outcome: 'SUCCESS',
      subjectId: user.id,
      detail: { passkeyId: id },
    });
    return viewPasskey(row);
  });
});
