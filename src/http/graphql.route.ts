import { ApolloServer, type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import {
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { FastifyInstance } from 'fastify';
import type { App } from '../app.ts';
import type { Authentication } from '../context.ts';
import { staleBearerFields } from '../graphql/access.ts';
import { rootFields } from '../graphql/root-fields.ts';
import { authSchema } from '../graphql/schema.ts';
import { refusedBearer } from '../graphql/to-graphql-error.ts';
import { authenticate } from './authenticate.ts';
import type { TrustedProxies } from './client-address.ts';
import { formatError, kindOf } from './format-error.ts';
import { type OpenContext, openContext } from './open-context.ts';
import { responseStatus } from './response-status.ts';

/** The GraphQL server, started. Apollo's standalone server is not used: it cannot do credentialed CORS, and answers HTML. */
export async function startApollo(app: App): Promise<ApolloServer<OpenContext>> {
  const apollo = new ApolloServer<OpenContext>({
    schema: authSchema(),
    introspection: app.config.introspection,
    hideSchemaDetailsFromClientErrors: !app.config.introspection,
    includeStacktraceInErrorResponses: false,
    csrfPrevention: true,
    persistedQueries: false,
    allowBatchedHttpRequests: false,
    stopOnTerminationSignals: false,
    // Apollo decides by NODE_ENV, where unset means development (GQ-7); everything is said here instead.
    nodeEnv: 'production',
    logger: app.log,
    formatError,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      // SECURITY: on by itself in a subgraph, and then it tells any caller who asks what ran and for how long.
      ApolloServerPluginInlineTraceDisabled(),
      authentication,
      errorLog,
      responseStatus,
    ],
  });
  await apollo.start();
  return apollo;
}

/** Verifies the bearer once the operation is known, so that some may be called with a stale one. */
const authentication: ApolloServerPlugin<OpenContext> = {
  requestDidStart: async () => ({
    didResolveOperation: async ({ operation, document, contextValue }) => {
      const found: Authentication = await authenticate(contextValue, contextValue.authorization);
      if (found.kind === 'signed-in') contextValue.viewer = found.viewer;
      const fields = operation ? rootFields(document, operation) : [];
      // An operation of meta fields alone is none of those that may come with a stale bearer (JW-13).
      const mayBeStale = fields.length > 0 && fields.every((field) => staleBearerFields.has(field));
      if (found.kind === 'refused' && !mayBeStale) {
        throw refusedBearer(found.reason);
      }
    },
  }),
};

/** Characters of names that the caller chose: of the operation, and aliases (LG-2). */
const maxLoggedName = 64;

/** Faults are logged here, once, with the request's id; the caller is told that id and nothing more. */
const errorLog: ApolloServerPlugin<OpenContext> = {
  requestDidStart: async () => ({
    didEncounterErrors: async ({ errors, contextValue, operationName, response }) => {
      for (const error of errors) {
        const kind = kindOf(error);
        if (kind === 'expected') continue;
        if (kind === 'unavailable') {
          response.http.status = 503;
          response.http.headers.set('retry-after', '1');
        }
        contextValue.log.error(
          {
            err: error.originalError ?? error,
            requestId: contextValue.request.id,
            operationName: operationName?.slice(0, maxLoggedName),
            path: error.path?.join('.').slice(0, maxLoggedName),
          },
          kind === 'fault' ? 'A request failed.' : 'The database does not answer.',
        );
      }
    },
    willSendResponse: async ({ response, contextValue }) => {
      if (response.body.kind !== 'single') return;
      for (const error of response.body.singleResult.errors ?? []) {
        Object.assign(error.extensions ?? {}, { requestId: contextValue.request.id });
      }
    },
  }),
};

/** `POST /graphql`, and `GET` for queries. */
export function graphqlRoute(
  fastify: FastifyInstance,
  { app, apollo, trustedProxies }: { app: App; apollo: ApolloServer<OpenContext>; trustedProxies: TrustedProxies },
): void {
  fastify.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    handler: async (request, reply) => {
      const headers = new HeaderMap();
      for (const [name, value] of Object.entries(request.headers)) {
        if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
      }
      const answer = await apollo.executeHTTPGraphQLRequest({
        httpGraphQLRequest: {
          method: request.method,
          headers,
          search: request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '',
          body: request.body,
        },
        context: async () => openContext(app, { request, reply, trustedProxies }),
      });
      for (const [name, value] of answer.headers) reply.header(name, value);
      reply.code(answer.status ?? 200);
      // Neither @defer nor subscriptions are part of the API: an answer is always whole (GQ-17).
      return answer.body.kind === 'complete' ? answer.body.string : reply.code(500).send();
    },
  });
}
