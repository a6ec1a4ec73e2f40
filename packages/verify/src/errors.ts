/**
 * An invalid token. `reason` says whether a refresh could help; which check failed is not disclosed
 * to callers.
 */
export class RefusedTokenError extends Error {
  override readonly name = 'RefusedTokenError';
  readonly code = 'UNAUTHENTICATED';
  readonly status = 401;
  /** The value of the WWW-Authenticate header (RFC 6750 3). */
  readonly challenge = 'Bearer error="invalid_token"';
  readonly reason: 'TOKEN_EXPIRED' | 'TOKEN_INVALID';

  constructor(reason: 'TOKEN_EXPIRED' | 'TOKEN_INVALID') {
    super('A valid access token is required.');
    this.reason = reason;
  }
}

/**
 * The public keys could not be fetched, so no token can be verified. Not the caller's fault: 503.
 */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';
  readonly code = 'UNAVAILABLE';
  readonly status = 503;

  constructor(cause: unknown) {
    super('Access tokens cannot be checked at the moment.', { cause });
  }
}
