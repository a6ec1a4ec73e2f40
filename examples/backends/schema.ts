import { makeExecutableSchema } from '@graphql-tools/schema';
import { type Caller, maxAge } from '@latchkey/verify';
import { accessDirectives, enforceScopes, ensureCaller } from '@latchkey/verify/graphql';

export type Context = { caller: Caller | null };

const typeDefs = `
  type Query {
    whoami: ID
    orders: [Order!] @authenticated
    revenue: Money @requiresScopes(scopes: [["orders:read", "revenue:read"], ["books:read"]])
  }
  type Mutation {
    refund(order: ID!): Boolean @policy(policies: [["second-factor"]])
    closeShop: Boolean
  }
  type Order { id: ID! total: Money }
  scalar Money @requiresScopes(scopes: [["orders:read"]])
`;

const orders = [{ id: '1', total: 42 }];
const resolvers = {
  Query: {
    whoami: (_source: unknown, _args: unknown, { caller }: Context) => caller?.userId ?? null,
    orders: () => orders,
    revenue: () => 42,
  },
  Mutation: {
    refund: () => true,
    closeShop: (_source: unknown, _args: unknown, { caller }: Context) => {
      ensureCaller(caller, maxAge(300));
      return true;
    },
  },
};

/** What the roles of Latchkey may do here. */
const scopesOfRoles: Record<string, readonly string[]> = {
  clerk: ['orders:read'],
  owner: ['orders:read', 'revenue:read'],
};

const schema = makeExecutableSchema({ typeDefs: [accessDirectives, typeDefs], resolvers });
enforceScopes<Context>(schema, {
  callerOf: ({ caller }) => caller,
  scopesOf: ({ roles }) => roles.flatMap((role) => scopesOfRoles[role] ?? []),
  decide: (policy, { methods }) => policy === 'second-factor' && methods.includes('mfa'),
});

export { schema };
