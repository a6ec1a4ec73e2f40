import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import type { App } from '../app.ts';
import { boundedLog } from '../observability/bounded-log.ts';
import { eventLoop } from '../observability/event-loop.ts';
import { startApollo } from './graphql/apollo.ts';
import { createOperationCache } from './graphql/operation-cache.ts';
import { graphqlRoute } from './graphql/route.ts';
import { createOperationRunner } from './graphql/run-operation.ts';
import { type TrustedProxies, trustedProxyList } from './hooks/client-address.ts';
import { consoleHost, isConsoleHost } from './hooks/console-host.ts';
import { cors } from './hooks/cors.ts';
import { type Drain, drainHook } from './hooks/drain.ts';
import { errorBody, errorOptions, type Tell } from './hooks/errors.ts';
import { jsonBodies, requestHead } from './hooks/head.ts';
import { securityHeaders } from './hooks/headers.ts';
import { watchRequests } from './hooks/metrics.ts';
import { ownHosts } from './hooks/own-hosts.ts';
import { listen } from './listen.ts';
import { createListener, type Listener, type ListenerLimits, listenerLimits } from './listener.ts';
import { accountPages } from './pages/account/account-pages.ts';
import { pageAssets } from './pages/account/assets.ts';
import { consoleRoute } from './pages/console.route.ts';
import { type GraphiqlRouteOptions, graphiqlRoute } from './pages/graphiql/graphiql.route.ts';
import { mailboxRoute } from './pages/mailbox.route.ts';
import type { BuiltPage } from './pages/prepare-page.ts';
import { homeRoute, startRoute } from './pages/start.route.ts';
import { toolsAssets } from './pages/tools-page.ts';
import { healthRoute } from './routes/health.route.ts';
import { identityRoutes } from './routes/identity.route.ts';
import { jwksRoute } from './routes/jwks.route.ts';
import { oauthRoutes } from './routes/oauth.route.ts';
import { verifyRoute } from './routes/verify.route.ts';
import { webauthnRoute } from './routes/webauthn.route.ts';

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
  /** The console's files, where this server has them. */
  readonly consolePage?: BuiltPage;
  /** Tests do not wait as long as clients may. */
  readonly limits?: Partial<ListenerLimits>;
  /** Milliseconds for an operation. */
  readonly deadline?: number;
};

/**
 * Milliseconds for a whole operation (GQ-15): less than the five seconds within which whatever a
 * fault has caught has ended, however many waits it has met.
 */
export const operationDeadline = 4500;

/** Milliseconds between two checks for connections that have become idle while closing. */
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
    limits: {
      ...listenerLimits,
      idle: config.keepAliveTimeout * 1000,
      ...options.limits,
    },
    log: app.log,
    metrics: app.metrics,
  });
  // Measured from here on.
  eventLoop();
  const tell = boundedLog(app.log);
  const fastify = createFastify(app, { listener, tell });
  const drain = addHooks(fastify, app, { trustedProxies, tell });
  const cache = createOperationCache();
  const apollo = await startApollo(app, cache);
  const deadline = options.deadline ?? operationDeadline;
  const run = createOperationRunner({ app, apollo, cache, trustedProxies, deadline });
  graphqlRoute(fastify, run);
  if (config.pages) accountPages(fastify, { app, run });
  if (config.pages || config.mode === 'development') pageAssets(fastify, config);
  if (config.console && options.consolePage) consoleRoute(fastify, config, options.consolePage);
  addPlainRoutes(fastify, { app, trustedProxies, drain });
  if (config.mode === 'development') addDevelopmentPages(fastify, app, options);
  else if (config.pages) homeRoute(fastify);

  let stopListening = (): void => {};
  return {
    fastify,
    listen: async () => {
      const { address, close } = await listen(fastify, config);
      stopListening = close;
      // Fastify does not know of the certificate, which is the listener's.
      return config.tls === null ? address : address.replace(/^http:/, 'https:');
    },
    drain: drain.begin,
    close: async () => {
      drain.begin();
      listener.stop();
      stopListening();
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

function createFastify(
  { config }: App,
  { listener, tell }: { readonly listener: Listener; readonly tell: Tell },
): FastifyInstance {
  return Fastify({
    // No logger: Fastify would make one for each request. The first hook hands out the App's.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit,
    genReqId: newId,
    requestIdHeader: false,
    serverFactory: listener.serverFactory,
    forceCloseConnections: 'idle',
    ...errorOptions({ publicUrl: config.publicUrl }, tell),
  });
}

/** What every request goes through before its route, in this order, and every answer after it. */
function addHooks(
  fastify: FastifyInstance,
  app: App,
  { trustedProxies, tell }: { readonly trustedProxies: TrustedProxies; readonly tell: Tell },
): Drain {
  const { publicUrl, corsOrigins, mode } = app.config;
  watchRequests(fastify, app);
  jsonBodies(fastify);
  securityHeaders(fastify, { publicUrl });
  if (mode === 'development') ownHosts(fastify, { ...app.config, log: app.log });
  consoleHost(fastify, app.config);
  cors(fastify, {
    origins: corsOrigins,
    isClosed: ({ headers }) => isConsoleHost(app.config, headers),
    ...(mode === 'development' ? { onRefused: nameRefused(app) } : {}),
  });
  errorBody(fastify, tell);
  requestHead(fastify, { publicUrl, trustedProxies, log: app.log });
  return drainHook(fastify);
}

/** A browser tells the page only "Failed to fetch". */
function nameRefused({ log, config }: App): (origin: string) => void {
  return (origin) => {
    const list = [...config.corsOrigins, origin].join(',');
    const remedy =
      origin === 'null' ? 'Serve the page over http.' : `To let it in: CORS_ORIGINS=${list}`;
    log.warn(
      { event: 'cors.origin_refused', origin },
      `A page of ${origin} called, which is no origin in CORS_ORIGINS. ${remedy}`,
    );
  };
}

type PlainRoutes = {
  readonly app: App;
  readonly trustedProxies: TrustedProxies;
  readonly drain: Drain;
};

function addPlainRoutes(
  fastify: FastifyInstance,
  { app, trustedProxies, drain }: PlainRoutes,
): void {
  healthRoute(fastify, {
    ready: async () => {
      if (drain.isDraining()) return false;
      await app.database.ping();
      return true;
    },
  });
  jwksRoute(fastify, app);
  webauthnRoute(fastify, app);
  verifyRoute(fastify, app);
  oauthRoutes(fastify, { app, trustedProxies });
  identityRoutes(fastify, { app, trustedProxies });
}

function addDevelopmentPages(
  fastify: FastifyInstance,
  { config, mailer }: App,
  { graphiql, consolePage }: ServerOptions,
): void {
  const isMailbox = mailer.name === 'mailbox';
  const page = config.graphiql ? graphiql : undefined;
  const tools = {
    ...config,
    console: config.console && consolePage !== undefined,
    graphiql: page !== undefined,
    mailbox: isMailbox,
  };
  toolsAssets(fastify);
  startRoute(fastify, { config, tools });
  if (isMailbox) mailboxRoute(fastify, { list: () => mailer.list(), tools });
  if (page !== undefined) graphiqlRoute(fastify, { ...page, tools });
}
