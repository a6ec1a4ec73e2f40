import type { User } from './operations.ts';
import { randomShare } from './retry.ts';

/** What every tab of a signed-in client holds. */
export type Session = {
  readonly accessToken: string;
  /** By this machine's clock, in milliseconds. */
  readonly expiresAt: number;
  /** When to refresh: some time before it expires, and not at the same moment as other clients. */
  readonly refreshAt: number;
  /** When the user last proved who they are, by this machine's clock. */
  readonly provedAt: number;
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
): Pick<Session, 'expiresAt' | 'refreshAt' | 'provedAt'> {
  const { iat, exp, auth_time: proved } = claimsIn(accessToken);
  const lifetime = (exp > iat ? exp - iat : 60) * 1000;
  const leeway = Math.min(lifetime / 10, longestLeeway);
  // Jitter: a thousand clients that signed in together must not refresh together.
  const jitter = randomShare();
  return {
    expiresAt: now + lifetime,
    refreshAt: now + lifetime - leeway * (1 + jitter),
    provedAt: now - (iat - proved || 0) * 1000,
  };
}

/** The times in a token, in seconds; NaN where it has none. */
function claimsIn(accessToken: string): Readonly<Record<'iat' | 'exp' | 'auth_time', number>> {
  try {
    const payload = accessToken.split('.')[1] ?? '';
    return JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/')));
  } catch {
    return { iat: Number.NaN, exp: Number.NaN, auth_time: Number.NaN };
  }
}
