import {
  ApolloServer,
  type ApolloServerPlugin,
  HeaderMap,
  type HTTPGraphQLResponse,
} from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { FastifyRequest } from 'fastify';
import type { App } from '../../app.ts';
import { documentLimits, limitDocument, mostErrors } from '../../graphql/document-limits.ts';
import { authSchema } from '../../graphql/schema.ts';
import { refusedBearer } from '../../graphql/to-graphql-error.ts';
import { admit } from './admit.ts';
import type { Answer } from './answer.ts';
import type { RequestContext } from './context.ts';
import { formatError } from './format-error.ts';
import { describeOperation, type OperationCache } from './operation-cache.ts';
import { bodyWithoutHash, searchWithoutHash } from './persisted-query.ts';
import { completeErrors, reportErrors } from './report-errors.ts';
import { responseStatus } from './response-status.ts';

/**
 * The GraphQL server, started. Apollo's standalone server is not used: it cannot do credentialed
 * CORS, and answers HTML.
 */
export async function startApollo(
  app: Pick<App, 'config' | 'log'>,
  cache: OperationCache,
): Promise<ApolloServer<RequestContext>> {
  const apollo = new ApolloServer<RequestContext>({
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
    documentStore: cache.documentStore,
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
      // It would be told of every field, to work out headers that http/hooks/headers has settled.
      ApolloServerPluginCacheControlDisabled(),
      authentication,
      errorReports,
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
const authentication: ApolloServerPlugin<RequestContext> = {
  requestDidStart: async () => ({
    didResolveOperation: async ({ operation, document, contextValue }) => {
      const asked = operation ? describeOperation(document, operation) : null;
      const refused = await admit(contextValue, asked);
      if (refused !== null) throw refusedBearer(refused);
    },
  }),
};

/** What http/graphql/report-errors does for the fast path too. */
const errorReports: ApolloServerPlugin<RequestContext> = {
  requestDidStart: async () => ({
    didEncounterErrors: async ({ errors, contextValue, operationName }) =>
      reportErrors(contextValue, errors, operationName ?? null),
    willSendResponse: async ({ response, contextValue }) => {
      if (response.body.kind === 'single')
        completeErrors(contextValue, response.body.singleResult.errors ?? []);
    },
  }),
};

/** Any request to /graphql, read, executed and answered by Apollo. */
export async function runByApollo(
  apollo: ApolloServer<RequestContext>,
  request: Pick<FastifyRequest, 'method' | 'headers' | 'url' | 'body'>,
  context: () => RequestContext,
): Promise<Answer> {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const answer = await apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: {
      method: request.method,
      headers,
      search: searchWithoutHash(
        request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '',
      ),
      body: bodyWithoutHash(request.body),
    },
    context: async () => context(),
  });
  return { status: answer.status ?? 200, headers: answer.headers, text: textOf(answer.body) };
}

/** Neither @defer nor subscriptions are part of the API: an answer is always whole (GQ-17). */
function textOf(body: HTTPGraphQLResponse['body']): string {
  if (body.kind !== 'complete') throw new Error('An answer came in parts.');
  return body.string;
}
