import type { App } from '../../app.ts';
import { secondsAfter } from '../../clock.ts';
import { confirmTotp, putPendingTotp } from '../../db/queries/totp-authenticators.ts';
import { holdAnyUser } from '../../db/queries/user-administration.ts';
import { setTotpEnabledAt } from '../../db/queries/users.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { recordAudit } from '../audit/record.ts';
import { clearFactors } from '../factors/clear-factors.ts';
import { readCode } from '../otp/code.ts';
import { issueRecoveryCodes } from '../recovery-codes/issue-recovery-codes.ts';
import { sealTotpSecret } from '../totp/seal.ts';
import {
  enrollmentLifetime,
  matchingStep,
  otpauthUri,
  secretBytes,
  writeSecret,
} from '../totp/totp.ts';

type Giver = Pick<
  App,
  'clock' | 'config' | 'random' | 'log' | 'keys' | 'metrics' | 'transaction'
> & {
  readonly request: null;
  readonly viewer: null;
};

export type OfferedTotp = {
  /** In base32. */
  readonly secret: string;
  readonly uri: string;
  /**
   * Activates the app with the code that it shows (OT-14), and returns the recovery codes; null for
   * a wrong code.
   */
  confirm(code: string): Promise<string[] | null>;
};

/**
 * An authenticator app for a user just created at the command line. Nothing is stored until a valid
 * code of it has been entered.
 */
export function offerTotp(app: Giver, user: Pick<UserRow, 'id' | 'email'>): OfferedTotp {
  const secret = app.random.bytes(secretBytes);
  return {
    secret: writeSecret(secret),
    uri: otpauthUri({ issuer: app.config.productName, label: user.email, secret }),
    confirm: async (typed) => {
      const code = readCode(typed);
      const now = app.clock.now();
      const step = code === null ? null : await matchingStep({ secret, code, now });
      if (step === null) return null;
      return app.transaction(async (tx) => {
        const userId = user.id;
        // The owner of an account that was verified meanwhile sets up their own app.
        if ((await holdAnyUser(tx, { id: userId }))?.emailVerifiedAt !== null) return null;
        const id = app.random.id(now);
        const sealedSecret = sealTotpSecret(app.keys, { userId, authenticatorId: id }, secret);
        await clearFactors(app, { db: tx, userId });
        await putPendingTotp(tx, {
          id,
          userId,
          sealedSecret,
          createdAt: now,
          expiresAt: secondsAfter(now, enrollmentLifetime),
        });
        await confirmTotp(tx, { id, userId, step, confirmedAt: now, now });
        await setTotpEnabledAt(tx, { id: userId, at: now });
        const { codes } = await issueRecoveryCodes(app, { db: tx, userId, at: now });
        await recordAudit(app, {
          db: tx,
          type: 'totp.enabled',
          outcome: 'SUCCESS',
          subjectId: userId,
          actorId: null,
        });
        return codes;
      });
    },
  };
}
