import { z } from 'zod';
import type { OtpChallengeRow } from '../../db/tables/otp-challenges.ts';
import type { OtpMethod } from '../factors/rules.ts';
import { readRecoveryCode } from '../recovery-codes/recovery-code.ts';
import { readCode } from './code.ts';

/** What the user typed: six digits, or a recovery code in its canonical form. */
export type TypedCode = { readonly kind: 'digits' | 'recovery-code'; readonly code: string };

/**
 * Parses either form; anything else becomes VALIDATION_FAILED, before anything is compared (OT-10).
 */
export const typedCode = z
  .string({ error: 'A code is required.' })
  .transform((value, ctx): TypedCode => {
    const digits = readCode(value);
    if (digits !== null) return { kind: 'digits', code: digits };
    const recoveryCode = readRecoveryCode(value);
    if (recoveryCode !== null) return { kind: 'recovery-code', code: recoveryCode };
    ctx.addIssue({
      code: 'custom',
      params: { code: 'INVALID' },
      message: 'A code has six digits, a recovery code sixteen letters and digits.',
    });
    return z.NEVER;
  });

/**
 * The method that a typed code is meant for: the named one, or the one that its form indicates;
 * null where it is not offered.
 */
export function methodFor(
  challenge: Pick<OtpChallengeRow, 'methods'>,
  input: { typed: TypedCode; named: OtpMethod | null },
): OtpMethod | null {
  const fitting: readonly OtpMethod[] =
    input.typed.kind === 'digits' ? ['EMAIL', 'TOTP'] : ['RECOVERY_CODE'];
  return (
    fitting.find(
      (method) =>
        challenge.methods.includes(method) && (input.named === null || input.named === method),
    ) ?? null
  );
}
