import type { KeyObject } from 'node:crypto';
import type { IdentityProvider } from './config/identity-providers.ts';
import type { JwtAlgorithm } from './config/read-config.ts';
import type { Place } from './semaphore.ts';

// Types of the domain's objects in the App, so that `app.ts` names them without importing upward.

/** A key that is ready for use; its `alg` is fixed (JW-10). */
export type SigningKey = {
  readonly kid: string;
  readonly algorithm: JwtAlgorithm;
  readonly privateKey: KeyObject;
  /** The same object as privateKey for HS256. */
  readonly publicKey: KeyObject;
  /** The published form; null for HS256, which must never be published. */
  readonly publicJwk: PublicJwk | null;
  readonly createdAt: Date;
  readonly activeFrom: Date;
  readonly expiresAt: Date | null;
};

export type PublicJwk = Readonly<Record<string, string>>;

export type KeyRing = {
  /**
   * Reads the keys; creates the first one, or the next one after the configured algorithm has
   * changed. Throws on a weak key (JW-9).
   */
  load(): Promise<void>;
  /** The key that signs now. */
  signing(): SigningKey;
  /**
   * By exact kid; undefined for anything unknown. No statement, file or address is ever made from a
   * kid (JW-3).
   */
  find(kid: string): SigningKey | undefined;
  /** The content of /.well-known/jwks.json, the newest first. */
  published(): readonly PublicJwk[];
  /** Starts and stops the periodic re-reading, and with it the scheduled rotation. */
  start(): void;
  stop(): void;
};

export type PasswordVerdict = {
  readonly matches: boolean;
  /** The password is right, and the hash has a cost below today's or an older pepper (PW-14). */
  readonly outdated: boolean;
  /**
   * An imported hash that has to stay, because the password only looks the same to it, sealed anew
   * under today's key. Not there where it is already.
   */
  readonly resealed?: string;
};

export type PasswordHasher = {
  /**
   * Runs the work before a hash, such as its budgets, a few at a time. Rejects with OVERLOADED when
   * too many wait for that.
   */
  approach<T>(work: () => Promise<T>, place: Place): Promise<T>;
  /**
   * Throws OVERLOADED when a hash would be refused. Asked after the attempt was counted by address,
   * so that a flood uses up its budgets, and before anything else is done for it (AV-2).
   */
  assertRoom(place: Place): void;
  /** The string to store. Rejects with OVERLOADED when the semaphore's queue is full. */
  hash(password: string, place?: Place): Promise<string>;
  /**
   * Whether the password is the stored one. Null stands for an account that has none or does not
   * exist: it costs as much (PW-16) and never matches. Rejects with OVERLOADED when the queue is
   * full.
   */
  verify(password: string, stored: string | null, place?: Place): Promise<PasswordVerdict>;
};

export type BreachedPasswords = {
  /**
   * Whether a password is in a published list of stolen ones; false where that cannot be known.
   * Takes a second at most.
   */
  includes(password: string): Promise<boolean>;
};

/** What a provider vouches for, checked (OIDC Core 3.1.3.7). */
export type ProviderAnswer = {
  readonly issuer: string;
  /** 1 to 255 characters (ID-6). */
  readonly subject: string;
  readonly email: string | null;
  /** The provider says `true`, and its word on addresses is trusted (ID-7). */
  readonly emailVerified: boolean;
  readonly name: string | null;
  /** What the provider calls the account, such as an address. */
  readonly label: string | null;
  /** The provider is trusted with it, and says that a second factor was used (ID-14). */
  readonly provesSecondFactor: boolean;
};

/** The secrets of one sign-in, which its callback is compared with (ID-1). */
export type ProviderFlow = {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly redirectUri: string;
};

/**
 * The providers of IDENTITY_PROVIDERS_FILE. Each call throws PROVIDER_REFUSED where the provider is
 * away or anything does not hold; the log says which rule, and no secret, token, code or nonce
 * (ID-18).
 */
export type IdentityProviders = {
  /** The enabled ones, in the file's order. */
  list(): readonly IdentityProvider[];
  /** Null for one that is unknown or disabled (ID-13). */
  find(id: string): IdentityProvider | null;
  /** Where the browser is sent. Takes 5 s at most (ID-20). */
  authorizationUrl(
    provider: IdentityProvider,
    flow: ProviderFlow & { readonly loginHint: string | null },
  ): Promise<string>;
  /** Spends the code of a callback, whose query is `parameters`. Takes 5 s at most (ID-20). */
  redeem(
    provider: IdentityProvider,
    flow: ProviderFlow & { readonly parameters: URLSearchParams },
  ): Promise<ProviderAnswer>;
  /** An ID token that an app got by itself, for one of the provider's nativeClientIds (ID-17). */
  verifyIdToken(
    provider: IdentityProvider,
    token: { readonly idToken: string; readonly nonce: string },
  ): Promise<ProviderAnswer>;
};

/** What `latchkey doctor` and the overview report about one check. */
export type Finding = {
  readonly check:
    | 'configuration'
    | 'passwords'
    | 'database'
    | 'migrations'
    | 'keys'
    | 'mail'
    | 'clock'
    | 'passkeys'
    | 'providers'
    | 'administrators';
  readonly status: 'ok' | 'warning' | 'failure';
  readonly message: string;
  /** What to do about it. */
  readonly advice?: string;
};

/** Sign-ins since a moment; a count ends at `countLimit`. */
export type SignInCounts = {
  readonly signIns: number;
  readonly failedSignIns: number;
  readonly countLimit: number;
  readonly since: Date;
};

/**
 * What administrators should know at a glance. Kept in the process for a while, so that it costs
 * the same however often it is asked for.
 */
export type Watch = {
  findings(): Promise<readonly Finding[]>;
  signIns(): Promise<SignInCounts>;
};
