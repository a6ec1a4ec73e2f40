export { connectionParams, reconnectOnUserChange } from './connection-params.ts';
export { countdown } from './countdown.ts';
export {
  type AuthClient,
  type AuthClientOptions,
  createAuthClient,
  type Operations,
  type Queries,
  type TypedQuery,
} from './create-auth-client.ts';
export { RefreshError, RequestError, refusalIn, UnreachableError } from './errors.ts';
export type { AuthState, SignedOutReason } from './held-session.ts';
export { type MailLink, takeLinkToken, takeMailLink } from './link.ts';
export type * from './operations.ts';
export { isAuthError, type Problem, type ProblemCode, problemOf } from './problem.ts';
export type { Session, StoredSession } from './session.ts';
export type { SessionStorage } from './storage.ts';
