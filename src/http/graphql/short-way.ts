import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { App } from '../../app.ts';
import type { TrustedProxies } from '../hooks/client-address.ts';
import { failureAnswer } from '../hooks/errors.ts';
import { cameOverHttps, mostHeaderLines } from '../hooks/head.ts';
import { defaultHeaders } from '../hooks/headers.ts';
import { plainRequest } from './fast-path.ts';
import { type KnownOperation, type KnownOperations, largestKnown } from './operation-cache.ts';
import type { OperationRunner, Plain } from './run-operation.ts';

type Options = {
  readonly app: Pick<App, 'config' | 'log' | 'metrics' | 'tracing'>;
  readonly known: KnownOperations;
  readonly runner: OperationRunner;
  readonly trustedProxies: TrustedProxies;
  readonly isDraining: () => boolean;
  /** For X-Request-Id. */
  readonly newId: () => string;
};

/** As clients write it, to the letter; any other spelling is read by Fastify. */
const contentTypes: ReadonlySet<string | undefined> = new Set([
  'application/json',
  'application/json; charset=utf-8',
  'application/json;charset=UTF-8',
]);

/** Headers of which Fastify's hooks make something. */
const notPlain = [
  'origin',
  'traceparent',
  'transfer-encoding',
  'content-encoding',
  'expect',
  'upgrade',
] as const;

/** What its parser refuses or may refuse, in any spelling (`secure-json-parse`). */
const perhapsPoisoned = /__proto__|constructor|\\u/;

/**
 * The way past Fastify for what it would only look at and let through: a small POST of JSON to
 * /graphql from no browser's page, whose body came with its head and asks for an operation that is
 * known. Everything else goes to `handle` with its body untouched, refusals too, so that there is
 * one place for each. What the answer is does not depend on the way (decision 093).
 */
export function shortWay(options: Options, handle: RequestListener): RequestListener {
  const { app, known, trustedProxies, isDraining } = options;
  // Spans begin and end in Fastify's hooks.
  if (app.tracing !== null) return handle;
  const httpsOnly = app.config.publicUrl.startsWith('https://');
  const answer = createAnswerer(options);

  return (request, response) => {
    const length = plainLength(request);
    const isPlain =
      length !== null && !isDraining() && (!httpsOnly || cameOverHttps(request, trustedProxies));
    if (!isPlain) return handle(request, response);
    // The parser hands over the head first and then, before the tick is over, what has come of the
    // body.
    process.nextTick(() => {
      const body: unknown = request.readableLength === length ? request.read() : null;
      const asked = Buffer.isBuffer(body) ? read(known, request, body) : null;
      if (asked) {
        request.resume();
        answer(request, response, asked).catch((error: unknown) => {
          app.log.error({ err: error }, 'A request failed.');
          response.destroy();
        });
        return;
      }
      if (Buffer.isBuffer(body)) request.unshift(body);
      handle(request, response);
    });
  };
}

/** Bytes of the body, where the head leaves nothing to look at; null otherwise. */
function plainLength({ method, url, headers, rawHeaders }: IncomingMessage): number | null {
  if (method !== 'POST' || url !== '/graphql' || !contentTypes.has(headers['content-type']))
    return null;
  if (rawHeaders.length > mostHeaderLines || notPlain.some((name) => headers[name] !== undefined))
    return null;
  const length = Number(headers['content-length'] ?? 0);
  return length > 0 && length <= largestKnown ? length : null;
}

function read(
  known: KnownOperations,
  { headers }: IncomingMessage,
  body: Buffer,
): (Plain & { operation: KnownOperation }) | null {
  if (!isUtf8(body)) return null;
  const text = body.toString();
  if (perhapsPoisoned.test(text)) return null;
  const plain = plainRequest(headers.accept, parse(text));
  const operation = plain && known.find(plain.request.query, plain.request.operationName);
  return operation && { plain, operation };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is wrong with it is said by Fastify, which reads it again.
    return null;
  }
}

function createAnswerer({ app, runner, isDraining, newId }: Options) {
  const { log, metrics } = app;
  const fixed = {
    ...defaultHeaders({ publicUrl: app.config.publicUrl }, '/graphql'),
    vary: 'Origin',
  };

  return async (
    request: IncomingMessage,
    response: ServerResponse,
    asked: Plain,
  ): Promise<void> => {
    const id = newId();
    const said = new Map<string, string | string[]>();
    const reply = {
      getHeader: (name: string) => said.get(name),
      header: (name: string, value: string) => {
        // As Fastify does: cookies are added to one another, anything else takes the place of what
        // was there.
        const before = name === 'set-cookie' ? said.get(name) : undefined;
        said.set(name, before === undefined ? value : [before, value].flat());
      },
    };
    const carried = {
      request: { id, headers: request.headers, socket: request.socket, raw: request, span: null },
      reply,
    };
    const answer = await runner
      .runPlain(carried, asked)
      .catch((error: unknown) =>
        failureAnswer(error, { id, url: '/graphql', headers: request.headers, log }),
      );
    const { status, headers, text } = answer;
    for (const [name, value] of headers) said.set(name, value);
    if (isDraining()) response.shouldKeepAlive = false;
    response.once('close', () =>
      metrics.httpRequest({ route: '/graphql', method: 'POST', status: response.statusCode }),
    );
    response.writeHead(status, {
      ...fixed,
      'x-request-id': id,
      'content-length': Buffer.byteLength(text),
      ...Object.fromEntries(said),
    });
    response.end(text);
  };
}
