export { type EnforceOptions, enforceScopes } from './enforce-scopes.ts';
export { ensureCaller } from './ensure-caller.ts';

/**
 * The three directives, for a schema that does not import them from Federation by `@link`. Put it
 * before your own type definitions.
 */
export const accessDirectives = `
  directive @authenticated on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM
  directive @requiresScopes(scopes: [[String!]!]!)
    on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM
  directive @policy(policies: [[String!]!]!)
    on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM
`;
