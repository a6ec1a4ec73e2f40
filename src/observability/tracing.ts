import type { Context, Span, Tracer } from '@opentelemetry/api';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Logger } from 'pino';
import type { TraceContext } from './trace-context.ts';

/**
 * Called with a statement's text, without parameters, when it starts; the returned function is
 * called when it ends.
 */
export type StatementWatch = (text: string) => (error?: unknown) => void;

export type OperationSpan = {
  readonly onStatement: StatementWatch;
  end(of: OperationFacts): void;
};

type OperationFacts = {
  readonly kind: string | null;
  /** The root field (http/hooks/metrics). */
  readonly operation: string;
  /** As the caller named it; a GraphQL name, so letters, digits and `_`. */
  readonly name: string | null;
  readonly outcome: string;
};

export type RequestSpan = {
  readonly traceId: string;
  operation(): OperationSpan;
  end(status: number): void;
};

type RequestFacts = {
  readonly method: string;
  readonly route: string;
  readonly id: string;
  readonly parent: TraceContext | null;
};

export type Tracing = {
  request(of: RequestFacts): RequestSpan;
  /** Sends the remaining spans; at most three seconds. */
  stop(): Promise<void>;
};

const stopDeadline = 3000;
/** Most characters of names that the caller chose (LG-2), and of a statement. */
const maxName = 64;
const maxStatement = 4096;

type Api = typeof import('@opentelemetry/api');
type Log = Pick<Logger, 'warn' | 'info'>;

/**
 * Starts OpenTelemetry: spans of requests, their GraphQL operation and its statements, none of
 * single fields. Exporter, sampling, batching and limits are set by the SDK's own OTEL_* variables.
 * Parents are passed as values, so no async context is needed.
 */
export async function startTracing(log: Log): Promise<Tracing> {
  const [api, sdk, { OTLPTraceExporter }, resources] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const provider = new sdk.BasicTracerProvider({
    resource: resources
      .defaultResource()
      .merge(resources.resourceFromAttributes({ 'service.name': 'latchkey' }))
      .merge(resources.detectResources({ detectors: [resources.envDetector] })),
    spanProcessors: [new sdk.BatchSpanProcessor(loggingOutages(new OTLPTraceExporter(), log))],
  });
  const tracer = provider.getTracer('latchkey');
  return {
    request: (facts) => startRequest(api, tracer, facts),
    stop: async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, stopDeadline);
      });
      await Promise.race([provider.shutdown().catch(() => {}), late]);
      clearTimeout(timer);
    },
  };
}

/**
 * The same exporter, with one log line when an outage begins and one when it ends. Without the
 * error's text, which may contain the collector's answer.
 */
function loggingOutages(exporter: SpanExporter, log: Log): SpanExporter {
  let outage = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const failed = result.code !== 0;
        if (failed && !outage)
          log.warn({ event: 'tracing.not_exported' }, 'The collector does not take the traces.');
        if (!failed && outage)
          log.info({ event: 'tracing.exported' }, 'The collector takes traces again.');
        outage = failed;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
  };
}

function startRequest(api: Api, tracer: Tracer, facts: RequestFacts): RequestSpan {
  const { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } = api;
  const { method, route, id, parent } = facts;
  const before =
    parent === null
      ? ROOT_CONTEXT
      : trace.setSpanContext(ROOT_CONTEXT, {
          traceId: parent.traceId,
          spanId: parent.spanId,
          traceFlags: parent.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
          isRemote: true,
        });
  const attributes = {
    'http.request.method': method,
    'http.route': route,
    'latchkey.request_id': id,
  };
  const span = tracer.startSpan(
    `${method} ${route}`,
    { kind: SpanKind.SERVER, attributes },
    before,
  );
  return {
    traceId: span.spanContext().traceId,
    operation: () => startOperation(api, tracer, span),
    end: (status) => {
      span.setAttribute('http.response.status_code', status);
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

function startOperation(api: Api, tracer: Tracer, parent: Span): OperationSpan {
  const { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = api;
  const context = trace.setSpan(ROOT_CONTEXT, parent);
  const span = tracer.startSpan('graphql', { kind: SpanKind.INTERNAL }, context);
  const within = trace.setSpan(ROOT_CONTEXT, span);
  return {
    onStatement: (text) => startStatement(api, tracer, { text, within }),
    end: ({ kind, operation, name, outcome }) => {
      span.updateName(`${kind ?? 'graphql'} ${operation}`);
      span.setAttribute('latchkey.outcome', outcome);
      if (kind !== null) span.setAttribute('graphql.operation.type', kind);
      if (name !== null) span.setAttribute('graphql.operation.name', name.slice(0, maxName));
      if (faults.has(outcome)) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

function startStatement(
  { SpanKind, SpanStatusCode }: Api,
  tracer: Tracer,
  { text, within }: { readonly text: string; readonly within: Context },
): (error?: unknown) => void {
  const { verb, table } = summaryOf(text);
  const attributes = {
    'db.system.name': 'postgresql',
    'db.operation.name': verb,
    'db.collection.name': table,
    'db.query.text': text.slice(0, maxStatement),
  };
  const span = tracer.startSpan(`${verb} ${table}`, { kind: SpanKind.CLIENT, attributes }, within);
  return (error) => {
    // SECURITY: only the kind of the error; the driver's messages contain values (LG-4).
    if (error !== undefined) {
      span.setAttribute('error.type', kindOfError(error)).setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
  };
}

const faults: ReadonlySet<string> = new Set(['INTERNAL_SERVER_ERROR', 'OVERLOADED']);

/** Such as `insert sessions`, from a statement that Drizzle wrote. */
function summaryOf(text: string): { verb: string; table: string } {
  // The changed table names a statement, also when it begins with `with`.
  const [, change, changed] =
    /\b(insert|update|delete)\s+(?:(?:into|from)\s+)?"([a-z_]{1,63})"/.exec(text) ?? [];
  if (change !== undefined && changed !== undefined) return { verb: change, table: changed };
  const verb = /^\s*(?:with|select)\b/.test(text) ? 'select' : 'statement';
  return { verb, table: /\bfrom\s+"([a-z_]{1,63})"/.exec(text)?.[1] ?? '' };
}

function kindOfError(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  if (typeof code === 'string' && /^\w{1,40}$/.test(code)) return code;
  return error instanceof Error ? error.name : 'unknown';
}
