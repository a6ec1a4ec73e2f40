import { randomUUID } from 'node:crypto';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { apolloContext, type Caller, createVerifier } from '@latchkey/verify';
import { accessDirectives, enforceScopes, ensureCaller } from '@latchkey/verify/graphql';
import { GraphQLError, parse } from 'graphql';
import type { Running } from './running.ts';

// #region types
/** Posts, and who wrote them: a second graph that knows only the ids of users. */
const federated = parse(`
  extend schema
    @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@inaccessible"])
  # Declared, not imported: this graph applies them; Apollo Gateway does not start with them.
  ${accessDirectives}

  type Query {
    posts: [Post!]!
    "For stitching gateways, which have no _entities."
    usersWithPosts(ids: [ID!]!): [User!]! @inaccessible
    _sdl: String! @inaccessible
  }
  type Mutation {
    createPost(title: String!): Post! @authenticated
  }
  type Post {
    id: ID!
    title: String!
    author: User
    "For moderators."
    reports: Int @requiresScopes(scopes: [["posts:moderate"]])
  }
  type User @key(fields: "id") { id: ID! posts: [Post!]! }
`);
// #endregion types

/** The same for stitching. */
const stitched = `
  directive @merge(keyField: String) on FIELD_DEFINITION

  type Query {
    posts: [Post!]!
    usersWithPosts(ids: [ID!]!): [User!]!
      @merge(keyField: "id")
      @deprecated(reason: "gateway access only")
  }
  type Mutation { createPost(title: String!): Post! }
  type Post { id: ID! title: String! author: User }
  type User { id: ID! posts: [Post!]! }
`;

/** A post as it is kept. */
export type Post = { id: string; title: string; authorId: string };
type Context = { caller: Caller | null };

/** What the roles that Latchkey signs may do in this graph. */
const scopesOfRoles: Record<string, readonly string[]> = { moderator: ['posts:moderate'] };

export type PostsOptions = {
  /** PUBLIC_URL of the Latchkey server. */
  readonly issuer: string;
  readonly jwksUrl?: string;
  readonly port: number;
};

/**
 * Starts the graph. It verifies access tokens by Latchkey's public keys, and asks Latchkey nothing.
 */
export async function startPosts({
  port,
  ...options
}: PostsOptions): Promise<Running & { readonly posts: Post[] }> {
  const posts: Post[] = [];
  const stub = (id: string) => ({ __typename: 'User', id });
  const resolvers = {
    Query: {
      posts: () => posts,
      usersWithPosts: (_source: unknown, { ids }: { ids: string[] }) => ids.map(stub),
      _sdl: () => stitched,
    },
    Mutation: {
      createPost: (_source: unknown, { title }: { title: string }, { caller }: Context) => {
        const post = { id: randomUUID(), title, authorId: ensureCaller(caller).userId };
        posts.push(post);
        return post;
      },
    },
    Post: { author: ({ authorId }: Post) => stub(authorId), reports: () => 0 },
    User: {
      __resolveReference: ({ id }: { id: string }) => stub(id),
      posts: ({ id }: { id: string }) => posts.filter(({ authorId }) => authorId === id),
    },
  };
  const schema = buildSubgraphSchema([{ typeDefs: federated, resolvers }]);
  // Whatever gateway is before this graph, and whether or not it applies the directives.
  enforceScopes<Context>(schema, {
    callerOf: ({ caller }) => caller,
    scopesOf: ({ roles }) => roles.flatMap((role) => scopesOfRoles[role] ?? []),
  });
  const server = new ApolloServer<Context>({
    schema,
    plugins: [ApolloServerPluginInlineTraceDisabled()],
  });
  const { url } = await startStandaloneServer(server, {
    listen: { port, host: '127.0.0.1' },
    context: apolloContext(createVerifier(options), { GraphQLError }),
  });
  return { url, posts, stop: () => server.stop() };
}
