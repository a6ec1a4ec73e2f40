import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { apolloContext } from '@latchkey/verify';
import { GraphQLError } from 'graphql';
import { type Context, schema } from './schema.ts';
import { verifier } from './verifier.ts';

export const server = new ApolloServer<Context>({ schema });
await startStandaloneServer(server, {
  listen: { port: Number(process.env['PORT'] ?? 8080) },
  context: apolloContext(verifier, { GraphQLError }),
});
