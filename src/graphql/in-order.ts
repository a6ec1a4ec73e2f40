import { GraphQLObjectType, GraphQLSchema } from 'graphql';

/**
 * The order in which documentation shows the root fields, independent of the files of their
 * resolvers.
 */
const order = [
  [
    'account',
    'authOptions',
    'users',
    'user',
    'administrators',
    'auditEvents',
    'overview',
    'signingKeys',
    'me',
    'usersByIds',
  ],
  ['register', 'login', 'requestLoginCode'],
  ['createUser', 'suspendUser', 'reinstateUser', 'setUserRoles', 'revokeUserSessions'],
  ['revokeUserSession', 'setUserMetadata'],
  ['resetUserPassword', 'resetUserFactors', 'unlinkUserIdentity', 'deleteUser'],
  ['verifyOtp', 'verifyLink', 'resendOtp', 'requestPasskeyLogin', 'verifyPasskey'],
  ['startIdentityLogin', 'completeIdentityLogin', 'requestIdTokenNonce', 'loginWithIdToken'],
  ['requestPasswordReset', 'resetPassword', 'changePassword'],
  ['exportAccount', 'deleteAccount'],
  ['updateProfile', 'requestEmailChange', 'confirmEmailChange', 'undoEmailChange'],
  ['refreshSession', 'logout', 'revokeSession', 'reauthenticate'],
  ['startTotpEnrollment', 'confirmTotpEnrollment', 'disableTotp', 'regenerateRecoveryCodes'],
  ['startPasskeyRegistration', 'confirmPasskeyRegistration', 'renamePasskey', 'removePasskey'],
  ['startIdentityLink', 'completeIdentityLink', 'unlinkIdentity'],
].flat();

/** The same schema with its root fields in that order; fields missing from the list come last. */
export function inOrder(schema: GraphQLSchema): GraphQLSchema {
  return new GraphQLSchema({
    ...schema.toConfig(),
    // GraphQLSchema then collects the types in the order in which the root fields refer to them.
    types: [],
    query: withFieldsInOrder(schema.getQueryType()),
    mutation: withFieldsInOrder(schema.getMutationType()),
  });
}

function withFieldsInOrder(type: GraphQLObjectType | null | undefined): GraphQLObjectType | null {
  if (!type) return null;
  const config = type.toConfig();
  const place = (name: string): number =>
    order.includes(name) ? order.indexOf(name) : order.length;
  const fields = Object.entries(config.fields).sort(([a], [b]) => place(a) - place(b));
  return new GraphQLObjectType({ ...config, fields: Object.fromEntries(fields) });
}
