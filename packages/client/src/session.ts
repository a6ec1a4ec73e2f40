import type { User } from './operations.ts';

/** What every tab of a signed-in client holds. */
export type Session = {
  readonly accessToken: string;
  /** By this machine's clock, in milliseconds. */
  readonly expiresAt: number;
  /** When to refresh: some time before it expires, and not at the same moment as other clients. */
  readonly refreshAt: number;
  readonly user: User;
};

export type StoredSession = Session & { readonly refreshToken: string };

const longestLeeway = 30_000;

/**
 * When to call a token expired, by the clock of this machine. Only its lifetime is taken from the
 * token: clocks of clients are often hours off, and a client that compares `exp` with its own would
 * refresh at every request, or never.
 */
export function lifetimeOf(
  accessToken: string,
  now: number,
): Pick<Session, 'expiresAt' | 'refreshAt'> {
  const lifetime = secondsIn(accessToken) * 1000;
  const leeway = Math.min(lifetime / 10, longestLeeway);
  // Jitter: a thousand clients that signed in together must not refresh together.
  const jitter = (crypto.getRandomValues(new Uint8Array(1))[0] ?? 0) / 256;
  return { expiresAt: now + lifetime, refreshAt: now + lifetime - leeway * (1 + jitter) };
}

function secondsIn(accessToken: string): number {
  try {
    const payload = accessToken.split('.')[1] ?? '';
    const { iat, exp } = JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/')));
    return exp > iat ? exp - iat : 60;
  } catch {
    return 60;
  }
}
