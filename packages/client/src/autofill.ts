import { getCredential, isPasskeyError, type PasskeyError } from './ceremony.ts';
import type { AuthClient } from './create-auth-client.ts';
import type {
  PasskeyChallenge,
  RequestPasskeyLoginResult,
  VerifyPasskeyResult,
} from './operations.ts';
import { createRetry } from './retry.ts';
import { verifyCredential } from './verify-credential.ts';

/** Milliseconds for which a challenge is good whose options do not say so. */
const usualLifetime = 300_000;

type Ask = () => Promise<RequestPasskeyLoginResult>;

/**
 * Lets the browser offer passkeys in a field until the user chooses one, however long that takes:
 * at three quarters of its life the challenge is replaced.
 */
export async function autofill(
  auth: AuthClient,
  ask: Ask,
  signal: AbortSignal,
): Promise<VerifyPasskeyResult | PasskeyError> {
  let challenge = await ask();
  while (challenge.__typename !== 'AuthError') {
    const renewal = renewInTime(challenge, ask);
    const either = AbortSignal.any([signal, renewal.signal]);
    const credential = await getCredential(challenge, { signal: either, isAutofill: true });
    renewal.stop();
    if (!isPasskeyError(credential)) return verifyCredential(auth, challenge, credential);
    const next = renewal.challenge();
    if (!next) return credential;
    challenge = next;
  }
  return challenge;
}

/**
 * Whether the user chose a passkey that was refused, so that others may be offered. Not where the
 * server began no ceremony: it would be asked again at once, for as long as the page is open.
 */
export function wasRefused(result: VerifyPasskeyResult | PasskeyError): boolean {
  const refusals: readonly string[] = ['INVALID_CREDENTIALS', 'UNKNOWN_PASSKEY'];
  return result.__typename === 'AuthError' && refusals.includes(result.code);
}

type Challenge = Extract<RequestPasskeyLoginResult, PasskeyChallenge>;

type Renewal = {
  /** Aborted once there is another challenge: the field is never without one. */
  readonly signal: AbortSignal;
  challenge(): Challenge | null;
  stop(): void;
};

function renewInTime({ options }: PasskeyChallenge, ask: Ask): Renewal {
  const renewed = new AbortController();
  const stopped = new AbortController();
  let next: Challenge | null = null;

  async function renew(): Promise<void> {
    // A tab that no one looks at asks for nothing until someone does.
    if (typeof document !== 'undefined' && document.hidden) {
      const once = { once: true, signal: stopped.signal };
      document.addEventListener('visibilitychange', renew, once);
      return;
    }
    const answer = await ask().catch(() => null);
    if (stopped.signal.aborted) return;
    if (answer?.__typename !== 'PasskeyChallenge')
      return retry.later((answer?.retryAfter ?? 0) * 1000);
    next = answer;
    renewed.abort();
  }

  const retry = createRetry(renew);
  // By the duration, since the clocks of clients are often hours off.
  retry.later(0.75 * (Number(options['timeout']) || usualLifetime));
  return {
    signal: renewed.signal,
    challenge: () => next,
    stop: () => {
      stopped.abort();
      retry.stop();
    },
  };
}
