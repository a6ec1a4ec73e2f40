import { useEffect, useState } from 'react';
import { countdown } from './countdown.ts';

/**
 * The seconds that are left until `resendAvailableAt` of an OtpChallenge or a `retryAfter`; 0 where
 * there is nothing to wait for. Another `restart` counts the same number of seconds once more.
 */
export function useCountdown(until: string | number | null | undefined, restart?: unknown): number {
  const [left, setLeft] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another restart, another countdown.
  useEffect(() => countdown(until ?? null, setLeft), [until, restart]);
  return left;
}
