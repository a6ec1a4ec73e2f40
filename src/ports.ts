import type { KeyObject } from 'node:crypto';
import type { JwtAlgorithm } from './config/read-config.ts';

// What the App holds of the domain's making, as types: `app.ts` names it without importing upward.

/** A key that is ready for use; `alg` is fixed with it (JW-10). */
export type SigningKey = {
  readonly kid: string;
  readonly algorithm: JwtAlgorithm;
  readonly privateKey: KeyObject;
  /** The same object as privateKey for HS256. */
  readonly publicKey: KeyObject;
  /** As published; null for HS256, which must never be. */
  readonly publicJwk: PublicJwk | null;
  readonly createdAt: Date;
  readonly activeFrom: Date;
  readonly expiresAt: Date | null;
};

export type PublicJwk = Readonly<Record<string, string>>;

export type KeyRing = {
  /**
   * Reads the keys; makes the first one, or the next one where the configured algorithm is another.
   * Throws on a weak key (JW-9).
   */
  load(): Promise<void>;
  /** The key that signs now. */
  signing(): SigningKey;
  /**
   * By exact kid; undefined for anything unknown. No statement, file or address is ever made from a
   * kid (JW-3).
   */
  find(kid: string): SigningKey | undefined;
  /** What /.well-known/jwks.json shows, the newest first. */
  published(): readonly PublicJwk[];
  /** Begins and ends the reading anew, and with it the scheduled rotation. */
  start(): void;
  stop(): void;
};

export type PasswordVerdict = {
  readonly matches: boolean;
  /** The password is right and the hash is below today's cost, or under an older pepper (PW-14). */
  readonly outdated: boolean;
};

export type PasswordHasher = {
  /**
   * Runs what comes before a hash, such as its budgets, a few at a time. Rejects with OVERLOADED,
   * and does nothing, where the hash would be refused: a storm of sign-ins costs the database next
   * to nothing, and nobody's budget (AV-2).
   */
  approach<T>(work: () => Promise<T>): Promise<T>;
  /** The string to store. Rejects with OVERLOADED past the gate. */
  hash(password: string): Promise<string>;
  /**
   * Whether the password is the stored one. Null stands for an account that has none or does not
   * exist: it costs as much (PW-16) and never matches. Rejects with OVERLOADED past the gate.
   */
  verify(password: string, stored: string | null): Promise<PasswordVerdict>;
};

/** Whether a password stands in a published list of stolen ones. */
export type BreachedPasswords = { includes(password: string): Promise<boolean> };
