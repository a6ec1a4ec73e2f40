/**
 * What went wrong in the browser. CANCELLED: the user closed the popup or came back, or another
 * click began anew. POPUP_BLOCKED: call again with `mode: 'redirect'`. NOT_BEGUN_HERE: the user
 * came back to a browser or a tab that has not begun, or after ten minutes. UNSUPPORTED: the
 * runtime lacks WebCrypto, as pages without https do, or sessionStorage.
 */
export type IdentityErrorCode =
  | 'CANCELLED'
  | 'POPUP_BLOCKED'
  | 'NOT_BEGUN_HERE'
  | 'UNSUPPORTED'
  | 'FAILED';

/** An outcome of the browser's part; the server's is an AuthError. */
export type IdentityError = {
  readonly __typename: 'IdentityError';
  readonly code: IdentityErrorCode;
  /** For a person to read, in English. */
  readonly message: string;
  /** What was thrown, where something was. */
  readonly cause: unknown;
};

export function identityError(code: IdentityErrorCode, cause?: unknown): IdentityError {
  const message = cause instanceof Error ? cause.message : '';
  return {
    __typename: 'IdentityError',
    code,
    message: messages[code] ?? (message || 'Nothing came of it.'),
    cause,
  };
}

const messages: Partial<Record<IdentityErrorCode, string>> = {
  CANCELLED: 'You have not signed in there.',
  POPUP_BLOCKED: 'The browser has blocked the window.',
  NOT_BEGUN_HERE: 'This was begun in another browser or tab, or too long ago. Begin again.',
  UNSUPPORTED: 'This browser cannot sign in by other providers.',
};
