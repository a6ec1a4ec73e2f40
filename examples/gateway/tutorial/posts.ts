import { randomUUID } from 'node:crypto';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { apolloContext, type Caller, createVerifier } from '@latchkey/verify';
import { accessDirectives, enforceScopes, ensureCaller } from '@latchkey/verify/graphql';
import { GraphQLError, parse } from 'graphql';

const issuer = process.env['AUTH_URL'] ?? 'http://localhost:4000';
type Context = { caller: Caller | null };

// #region types
const typeDefs = parse(`
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
  ${accessDirectives}
  type Query { posts: [Post!]! }
  type Mutation { createPost(title: String!): Post @authenticated }
  type Post {
    id: ID!
    title: String!
    author: User
    reports: Int @requiresScopes(scopes: [["posts:moderate"]])
  }
  type User @key(fields: "id") { id: ID! posts: [Post!]! }
`);
// #endregion types

// #region resolvers
const posts: { id: string; title: string; authorId: string }[] = [];
const user = (id: string) => ({ __typename: 'User', id });
const resolvers = {
  Query: { posts: () => posts },
  Mutation: {
    createPost: (_source: unknown, { title }: { title: string }, { caller }: Context) => {
      const post = { id: randomUUID(), title, authorId: ensureCaller(caller).userId };
      posts.push(post);
      return post;
    },
  },
  Post: {
    author: ({ authorId }: { authorId: string }) => user(authorId),
    reports: () => 0,
  },
  User: {
    __resolveReference: ({ id }: { id: string }) => user(id),
    posts: ({ id }: { id: string }) => posts.filter(({ authorId }) => authorId === id),
  },
};
// #endregion resolvers

// #region server
const schema = buildSubgraphSchema([{ typeDefs, resolvers }]);
enforceScopes<Context>(schema, {
  callerOf: ({ caller }) => caller,
  scopesOf: ({ roles }) => (roles.includes('moderator') ? ['posts:moderate'] : []),
});
export const server = new ApolloServer<Context>({ schema });
await startStandaloneServer(server, {
  listen: { port: Number(process.env['POSTS_PORT'] ?? 4001), host: 'localhost' },
  context: apolloContext(createVerifier({ issuer }), { GraphQLError }),
});
// #endregion server
