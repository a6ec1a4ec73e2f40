/**
 * Root fields that anonymous callers may use. Every other root field requires a signed-in user:
 * access is denied by default (AZ-1). A test compares this reviewed list with the schema.
 */
export const publicFields: ReadonlySet<string> = new Set([
  'Query.me',
  'Query.authOptions',
  'Mutation.register',
  'Mutation.login',
  'Mutation.requestLoginCode',
  'Mutation.verifyOtp',
  'Mutation.requestPasskeyLogin',
  'Mutation.verifyPasskey',
  'Mutation.startIdentityLogin',
  'Mutation.completeIdentityLogin',
  'Mutation.requestIdTokenNonce',
  'Mutation.loginWithIdToken',
  'Mutation.verifyLink',
  'Mutation.resendOtp',
  'Mutation.refreshSession',
  'Mutation.logout',
  'Mutation.requestPasswordReset',
  'Mutation.resetPassword',
  'Mutation.undoEmailChange',
]);

/**
 * Root fields that gateways, which authenticate with GATEWAY_TOKEN, and admins use to merge users
 * into other graphs.
 */
export const gatewayFields: ReadonlySet<string> = new Set([
  'Query.usersByIds',
  'Query._entities',
  'Query._service',
  'Query._sdl',
]);

/**
 * Root fields that ignore an invalid bearer token: clients attach an expired token to them, and an
 * error would send those clients into a retry loop (contract.md, HTTP). Every other field answers
 * an invalid bearer token with an error.
 */
export const staleBearerFields: ReadonlySet<string> = new Set([
  'Query.authOptions',
  'Mutation.register',
  'Mutation.login',
  'Mutation.requestLoginCode',
  'Mutation.verifyOtp',
  'Mutation.requestPasskeyLogin',
  'Mutation.verifyPasskey',
  'Mutation.startIdentityLogin',
  'Mutation.completeIdentityLogin',
  'Mutation.requestIdTokenNonce',
  'Mutation.loginWithIdToken',
  'Mutation.verifyLink',
  'Mutation.resendOtp',
  'Mutation.refreshSession',
  'Mutation.logout',
  'Mutation.requestPasswordReset',
  'Mutation.resetPassword',
]);

/**
 * Mutations that one document may call several times. Every other mutation checks or changes a
 * secret, sends a mail or opens a session, and is allowed once per document: thirty aliases would
 * be thirty guesses in one request (GQ-4, ADV-52).
 */
export const repeatableFields: ReadonlySet<string> = new Set([
  'Mutation.revokeSession',
  'Mutation.updateProfile',
  'Mutation.suspendUser',
  'Mutation.reinstateUser',
  'Mutation.setUserRoles',
  'Mutation.setUserMetadata',
  'Mutation.revokeUserSessions',
  'Mutation.revokeUserSession',
]);
