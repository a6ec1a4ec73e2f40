/** Milliseconds that the server asks at most to wait for another mail (docs/security.md). */
const longestWait = 30_000;

/**
 * Counts down the seconds to `resendAvailableAt` of an OtpChallenge, or to a `retryAfter`, and says
 * each, 0 last: at once where there is nothing to wait for. Returns a function that ends it.
 *
 * A `retryAfter` is a duration and needs no clock but this machine's. A moment is the server's, and
 * clocks of clients are often off: no more than the server's cooldown is waited, and where it is
 * less, `resendOtp` answers RATE_LIMITED with the seconds that are left.
 */
export function countdown(
  until: string | number | null,
  onSecond: (secondsLeft: number) => void,
): () => void {
  const now = Date.now();
  const wait =
    typeof until === 'string'
      ? Math.min(Date.parse(until) - now, longestWait)
      : (until ?? 0) * 1000;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tick = (): void => {
    const left = Math.max(0, Math.ceil((now + wait - Date.now()) / 1000)) || 0;
    if (left > 0) timer = setTimeout(tick, (now + wait - Date.now()) % 1000 || 1000);
    onSecond(left);
  };
  tick();
  return () => clearTimeout(timer);
}
