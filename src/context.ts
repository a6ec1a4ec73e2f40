import type { App } from './app.ts';
import type { ActingSession } from './db/queries/session-with-user.ts';
import type { UnauthenticatedReason } from './errors.ts';

/** A network that a client's address belongs to. */
export type Network = {
  /** `198.51.100.7`, `198.51.100.0/24`, `2001:db8:1:2::/64`. */
  readonly name: string;
  /** How many times the limit of a single address the network has as a whole. */
  readonly times: number;
};

/** What is known of a request besides its input. */
export type RequestInfo = {
  readonly id: string;
  /**
   * The socket's address, or behind configured proxies the right-most hop that is not one of them.
   */
  readonly ipAddress: string;
  /** The networks that limits count the address by, the narrowest first (RL-2). */
  readonly networks: readonly Network[];
  /** Cut to 512 characters. */
  readonly userAgent: string | null;
  readonly acceptLanguage: string | null;
};

/**
 * The kinds of caller. `domain/caller/rules` says what each kind may do; a kind not listed there
 * may do nothing.
 */
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
      /** What a genuine bearer token that is no longer valid stood for; null for anything else. */
      readonly stale: StaleBearer | null;
    };

export type StaleBearer = { readonly userId: string; readonly sessionId: string };

/** The one cookie (contract.md, cookie mode), implemented by http/refresh-cookie. */
export type RefreshCookie = {
  /**
   * The refresh token in the request's cookie, or null. Throws FORBIDDEN for a cross-site request
   * (TR-8).
   */
  read(): string | null;
  /** Throws FORBIDDEN for a cross-site request. Call it before any change that ends in `write`. */
  assertOwnSite(): void;
  /** Throws FORBIDDEN for a cross-site request. */
  write(value: string, expiresAt: Date): void;
  /**
   * Clears the cookie, and the browser's storage for this origin, when a same-site request sent
   * one. Never throws.
   */
  clear(): void;
};

/** What metrics and traces record of an operation; filled in as it becomes known. */
export type Observed = {
  kind: 'query' | 'mutation' | 'subscription' | null;
  /** Root fields, such as `Mutation.login`; none until the document is known to be valid. */
  fields: readonly string[];
  /** The operation name that the caller chose. */
  name: string | null;
  /** The code of the first error, including errors returned as data. */
  outcome: string | null;
};

/**
 * Values created once per request, at first use, by the module that declares the member here. Not
 * in a WeakMap keyed by the request: V8 keeps its entries until the next full garbage collection.
 */
// biome-ignore lint/suspicious/noEmptyInterface: each module declares its own member.
export interface RequestLoaders {}

/** What every domain verb and resolver gets. */
export type Context = App & {
  readonly request: RequestInfo;
  /** Null for an anonymous caller. */
  readonly viewer: Viewer | null;
  /**
   * SECURITY: proves that the caller once had a session, and nothing else. A sign-in's budget uses
   * it, and logout, to end that session.
   */
  readonly staleBearer: StaleBearer | null;
  /**
   * Sets the answer's Retry-After header in seconds (RFC 9110 10.2.3); the longest of several
   * stays.
   */
  readonly retryAfter: (seconds: number) => void;
  /**
   * A text of the answer that may be too long to be held: what is returned stands for it, and it is
   * read, piece by piece, while the answer is sent.
   */
  readonly longText: (pieces: () => AsyncIterable<string>) => string;
  /**
   * Whether the request presents GATEWAY_TOKEN. A gateway may act for a signed-in user, so both can
   * be present.
   */
  readonly gateway: boolean;
  readonly cookie: RefreshCookie;
  /**
   * The root field that is being answered, such as `Mutation.login`: our name, not the caller's
   * (LG-2).
   */
  readonly operation?: string;
  readonly observed: Observed;
  readonly loaders: RequestLoaders;
};
