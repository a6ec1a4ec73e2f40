import { createServer, type IncomingHttpHeaders } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';

const value = z.object({
  stringValue: z.string().optional(),
  intValue: z.union([z.number(), z.string()]).optional(),
});
const attributes = z.array(z.object({ key: z.string(), value })).default([]);
const spanSchema = z.object({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  startTimeUnixNano: z.string().regex(/^\d+$/),
  endTimeUnixNano: z.string().regex(/^\d+$/),
  status: z
    .object({ code: z.number().default(0), message: z.string().optional() })
    .default({ code: 0 }),
  attributes,
});
const exportSchema = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })),
    }),
  ),
});

export type CollectedSpan = Omit<z.output<typeof spanSchema>, 'attributes'> & {
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
  /** Attributes of the process that sent the span. */
  readonly resource: Readonly<Record<string, string | number | undefined>>;
};

/**
 * A stand-in for an OpenTelemetry collector: accepts `POST /v1/traces` as OTLP/HTTP with JSON, and
 * records everything else as a fault.
 */
export type Collector = {
  readonly url: string;
  readonly spans: CollectedSpan[];
  readonly headers: IncomingHttpHeaders[];
  /** The bodies received, as text. */
  readonly bodies: string[];
  /** What was invalid in the requests received. */
  readonly faults: string[];
  /** Waits up to ten seconds for `count` matching spans. */
  waitFor(count: number, fits: (span: CollectedSpan) => boolean): Promise<CollectedSpan[]>;
  close(): Promise<void>;
};

export async function openCollector(
  options: { readonly status?: () => number } = {},
): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const bodies: string[] = [];
  const faults: string[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer(async (request, response) => {
    const body = await json(request).catch(() => null);
    headers.push(request.headers);
    bodies.push(JSON.stringify(body));
    const parsed = exportSchema.safeParse(body);
    if (request.method !== 'POST' || request.url !== '/v1/traces')
      faults.push(`${request.method} ${request.url}`);
    if (!parsed.success) faults.push(parsed.error.message);
    for (const { resource, scopeSpans } of parsed.data?.resourceSpans ?? []) {
      for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
        spans.push({
          ...span,
          attributes: flat(span.attributes),
          resource: flat(resource.attributes),
        });
      }
    }
    response.writeHead(options.status?.() ?? 200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    headers,
    bodies,
    faults,
    waitFor: async (count, fits) => {
      for (let waited = 0; waited < 60_000; waited += 20) {
        const found = spans.filter(fits);
        if (found.length >= count) return found;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(`Only ${spans.filter(fits).length} of ${count} spans arrived.`);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function flat(list: z.output<typeof attributes>): Record<string, string | number | undefined> {
  return Object.fromEntries(
    list.map(({ key, value: { stringValue, intValue } }) => [key, stringValue ?? intValue]),
  );
}
