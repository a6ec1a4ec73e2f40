/**
 * Who may call each root field. What does not stand here needs a signed-in user: closed by default
 * (AZ-1). This is the reviewed list; a test walks the schema against it.
 */
export const publicFields: ReadonlySet<string> = new Set([
  'Query.me',
  'Query.authOptions',
  'Mutation.register',
  'Mutation.login',
  'Mutation.requestLoginCode',
  'Mutation.verifyOtp',
  'Mutation.resendOtp',
  'Mutation.refreshSession',
  'Mutation.logout',
  'Mutation.requestPasswordReset',
  'Mutation.resetPassword',
  'Mutation.undoEmailChange',
]);

/**
 * For gateways, which show GATEWAY_TOKEN, and for admins: what they call to merge users into other
 * graphs.
 */
export const gatewayFields: ReadonlySet<string> = new Set([
  'Query.usersByIds',
  'Query._entities',
  'Query._service',
  'Query._sdl',
]);

/**
 * Clients attach a stale bearer to these; failing there is what makes them loop (contract.md,
 * HTTP). Anywhere else a bearer that does not hold is an error.
 */
export const staleBearerFields: ReadonlySet<string> = new Set([
  'Query.authOptions',
  'Mutation.register',
  'Mutation.login',
  'Mutation.requestLoginCode',
  'Mutation.verifyOtp',
  'Mutation.resendOtp',
  'Mutation.refreshSession',
  'Mutation.logout',
  'Mutation.requestPasswordReset',
  'Mutation.resetPassword',
]);

/**
 * Mutations that one document may call several times. Every other tries or changes a secret, sends
 * a mail or begins a session, and may stand in a document once: thirty copies under thirty aliases
 * are thirty guesses in one request (GQ-4, ADV-52).
 */
export const repeatableFields: ReadonlySet<string> = new Set([
  'Mutation.revokeSession',
  'Mutation.updateProfile',
  'Mutation.suspendUser',
  'Mutation.reinstateUser',
  'Mutation.setUserRoles',
  'Mutation.revokeUserSessions',
]);
