import type { App } from './app.ts';
import type { ActingSession } from './db/queries/session-with-user.ts';
import type { UnauthenticatedReason } from './errors.ts';

/** What a request brings along besides its input. */
export type RequestInfo = {
  readonly id: string;
  /** From the socket, or behind configured proxies the right-most hop that is not one of them. */
  readonly ipAddress: string;
  /** What limits count by: the address, or an IPv6 address's /64 (RL-2). */
  readonly addressBucket: string;
  /** Cut to 512 characters. */
  readonly userAgent: string | null;
  readonly acceptLanguage: string | null;
};

/** Who calls. `domain/caller/rules` says what each kind may do; a kind that is not there, nothing. */
export type Viewer = SessionViewer;

/** A signed-in user, read from the database for this request. */
export type SessionViewer = {
  readonly kind: 'session';
  readonly userId: string;
  readonly sessionId: string;
  readonly roles: readonly string[];
  readonly session: ActingSession;
};

export type Authentication =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'signed-in'; readonly viewer: Viewer }
  | {
      readonly kind: 'refused';
      readonly reason: UnauthenticatedReason;
      /** What a genuine bearer stood for that does not hold any more; null for anything else. */
      readonly stale: StaleBearer | null;
    };

export type StaleBearer = { readonly userId: string; readonly sessionId: string };

/** The one cookie (contract.md, cookie mode); http/refresh-cookie does the work. */
export type RefreshCookie = {
  /**
   * The refresh token that the request's cookie holds, or null. Throws FORBIDDEN for a request of
   * another site (TR-8).
   */
  read(): string | null;
  /**
   * Throws FORBIDDEN for a request of another site. Call it before anything is changed that ends in
   * `write`.
   */
  assertOwnSite(): void;
  /** Throws FORBIDDEN for a request of another site. */
  write(value: string, expiresAt: Date): void;
  /**
   * Clears it where a request of our own site brought one, and what the browser keeps for this
   * origin. Never throws.
   */
  clear(): void;
};

/** What metrics and traces tell of an operation; filled in as it becomes known. */
export type Observed = {
  kind: 'query' | 'mutation' | 'subscription' | null;
  /** Root fields, as `Mutation.login`; none before the document is known to be valid. */
  fields: readonly string[];
  /** The name that the caller gave the operation. */
  name: string | null;
  /** The code of the first error, also of one that is data. */
  outcome: string | null;
};

/**
 * What a request makes at its first need of it, by whoever declares a member here. Not in a WeakMap
 * by the request: V8 keeps what hangs on such an entry until the next full collection of garbage.
 */
// biome-ignore lint/suspicious/noEmptyInterface: its members are declared beside what makes them.
export interface RequestLoaders {}

/** What every domain verb and resolver gets. */
export type Context = App & {
  readonly request: RequestInfo;
  /** Null for an anonymous caller. */
  readonly viewer: Viewer | null;
  /**
   * SECURITY: proves that the caller once had a session, and nothing else. A sign-in's budget asks
   * for it, and logout, to end that one.
   */
  readonly staleBearer: StaleBearer | null;
  /**
   * Says in the answer's header how many seconds to wait (RFC 9110 10.2.3); the longest of several
   * stays.
   */
  readonly retryAfter: (seconds: number) => void;
  /**
   * Whether the request shows GATEWAY_TOKEN. A gateway may speak for a signed-in user, so both can
   * be there.
   */
  readonly gateway: boolean;
  readonly cookie: RefreshCookie;
  /**
   * The root field that is being answered, such as `Mutation.login`: a name of ours, not the
   * caller's (LG-2).
   */
  readonly operation?: string;
  readonly observed: Observed;
  readonly loaders: RequestLoaders;
};
