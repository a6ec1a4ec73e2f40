import { usableStorage } from './storage.ts';

/**
 * Where this browser keeps the challenge of a registration that it began: with it the link of the
 * mail completes the registration as it was begun.
 */
const key = 'latchkey-registration';

export function keepRegistration(challengeId: string): void {
  try {
    usableStorage()?.setItem(key, challengeId);
  } catch {
    // Full: the password of the registration does in its place.
  }
}

/** The id of the challenge; null where this browser has begun none. */
export function keptRegistration(): string | null {
  return usableStorage()?.getItem(key) ?? null;
}

export function forgetRegistration(): void {
  usableStorage()?.removeItem(key);
}
