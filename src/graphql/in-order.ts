import { GraphQLObjectType, GraphQLSchema } from 'graphql';

/** The root fields as documentation shows them; their resolvers may stand in any file. */
const order = [
  ['account', 'authOptions', 'users', 'user', 'auditEvents', 'me', 'usersByIds'],
  ['register', 'login', 'requestLoginCode'],
  ['createUser', 'suspendUser', 'reinstateUser', 'setUserRoles', 'revokeUserSessions'],
  ['resetUserPassword', 'resetUserFactors', 'deleteUser'],
  ['verifyOtp', 'resendOtp'],
  ['requestPasswordReset', 'resetPassword', 'changePassword'],
  ['exportAccount', 'deleteAccount'],
  ['updateProfile', 'requestEmailChange', 'confirmEmailChange', 'undoEmailChange'],
  ['refreshSession', 'logout', 'revokeSession', 'reauthenticate'],
  ['startTotpEnrollment', 'confirmTotpEnrollment', 'disableTotp', 'regenerateRecoveryCodes'],
].flat();

/** The same schema with its root fields in that order; fields that it does not name come last. */
export function inOrder(schema: GraphQLSchema): GraphQLSchema {
  return new GraphQLSchema({
    ...schema.toConfig(),
    // Types come in the order in which the root fields lead to them.
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
