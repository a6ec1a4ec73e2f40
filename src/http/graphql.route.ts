import { ApolloServer, type ApolloServerPlugin, HeaderMap, type HTTPGraphQLResponse } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { App } from '../app.ts';
import type { Database, Db } from '../db/client.ts';
import { AuthError } from '../errors.ts';
import { documentLimits, limitDocument, mostErrors } from '../graphql/document-limits.ts';
import { createDocumentStore } from '../graphql/document-store.ts';
import { authSchema } from '../graphql/schema.ts';
import { refusedBearer } from '../graphql/to-graphql-error.ts';
import type { StatementWatch } from '../observability/tracing.ts';
import { admit } from './admit.ts';
import type { TrustedProxies } from './client-address.ts';
import { formatError } from './format-error.ts';
import { describe, type KnownOperations } from './known-operations.ts';
import { type OpenContext, openContext, type Ways } from './open-context.ts';
import { type PlainRequest, plainRequest } from './plain-request.ts';
import { completeErrors, reportErrors } from './report-errors.ts';
import { responseStatus } from './response-status.ts';
import { type Answer, runKnown } from './run-known.ts';
import { watchOperation } from './watch-requests.ts';

/** The GraphQL server, started. Apollo's standalone server is not used: it cannot do credentialed CORS, and answers HTML. */
export async function startApollo(app: App, known: KnownOperations): Promise<ApolloServer<OpenContext>> {
  const apollo = new ApolloServer<OpenContext>({
    schema: authSchema(),
    introspection: app.config.introspection,
    hideSchemaDetailsFromClientErrors: !app.config.introspection,
    includeStacktraceInErrorResponses: false,
    csrfPrevention: true,
    persistedQueries: false,
    parseOptions: { maxTokens: documentLimits.tokens },
    // Apollo's own maxRecursiveSelections would put our rule behind all others, some of which take quadratic time; ours counts the same.
    validationRules: [limitDocument],
    validationOptions: { maxErrors: mostErrors },
    executionOptions: { maxCoercionErrors: mostErrors },
    documentStore: createDocumentStore(),
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
      // It would be told of every field, to work out headers that http/security-headers has settled.
      ApolloServerPluginCacheControlDisabled(),
      authentication(known),
      errorLog,
      responseStatus,
    ],
  });
  await apollo.start();
  return apollo;
}

/** Verifies the bearer once the operation is known, so that some may be called with a stale one. Nothing after it can find the document wrong. */
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

/** What goes wrong, told to whom it concerns (http/report-errors). */
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
  readonly app: App;
  readonly apollo: ApolloServer<OpenContext>;
  readonly known: KnownOperations;
  readonly trustedProxies: TrustedProxies;
  /** Milliseconds for a whole operation. */
  readonly deadline: number;
};

/** `POST /graphql`, and `GET` for queries. */
export function graphqlRoute(
  fastify: FastifyInstance,
  { app, apollo, known, trustedProxies, deadline }: GraphqlRouteOptions,
): void {
  fastify.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    handler: async (request, reply) => {
      const watch = watchOperation(app, request);
      const late = (): void => {
        watch.log.warn({ event: 'operation.late', requestId: request.id }, 'An operation took too long and was ended.');
      };
      const over = new Ending();
      const ways = waysDuring(app.database, { over, watch: watch.onStatement });
      const { log, observed } = watch;
      const open = (): OpenContext => openContext(app, { request, reply, trustedProxies, observed, ways, log });
      try {
        const work = execute({ apollo, known }, { request, open });
        const answer = await withinDeadline({ milliseconds: deadline, over, late }, work);
        watch.end(answer.status);
        for (const [name, value] of answer.headers) reply.header(name, value);
        reply.code(answer.status);
        return answer.text;
      } catch (error) {
        watch.fail(error);
        throw error;
      }
    },
  });
}

/** Bytes of a request that is run by the short way. */
const largestKnown = 8192;

type Asked = { readonly request: FastifyRequest; readonly open: () => OpenContext };

/** By the shortest way that leads to the same answer. */
async function execute(
  { apollo, known }: Pick<GraphqlRouteOptions, 'apollo' | 'known'>,
  { request, open }: Asked,
): Promise<Answer> {
  const plain = plainRequest(request);
  if (!plain) return executeAny(apollo, request, open);
  // What may be refused for its variables is read twice, so a large request goes to Apollo at once.
  const isSmall = Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY) <= largestKnown;
  const operation = isSmall ? known.find(plain.request.query, plain.request.operationName) : null;
  const answer = operation ? await runKnown(operation, { variables: plain.request.variables, ctx: open() }) : null;
  if (!answer) return executePlain(apollo, plain, open());
  return { ...answer, headers: [...answer.headers, ['content-type', plain.contentType]] };
}

/** Whatever may come, by Apollo's own reading of HTTP. */
async function executeAny(
  apollo: ApolloServer<OpenContext>,
  request: FastifyRequest,
  open: () => OpenContext,
): Promise<Answer> {
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
    context: async () => open(),
  });
  return { status: answer.status ?? 200, headers: answer.headers, text: textOf(answer.body) };
}

/** Neither @defer nor subscriptions are part of the API: an answer is always whole (GQ-17). */
function textOf(body: HTTPGraphQLResponse['body']): string {
  if (body.kind !== 'complete') throw new Error('An answer came in parts.');
  return body.string;
}

/** The operation itself is run as any other; only what HTTP adds has been settled already (decision 093). */
async function executePlain(
  apollo: ApolloServer<OpenContext>,
  { request, contentType }: PlainRequest,
  contextValue: OpenContext,
): Promise<Answer> {
  const { http, body } = await apollo.executeOperation(request, { contextValue });
  if (body.kind !== 'single') throw new Error('An answer came in parts.');
  const { errors, data, extensions } = body.singleResult;
  http.headers.set('content-type', contentType);
  // In this order, so that a reader sees errors first (GraphQL, "Response").
  return {
    status: http.status ?? 200,
    headers: http.headers,
    text: `${JSON.stringify({ errors, data, extensions })}\n`,
  };
}

/** A request's way to the database, made when a query asks for it: `me` asks for none. */
function waysDuring(database: Database, { over, watch }: { over: Ending; watch: StatementWatch | undefined }): Ways {
  let db: Db | undefined;
  let readDb: Db | undefined;
  return {
    get db() {
      db ??= database.during(over.signal, watch);
      return db;
    },
    get readDb() {
      readDb ??= database.readDuring(over.signal, watch);
      return readDb;
    },
  };
}

/** The end of an operation's time; its signal is made where somebody listens. */
class Ending {
  #controller: AbortController | undefined;
  #isOver = false;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isOver) this.#controller.abort();
    return this.#controller.signal;
  }

  come(): void {
    this.#isOver = true;
    this.#controller?.abort();
  }
}

/**
 * The work's result, or OVERLOADED when the time is over (GQ-15). Then its statements are cancelled and it can begin no more: an open
 * transaction is rolled back, and what it still computes changes nothing.
 */
function withinDeadline<T>(
  deadline: { milliseconds: number; over: Ending; late: () => void },
  work: Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      deadline.over.come();
      deadline.late();
      reject(new AuthError('OVERLOADED', { retryAfter: 1 }));
    }, deadline.milliseconds);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
