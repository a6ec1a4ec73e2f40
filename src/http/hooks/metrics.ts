import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { App } from '../../app.ts';
import type { Observed } from '../../context.ts';
import { AuthError } from '../../errors.ts';
import { noMetrics } from '../../observability/metrics.ts';
import { readTraceparent } from '../../observability/trace-context.ts';
import type { RequestSpan, StatementWatch } from '../../observability/tracing.ts';

type Watcher = Pick<App, 'metrics' | 'tracing' | 'log'>;

declare module 'fastify' {
  interface FastifyRequest {
    span: RequestSpan | null;
  }
}

/** Asked every few seconds by machines: spans of them would be noise. */
const unwatched: ReadonlySet<string> = new Set(['/livez', '/readyz']);
const countedMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'OPTIONS']);

/**
 * Counts requests, begins and ends their spans, and gives them the log, with the trace's id where
 * there is one. Call it on the root instance, before all other hooks.
 */
export function watchRequests(fastify: FastifyInstance, { metrics, tracing, log }: Watcher): void {
  fastify.decorateRequest('span', null);
  fastify.addHook('onRequest', (request, reply, done) => {
    request.log = log;
    reply.log = log;
    const { traceparent } = request.headers;
    if (tracing !== null || traceparent !== undefined) follow(request, traceparent);
    done();
  });
  const follow = (request: FastifyRequest, traceparent: string | string[] | undefined): void => {
    const route = routeOf(request);
    if (unwatched.has(route)) return;
    const parent = readTraceparent(traceparent);
    if (tracing !== null)
      request.span = tracing.request({ method: methodOf(request), route, id: request.id, parent });
    const traceId = request.span?.traceId ?? parent?.traceId;
    if (traceId !== undefined) request.log = log.child({ traceId });
  };
  if (metrics === noMetrics && tracing === null) return;
  fastify.addHook('onResponse', async (request, reply) => {
    metrics.httpRequest({
      route: routeOf(request),
      method: methodOf(request),
      status: reply.statusCode,
    });
    request.span?.end(reply.statusCode);
  });
}

/** The route's pattern, never the path: a caller can invent any number of paths. */
function routeOf(request: FastifyRequest): string {
  return request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
}

function methodOf({ method }: FastifyRequest): string {
  return countedMethods.has(method) ? method : 'other';
}

export type OperationWatch = {
  readonly observed: Observed;
  readonly log: Logger;
  readonly onStatement: StatementWatch | undefined;
  /**
   * Call one of the two once: with the answer's status, or with what was thrown in place of an
   * answer.
   */
  end(status: number): void;
  fail(error: unknown): void;
};

/** Follows one GraphQL operation; `observed` is filled in as it becomes known. */
export function watchOperation(
  app: Watcher,
  request: Pick<FastifyRequest, 'headers' | 'span'>,
): OperationWatch {
  const began = performance.now();
  const observed: Observed = { kind: null, fields: [], name: null, outcome: null };
  const span = request.span?.operation();
  const traceId = request.span?.traceId ?? readTraceparent(request.headers['traceparent'])?.traceId;
  const finish = (fallback: string): void => {
    const operation = operationOf(observed);
    const outcome = observed.outcome ?? fallback;
    app.metrics.operation({ operation, outcome, seconds: (performance.now() - began) / 1000 });
    span?.end({ kind: observed.kind, operation, name: observed.name, outcome });
  };
  return {
    observed,
    log: traceId === undefined ? app.log : app.log.child({ traceId }),
    onStatement: span?.onStatement,
    end: (status) => finish(status < 400 ? 'ok' : 'BAD_REQUEST'),
    fail: (error) => finish(error instanceof AuthError ? error.code : 'INTERNAL_SERVER_ERROR'),
  };
}

/**
 * What an operation is counted under: its root field, which the schema bounds. The name that the
 * caller gave it is not asked for: names can be invented without end, each a series for ever.
 */
export function operationOf({ fields }: Observed): string {
  const [field, another] = fields;
  if (field === undefined) return 'unknown';
  if (another !== undefined) return 'several';
  const name = field.slice(field.indexOf('.') + 1);
  return name.startsWith('__') ? 'introspection' : name;
}
