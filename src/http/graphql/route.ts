import type { IncomingHttpHeaders } from 'node:http';
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { FastifyInstance } from 'fastify';
import type { App } from '../../app.ts';
import { documentLimits, limitDocument, mostErrors } from '../../graphql/document-limits.ts';
import { createDocumentStore } from '../../graphql/document-store.ts';
import { authSchema } from '../../graphql/schema.ts';
import { refusedBearer } from '../../graphql/to-graphql-error.ts';
import { admit } from './admit.ts';
import type { OpenContext } from './context.ts';
import { type PlainRequest, plainRequest } from './fast-path.ts';
import { formatError } from './format-error.ts';
import {
  describe,
  type KnownOperation,
  type KnownOperations,
  largestKnown,
} from './operation-cache.ts';
import { completeErrors, reportErrors } from './report-errors.ts';
import { responseStatus } from './response-status.ts';
import type { OperationRunner } from './run-operation.ts';

/**
 * The GraphQL server, started. Apollo's standalone server is not used: it cannot do credentialed
 * CORS, and answers HTML.
 */
export async function startApollo(
  app: App,
  known: KnownOperations,
): Promise<ApolloServer<OpenContext>> {
  const apollo = new ApolloServer<OpenContext>({
    schema: authSchema(),
    introspection: app.config.introspection,
    hideSchemaDetailsFromClientErrors: !app.config.introspection,
    includeStacktraceInErrorResponses: false,
    csrfPrevention: true,
    persistedQueries: false,
    parseOptions: { maxTokens: documentLimits.tokens },
    // Apollo's own maxRecursiveSelections would put our rule behind all others, some of which take
    // quadratic time; ours counts the same.
    validationRules: [limitDocument],
    validationOptions: { maxErrors: mostErrors },
    executionOptions: { maxCoercionErrors: mostErrors },
    documentStore: createDocumentStore(),
    allowBatchedHttpRequests: false,
    stopOnTerminationSignals: false,
    // Apollo decides by NODE_ENV, where unset means development (GQ-7); everything is said here
    // instead.
    nodeEnv: 'production',
    logger: app.log,
    formatError,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      // SECURITY: on by itself in a subgraph, and then it tells any caller who asks what ran and
      // for how long.
      ApolloServerPluginInlineTraceDisabled(),
      // It would be told of every field, to work out headers that http/security-headers has
      // settled.
      ApolloServerPluginCacheControlDisabled(),
      authentication(known),
      errorLog,
      responseStatus,
    ],
  });
  await apollo.start();
  return apollo;
}

/**
 * Verifies the bearer once the operation is known, so that some may be called with a stale one.
 * Nothing after it can find the document wrong.
 */
function authentication(known: KnownOperations): ApolloServerPlugin<OpenContext> {
  return {
    requestDidStart: async () => ({
      didResolveOperation: async ({ operation, document, source, contextValue }) => {
        if (operation) known.learn(source, document);
        const refused = await admit(contextValue, operation ? describe(document, operation) : null);
        if (refused !== null) throw refusedBearer(refused);
      },
    }),
  };
}

/** What goes wrong, told to whom it concerns (http/graphql/report-errors). */
const errorLog: ApolloServerPlugin<OpenContext> = {
  requestDidStart: async () => ({
    didEncounterErrors: async ({ errors, contextValue, operationName, response }) => {
      if (!reportErrors(contextValue, errors, operationName ?? null)) return;
      response.http.status = 503;
      response.http.headers.set('retry-after', '1');
    },
    willSendResponse: async ({ response, contextValue }) => {
      if (response.body.kind !== 'single') return;
      completeErrors(contextValue, response.body.singleResult.errors ?? []);
    },
  }),
};

export type GraphqlRouteOptions = {
  readonly runner: OperationRunner;
  readonly known: KnownOperations;
};

/** `POST /graphql`, and `GET` for queries. */
export function graphqlRoute(
  fastify: FastifyInstance,
  { runner, known }: GraphqlRouteOptions,
): void {
  fastify.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    handler: async (request, reply) => {
      const carried = { request, reply };
      const plain =
        request.method === 'POST' ? plainRequest(request.headers.accept, request.body) : null;
      const answer = await (plain
        ? runner.runPlain(carried, {
            plain,
            operation: knownOperation(known, plain, request.headers),
          })
        : runner.runAny(carried, request));
      for (const [name, value] of answer.headers) reply.header(name, value);
      reply.code(answer.status);
      return answer.text;
    },
  });
}

/**
 * The operation, where it has been found valid before. What may be refused for its variables is
 * read twice, so a large request goes to Apollo.
 */
function knownOperation(
  known: KnownOperations,
  { request: { query, operationName } }: PlainRequest,
  headers: IncomingHttpHeaders,
): KnownOperation | null {
  const isSmall = Number(headers['content-length'] ?? Number.POSITIVE_INFINITY) <= largestKnown;
  return isSmall ? known.find(query, operationName) : null;
}
