import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTracing, type Tracing } from '../observability/tracing.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { type CollectedSpan, type Collector, openCollector } from '../testing/collector.ts';
import { goodPassword, type Person, registerPerson } from '../testing/people.ts';

const callerTrace = '0af7651916cd43dd8448eb211c80319c';
const callerSpan = 'b7ad6b7169203331';
const traceparent = `00-${callerTrace}-${callerSpan}-01`;

let collector: Collector;
let tracing: Tracing;
let server: TestServer;
let status = 200;
beforeAll(async () => {
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '50');
  collector = await openCollector({ status: () => status });
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', collector.url);
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'x-key=key-of-the-collector');
  vi.stubEnv('OTEL_SERVICE_NAME', 'latchkey-test');
  tracing = await startTracing({ warn: () => {}, info: () => {} });
  server = await startTestServer({ tracing });
});
afterAll(async () => {
  await server.stop();
  await tracing.stop();
  await collector.close();
  vi.unstubAllEnvs();
});

const loginMutation = `mutation SignMeIn($input: LoginInput!) {
  login(input: $input) { __typename ... on AuthTokens {
    accessToken refreshToken user { id email name roles }
  } }
}`;

type Traced = { readonly headers: Headers; readonly text: string };

async function login(
  input: { email: string; password: string },
  headers: Record<string, string>,
): Promise<Traced> {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query: loginMutation, variables: { input } }),
  });
  return { headers: response.headers, text: await response.text() };
}

/** The spans of a trace, once it contains its request, which ends last. */
async function traceOf(fits: (span: CollectedSpan) => boolean): Promise<CollectedSpan[]> {
  const [root] = await collector.waitFor(1, fits);
  return collector.spans.filter((span) => span.traceId === root?.traceId);
}

const byId = (headers: Headers) => (span: CollectedSpan) =>
  span.attributes['latchkey.request_id'] === headers.get('x-request-id');

describe('the trace of a sign-in', () => {
  let person: Person;
  beforeAll(async () => {
    person = await registerPerson(server);
  });

  it('goes from HTTP through the operation to its statements', async () => {
    const { headers, text } = await login(
      { email: person.email, password: goodPassword },
      { traceparent },
    );
    expect(text).toContain('accessToken');
    const spans = await traceOf(byId(headers));
    const request = spans.find(byId(headers));
    expect(request).toMatchObject({
      name: 'POST /graphql',
      traceId: callerTrace,
      parentSpanId: callerSpan,
      kind: 2,
      attributes: { 'http.route': '/graphql', 'http.response.status_code': 200 },
      resource: { 'service.name': 'latchkey-test' },
    });
    const operation = spans.find((span) => span.parentSpanId === request?.spanId);
    expect(operation).toMatchObject({
      name: 'mutation login',
      attributes: {
        'graphql.operation.type': 'mutation',
        'graphql.operation.name': 'SignMeIn',
        'latchkey.outcome': 'ok',
      },
    });
    const statements = spans.filter((span) => span.parentSpanId === operation?.spanId);
    expect(statements.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'select users',
        'insert sessions',
        'insert audit_events',
        'insert rate_limits',
      ]),
    );
    for (const span of statements)
      expect(span).toMatchObject({ kind: 3, attributes: { 'db.system.name': 'postgresql' } });
    // Nothing else: no span of a field, and none without a parent.
    expect(spans).toHaveLength(2 + statements.length);
    for (const span of [...statements, operation]) {
      expect(BigInt(span?.startTimeUnixNano ?? 0)).toBeGreaterThanOrEqual(
        BigInt(request?.startTimeUnixNano ?? 0),
      );
    }
    expect(collector.faults).toEqual([]);
    expect(collector.headers[0]).toMatchObject({ 'x-key': 'key-of-the-collector' });
  });

  it('LG-3 LG-4 holds no address, password, token, parameter or message of an error', async () => {
    const { headers } = await login({ email: person.email, password: 'wrong-canary-password' }, {});
    const spans = await traceOf(byId(headers));
    expect(
      spans.find(({ name }) => name === 'mutation login')?.attributes['latchkey.outcome'],
    ).toBe('INVALID_CREDENTIALS');
    for (const secret of [
      person.email,
      goodPassword,
      'wrong-canary-password',
      person.refreshToken,
      person.id,
    ]) {
      expect(collector.bodies.join('\n')).not.toContain(secret);
    }
  });

  it('LG-5 starts a new trace when the caller sends an invalid traceparent', async () => {
    const { headers } = await login(
      { email: person.email, password: goodPassword },
      { traceparent: `${traceparent}-x` },
    );
    const [request] = await collector.waitFor(1, byId(headers));
    expect(request?.traceId).not.toBe(callerTrace);
    expect(request?.parentSpanId).toBeUndefined();
  });

  it('has its id in every log line of its request', async () => {
    const before = server.logLines.length;
    const { headers } = await login({ email: person.email, password: 'wrong-canary-password' }, {});
    const [request] = await collector.waitFor(1, byId(headers));
    const lines = server.logLines.slice(before).map((line): unknown => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({
        event: 'login.failed',
        requestId: headers.get('x-request-id'),
        traceId: request?.traceId,
      }),
    );
  });

  it('an unreachable collector fails no request', async () => {
    status = 503;
    const { text } = await login({ email: person.email, password: goodPassword }, {});
    expect(text).toContain('accessToken');
    status = 200;
  });
});

describe('the exporter', () => {
  it('reads its own variables: the endpoint for traces, and the name', async () => {
    vi.stubEnv('OTEL_SERVICE_NAME', '');
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:9');
    vi.stubEnv('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', `${collector.url}/v1/traces`);
    const own = await startTracing({ warn: () => {}, info: () => {} });
    own.request({ method: 'GET', route: '/named', id: 'id-of-it', parent: null }).end(200);
    await own.stop();
    const [span] = await collector.waitFor(1, ({ name }) => name === 'GET /named');
    expect(span?.resource).toMatchObject({ 'service.name': 'latchkey' });
  });
});

describe('without a collector', () => {
  it('the caller’s trace is still in the log, but only if valid', async () => {
    const plain = await startTestServer({
      clock: server.clock,
      database: server.database,
      mailbox: server.mailbox,
    });
    const send = (header: string) =>
      fetch(`${plain.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', traceparent: header },
        body: JSON.stringify({
          query: loginMutation,
          variables: { input: { email: 'nobody@example.com', password: 'canary' } },
        }),
      });
    await send(traceparent);
    await send('00-canary');
    const failures = plain.logLines.filter((line) => line.includes('login.failed'));
    expect(failures.map((line) => JSON.parse(line).traceId)).toEqual([callerTrace, undefined]);
    expect(plain.logLines.join('')).not.toContain('canary');
    await plain.stop();
  });
});
