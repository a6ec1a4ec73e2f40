export {
  type AuthClient,
  type AuthClientOptions,
  createAuthClient,
  type Operations,
  type TypedQuery,
} from './create-auth-client.ts';
export { RefreshError, RequestError, refusalIn, UnreachableError } from './errors.ts';
export type { AuthState, SignedOutReason } from './held-session.ts';
export { takeLinkToken } from './link.ts';
export type * from './operations.ts';
export type { Session, StoredSession } from './session.ts';
export type { SessionStorage } from './storage.ts';
