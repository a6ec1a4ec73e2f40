import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { App } from '../app.ts';
import { createKnownOperations } from './graphql/operation-cache.ts';
import { graphqlRoute, startApollo } from './graphql/route.ts';
import { createOperationRunner } from './graphql/run-operation.ts';
import { shortWay } from './graphql/short-way.ts';
import { trustedProxyList } from './hooks/client-address.ts';
import { cors } from './hooks/cors.ts';
import { errorBody, errorOptions } from './hooks/errors.ts';
import { jsonBodies, requestHead } from './hooks/head.ts';
import { securityHeaders } from './hooks/headers.ts';
import { watchRequests } from './hooks/metrics.ts';
import { createListener, type ListenerLimits, listenerLimits } from './listener.ts';
import { type GraphiqlRouteOptions, graphiqlRoute } from './pages/graphiql/graphiql.route.ts';
import { mailboxRoute } from './pages/mailbox.route.ts';
import { healthRoute } from './routes/health.route.ts';
import { jwksRoute } from './routes/jwks.route.ts';
import { oauthRoutes } from './routes/oauth.route.ts';
import { verifyRoute } from './routes/verify.route.ts';

export type Server = {
  readonly fastify: FastifyInstance;
  /** Listens; answers with the address that it got. */
  listen(): Promise<string>;
  /** Says that it is not ready, and goes on as before: balancers have to turn away first (AV-5). */
  drain(): void;
  /** Takes no new work, finishes what it has begun. */
  close(): Promise<void>;
};

export type ServerOptions = {
  readonly graphiql?: GraphiqlRouteOptions;
  /** Tests do not wait as long as clients may. */
  readonly limits?: Partial<ListenerLimits>;
  /** Milliseconds for an operation. */
  readonly deadline?: number;
};

/**
 * Milliseconds for a whole operation (GQ-15); the database's own limit for a statement is the same.
 */
const operationDeadline = 10_000;

/** Milliseconds between two looks for connections that have become idle while the server closes. */
const idleSweep = 50;

/** Bytes of a request's body (GQ-14). */
const bodyLimit = 64 * 1024;

/**
 * SECURITY: our own ids of requests only; a caller's would be a way to write into the log (LG-5).
 */
function newId(): string {
  return randomUUID();
}

/** The whole HTTP side of an App, not listening yet. */
export async function createServer(app: App, options: ServerOptions = {}): Promise<Server> {
  const { config } = app;
  const trustedProxies = trustedProxyList(config.trustedProxies);
  const listener = createListener({
    tls: config.tls,
    trustedProxies,
    limits: { ...listenerLimits, ...options.limits },
    log: app.log,
  });
  // Fastify says at start, for each address, what we say once.
  const logger: FastifyBaseLogger = app.log.child(
    {},
    { level: app.log.level === 'silent' ? 'silent' : 'warn' },
  );
  const fastify: FastifyInstance = Fastify({
    loggerInstance: logger,
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: 'requestId',
    }),
    bodyLimit,
    genReqId: newId,
    requestIdHeader: false,
    serverFactory: listener.serverFactory,
    // Few requests log anything, and each would have a logger made for it: who logs says which
    // request it is.
    childLoggerFactory: (parent) => parent,
    forceCloseConnections: 'idle',
    ...errorOptions({ publicUrl: config.publicUrl }),
  });
  watchRequests(fastify, app);
  jsonBodies(fastify);
  securityHeaders(fastify, { publicUrl: config.publicUrl });
  cors(fastify, { origins: config.corsOrigins });
  errorBody(fastify);
  requestHead(fastify, { publicUrl: config.publicUrl, trustedProxies, log: app.log });

  let draining = false;
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    // A connection that is kept open after its last answer would hold up the end until its own
    // time-out.
    if (draining) reply.header('connection', 'close');
    done();
  });
  healthRoute(fastify, {
    ready: async () => {
      if (draining) return false;
      await app.database.ping();
      return true;
    },
  });
  jwksRoute(fastify, app);
  verifyRoute(fastify, app);
  const known = createKnownOperations();
  const apollo = await startApollo(app, known);
  const runner = createOperationRunner({
    app,
    apollo,
    trustedProxies,
    deadline: options.deadline ?? operationDeadline,
  });
  graphqlRoute(fastify, { runner, known });
  listener.putBefore((handler) =>
    shortWay({ app, known, runner, trustedProxies, isDraining: () => draining, newId }, handler),
  );
  oauthRoutes(fastify, { app, trustedProxies });
  if (config.mode === 'development') {
    const { mailer } = app;
    if (mailer.name === 'mailbox') mailboxRoute(fastify, { list: () => mailer.list() });
    if (config.graphiql && options.graphiql) graphiqlRoute(fastify, options.graphiql);
  }

  const drain = (): void => {
    draining = true;
    listener.drain();
  };
  return {
    fastify,
    listen: async () => {
      const address = await fastify.listen({ host: config.host, port: config.port });
      // Fastify knows nothing of the certificate, which is the listener's.
      return config.tls === null ? address : address.replace(/^http:/, 'https:');
    },
    drain,
    close: async () => {
      drain();
      listener.stop();
      // A connection whose last answer had begun before is idle only later, and would hold the
      // server for as long as clients keep it.
      const sweep = setInterval(() => listener.closeIdle(), idleSweep);
      try {
        await fastify.close();
      } finally {
        clearInterval(sweep);
      }
      await apollo.stop();
    },
  };
}
