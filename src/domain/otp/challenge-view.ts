import type { NewChallenge } from '../../db/queries/otp-challenges.ts';
import { type OtpMethod, otpMethods } from '../factors/rules.ts';
import type { PasskeyChallenge } from '../passkeys/begin-ceremony.ts';
import type { OtpPurpose } from './rules.ts';

export type OtpChallenge = {
  readonly kind: 'challenge';
  readonly id: string;
  readonly purpose: OtpPurpose;
  readonly methods: OtpMethod[];
  readonly sentTo: string | null;
  readonly expiresAt: Date;
  readonly resendAvailableAt: Date | null;
  readonly passkey: PasskeyChallenge | null;
};

const purposes: readonly OtpPurpose[] = [
  'VERIFY_EMAIL',
  'LOGIN',
  'STEP_UP',
  'CHANGE_EMAIL',
  'LINK_IDENTITY',
];

export function purposeOf(row: Pick<NewChallenge, 'purpose'>): OtpPurpose {
  const purpose = purposes.find((name) => name === row.purpose);
  if (!purpose) throw new Error('A challenge has an unknown purpose.');
  return purpose;
}

/** A challenge as the client sees it; only the client knows the handle, the row stores its hash. */
export function viewChallenge(
  row: NewChallenge,
  { handle, passkey }: { readonly handle: string; readonly passkey: PasskeyChallenge | null },
): OtpChallenge {
  return {
    kind: 'challenge',
    id: handle,
    purpose: purposeOf(row),
    methods: otpMethods.filter((name) => row.methods.includes(name)),
    sentTo: row.sentTo,
    expiresAt: row.expiresAt,
    resendAvailableAt: row.resendAvailableAt,
    passkey,
  };
}
