import type { GatewayConfigSupergraph } from '@graphql-hive/gateway-runtime';

/** Claims of Latchkey's tokens, as the JWT plugin puts them into the context. */
type Claims = { readonly roles?: readonly string[]; readonly amr?: readonly string[] };
type Context = { readonly jwt?: { readonly payload?: Claims } };

/**
 * `genericAuth` of Hive Gateway: applies Federation's directives by what roles may do, and policies
 * by the factors that the caller has proved.
 */
export function directivesBy(
  scopesOfRoles: Readonly<Record<string, readonly string[]>>,
): NonNullable<GatewayConfigSupergraph['genericAuth']> {
  return {
    mode: 'protect-granular',
    // A refused field is null; the rest of the data is answered.
    rejectUnauthenticated: false,
    resolveUserFn: (context: object) => {
      const { jwt }: Context = context;
      return jwt?.payload;
    },
    extractScopes: (claims: Claims = {}) =>
      (claims.roles ?? []).flatMap((role) => scopesOfRoles[role] ?? []),
    extractPolicies: (claims: Claims = {}) => [...(claims.amr ?? [])],
  };
}
