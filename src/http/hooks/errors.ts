import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type {
  ConnectionError,
  FastifyBaseLogger,
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
} from 'fastify';
import { databaseFailure } from '../../db/driver/failures.ts';
import { AuthError, type ErrorCode } from '../../errors.ts';
import type { Answer } from './answer.ts';
import { defaultHeaders, type SecurityHeadersOptions } from './headers.ts';
import { requestPath } from './request-path.ts';

/**
 * RFC 6750 3 asks for one parameter at least; 3.1: no error for a request that has no credential.
 */
const bearerChallenge = 'Bearer realm="latchkey"';

type Said = { readonly code: string; readonly message: string };

const serverFault: Said = {
  code: 'INTERNAL_SERVER_ERROR',
  message: 'Something went wrong on the server.',
};
const badRequest: Said = { code: 'BAD_REQUEST', message: 'The request could not be read.' };

/**
 * SECURITY: what is said to the caller is said here. Fastify's own messages quote the path, the
 * header or the body.
 */
const answers: Readonly<Record<number, Said>> = {
  400: badRequest,
  404: { code: 'NOT_FOUND', message: 'There is nothing at this address.' },
  405: {
    code: 'METHOD_NOT_ALLOWED',
    message: 'This address does not take that method; Allow names those that it takes.',
  },
  408: { code: 'REQUEST_TIMEOUT', message: 'The request took too long to arrive.' },
  413: { code: 'PAYLOAD_TOO_LARGE', message: 'The body is too large.' },
  414: { code: 'URI_TOO_LONG', message: 'The address is too long.' },
  415: {
    code: 'UNSUPPORTED_MEDIA_TYPE',
    message: 'This address does not take a body of that content type.',
  },
  431: { code: 'HEADERS_TOO_LARGE', message: 'The headers are too large.' },
  500: serverFault,
  503: { code: 'UNAVAILABLE', message: 'The service is not available. Try again in a moment.' },
};

/** For plain routes, where an outcome has no union to be a member of. */
const statusOfCode: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  INVALID_CREDENTIALS: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  RATE_LIMITED: 429,
  OVERLOADED: 503,
  UNAVAILABLE: 503,
};

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/**
 * Answers whatever goes wrong outside of GraphQL with `{"errors":[{message, extensions: {code,
 * requestId}}]}` and the right status: 404, 405 with Allow, bad bodies, AuthErrors, and 500 with
 * everything else masked and logged once. Also puts the request's id on every answer as
 * X-Request-Id. Call it on the root instance, after `cors`.
 */
export function errorBody(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header('X-Request-Id', request.id);
    // Before the body is read: nobody makes us parse what nobody takes.
    if (request.is404) sendNotFound(request, reply);
    else done();
  });
  fastify.setNotFoundHandler(sendNotFound);
  fastify.setErrorHandler((error, request, reply) => {
    const { status, headers, text } = failureAnswer(error, request);
    // A route that has said more of how to authenticate keeps its word.
    const challenge = reply.getHeader('www-authenticate');
    reply.code(status).headers(Object.fromEntries(headers));
    if (challenge !== undefined) reply.header('www-authenticate', challenge);
    return reply.send(text);
  });
}

type Asked = Pick<FastifyRequest, 'id' | 'url' | 'headers'> & {
  readonly log: Pick<FastifyBaseLogger, 'info' | 'error'>;
};

/**
 * The answer to a request that ended in an error. A fault is logged here, once, with the request's
 * id.
 */
export function failureAnswer(error: unknown, request: Asked): Answer {
  const type = mediaType(request);
  if (error instanceof AuthError) {
    const { code, message, detail, retryAfter } = error;
    if (detail !== undefined)
      request.log.info({ refusal: code, detail, requestId: request.id }, 'A request was refused.');
    return {
      status: statusOfCode[code] ?? 400,
      headers: Object.entries({
        'content-type': type,
        ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
        ...(code === 'UNAUTHENTICATED' ? { 'www-authenticate': bearerChallenge } : {}),
      }),
      text: body({ code, message }, request.id),
    };
  }
  const isUnavailable = databaseFailure(error) === 'unavailable';
  const status = isUnavailable ? 503 : statusOf(error);
  if (status >= 500) request.log.error({ err: error, requestId: request.id }, 'A request failed.');
  return {
    status,
    headers: Object.entries({
      'content-type': type,
      ...(isUnavailable ? { 'retry-after': '1' } : {}),
    }),
    text: body(answerFor(status), request.id),
  };
}

/**
 * Options for `Fastify({ … })` by which also what never becomes a request, or comes while draining,
 * is answered like the rest.
 */
export function errorOptions(headers: SecurityHeadersOptions) {
  return {
    // Fastify's own answer while closing has none of our headers. Readiness tells the balancer;
    // stragglers are still served.
    return503OnClosing: false,
    frameworkErrors(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
      // No hook runs for a target that cannot be decoded.
      reply.headers(defaultHeaders(headers, '')).header('X-Request-Id', request.id);
      sendError(request, reply, statusOf(error));
    },
    clientErrorHandler(error: ConnectionError, socket: Socket): void {
      if (error.code === 'ECONNRESET' || socket.destroyed) return;
      const status = statusOfClientError(error.code);
      if (socket.writable) socket.write(rawAnswer(status, defaultHeaders(headers, '')));
      socket.destroy();
    },
  };
}

function sendNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const allowed = allowedMethods(request.server, requestPath(request.url));
  if (allowed.length === 0 || allowed.includes(request.method))
    return sendError(request, reply, 404);
  reply.header('Allow', [...allowed, 'OPTIONS'].join(', '));
  if (request.method === 'OPTIONS') return reply.code(204).send();
  return sendError(request, reply, 405);
}

function allowedMethods(fastify: FastifyInstance, path: string): readonly string[] {
  // SECURITY: hasRoute reads its argument as a pattern; only plain text may get there.
  if (!/^\/[\w./-]*$/.test(path)) return [];
  return methods.filter((method) => fastify.hasRoute({ method, url: path }));
}

function sendError(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  answer = answerFor(status),
): FastifyReply {
  return reply.code(status).type(mediaType(request)).send(body(answer, request.id));
}

/**
 * Clients of GraphQL read the code of a refusal only in the media type that they asked for (GraphQL
 * over HTTP, section 6).
 */
function mediaType(request: Pick<FastifyRequest, 'url' | 'headers'>): string {
  const wanted = 'application/graphql-response+json';
  const isGraphql =
    requestPath(request.url) === '/graphql' && request.headers.accept?.includes(wanted) === true;
  return `${isGraphql ? wanted : 'application/json'}; charset=utf-8`;
}

function body(answer: Said, requestId: string | undefined): string {
  const extensions = { code: answer.code, ...(requestId === undefined ? {} : { requestId }) };
  return JSON.stringify({ errors: [{ message: answer.message, extensions }] });
}

function answerFor(status: number): Said {
  return answers[status] ?? (status < 500 ? badRequest : serverFault);
}

/**
 * Fastify's errors and those of its plugins carry a status; anything else, and anything odd, is a
 * fault of ours.
 */
function statusOf(error: unknown): number {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' && status >= 400 && status < 600 ? status : 500;
}

function statusOfClientError(code: string | undefined): number {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408;
  if (code === 'HPE_HEADER_OVERFLOW') return 431;
  return 400;
}

function rawAnswer(status: number, headers: Readonly<Record<string, string>>): string {
  const text = body(answerFor(status), undefined);
  const lines = Object.entries({
    ...headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${text}`;
}
