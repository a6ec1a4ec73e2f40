import type { AuthClient } from './create-auth-client.ts';
import type { OtpChallenge, OtpMethod, OtpPurpose } from './operations.ts';
import { isAuthError } from './problem.ts';
import { useCountdown } from './use-countdown.ts';
import type { UsePasskeys } from './use-passkeys.ts';
import type { Work } from './use-submit.ts';

/** A code was mailed. */
export type CodeStep = {
  readonly step: 'code';
  readonly purpose: OtpPurpose;
  /** Where it went, masked: u***@example.com. */
  readonly sentTo: string | null;
  /** Seconds until `resend` sends another, counted down; 0 where it does now. */
  readonly resendIn: number;
  resend(): Promise<void>;
  verify(input: { readonly code: string }): Promise<void>;
  /** In place of the code; null where the account or the browser has no passkey. */
  readonly verifyWithPasskey: (() => Promise<void>) | null;
  back(): void;
};

/** A code of the authenticator app is asked for, or what stands in its place. */
export type SecondStep = {
  readonly step: 'second-step';
  /** The best first. */
  readonly methods: readonly OtpMethod[];
  /** Of the app, or a recovery code: the server tells them apart by their shape. */
  verify(input: { readonly code: string }): Promise<void>;
  /** In place of the code; null where the account or the browser has no passkey. */
  readonly verifyWithPasskey: (() => Promise<void>) | null;
  back(): void;
};

/** An outcome that may ask for more before a user is signed in. */
export type Outcome = { readonly __typename: string } | null;

type Parts = {
  readonly auth: AuthClient;
  readonly passkeys: UsePasskeys;
  readonly work: Work;
  /** Null while none is to be met. */
  readonly challenge: OtpChallenge | null;
  /** Gets what a code or a passkey led to; null where it was refused. */
  take(outcome: Outcome): void;
  back(): void;
};

/** The step that meets a challenge; null where there is none. */
export function useChallengeStep(parts: Parts): CodeStep | SecondStep | null {
  const { auth, passkeys, work, challenge, take, back } = parts;
  const { code, retryAfter } = work.problem ?? {};
  // A moment is the server's; the seconds that it answers with need no clock but this one's.
  const until = code === 'RATE_LIMITED' && retryAfter ? retryAfter : challenge?.resendAvailableAt;
  const resendIn = useCountdown(until, work.problem ?? challenge);
  if (!challenge) return null;

  const { id, methods, passkey, purpose, sentTo } = challenge;
  const verify = async ({ code: typed }: { readonly code: string }): Promise<void> =>
    take(await work.run(() => auth.verifyOtp({ challengeId: id, code: typed })));
  const verifyWithPasskey =
    passkey && passkeys.isSupported
      ? async () => take(await work.run(() => passkeys.verify(passkey)))
      : null;
  if (!methods.includes('EMAIL'))
    return { step: 'second-step', methods, verify, verifyWithPasskey, back };
  return {
    step: 'code',
    purpose,
    sentTo,
    resendIn,
    resend: async () => take(await work.run(() => auth.resendOtp({ challengeId: id }))),
    verify,
    verifyWithPasskey,
    back,
  };
}

/** Whether an outcome asks for a code or the like. */
export function isChallenge(
  outcome: unknown,
): outcome is { readonly __typename: 'OtpChallenge' } & OtpChallenge {
  return Object(outcome).__typename === 'OtpChallenge';
}

/** Whether the server wants a recent proof of who the user is first. */
export function wantsProof(outcome: unknown): boolean {
  return isAuthError(outcome) && outcome.code === 'STEP_UP_REQUIRED';
}
