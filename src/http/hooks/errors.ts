import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type {
  ConnectionError,
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
} from 'fastify';
import { databaseFailure } from '../../db/driver/failures.ts';
import { AuthError, type ErrorCode, errorCodes } from '../../errors.ts';
import type { boundedLog } from '../../observability/bounded-log.ts';
import { defaultHeaders, type SecurityHeadersOptions } from './headers.ts';
import { requestPath } from './request-path.ts';
import { shortage } from './shortage.ts';

/**
 * RFC 6750 3 asks for one parameter at least; 3.1: no error for a request that has no credential.
 */
const bearerChallenge = 'Bearer realm="latchkey"';

/** Logs what strangers cause, within bounds. */
export type Tell = ReturnType<typeof boundedLog>;

type Said = { readonly code: string; readonly message: string };

/** What a caller is told of a fault of ours. */
export const serverFault: Said = {
  code: 'INTERNAL_SERVER_ERROR',
  message: 'Something went wrong on the server.',
};
const badRequest: Said = { code: 'BAD_REQUEST', message: 'The request could not be read.' };

/** SECURITY: the only texts that callers read; Fastify's own quote path, header or body. */
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
  421: {
    code: 'MISDIRECTED_REQUEST',
    message: 'This server is not for that host: in development it serves this machine alone.',
  },
  431: { code: 'HEADERS_TOO_LARGE', message: 'The headers are too large.' },
  500: serverFault,
  503: { code: 'UNAVAILABLE', message: errorCodes.UNAVAILABLE.message },
};

/** For plain routes, where an outcome has no union to be a member of. */
const statusOfOutcome: Partial<Record<ErrorCode, number>> = {
  INVALID_CREDENTIALS: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  RATE_LIMITED: 429,
};

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/**
 * Answers every error outside of GraphQL with `{"errors":[{message, extensions: {code,
 * requestId}}]}` and the right status: 404, 405 with Allow, bad bodies, AuthErrors, and 500 with
 * everything else masked and logged once. Also puts the request's id on every answer as
 * X-Request-Id. Call it on the root instance, after `cors`.
 */
export function errorBody(fastify: FastifyInstance, tell: Tell = () => {}): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header('X-Request-Id', request.id);
    // Before the body is read: what no route takes is not parsed.
    if (request.is404) sendNotFound(request, reply);
    else done();
  });
  fastify.setNotFoundHandler(sendNotFound);
  fastify.setErrorHandler((error, request, reply) => {
    const { status, refusal } = describeFailure(error, request, tell);
    if (refusal?.retryAfter !== undefined) reply.header('retry-after', String(refusal.retryAfter));
    // A route may have set a more specific challenge.
    if (refusal?.code === 'UNAUTHENTICATED' && !reply.hasHeader('www-authenticate'))
      reply.header('www-authenticate', bearerChallenge);
    return sendError(request, reply, status, refusal ?? answerFor(status));
  });
}

export type Failure = {
  readonly status: number;
  readonly code: string;
  /** Null for what callers are told nothing of but the status. */
  readonly refusal: AuthError | null;
};

/** What a caller is told of a failure, which is logged here: the same in JSON and on a page. */
export function describeFailure(
  error: unknown,
  request: FastifyRequest,
  tell: Tell = () => {},
): Failure {
  if (brokeOff(request)) {
    // Not a failure of the database, whose connections end with the same codes.
    const event = { event: 'request.broken_off', requestId: request.id };
    tell(event, 'A client broke off its request.');
    return { status: 400, code: badRequest.code, refusal: null };
  }
  const refusal = error instanceof AuthError ? error : unavailable(error);
  const status = refusal === null ? statusOf(error) : statusOfRefusal(refusal);
  logFailure(error, request, { status, tell });
  return { status, code: (refusal ?? answerFor(status)).code, refusal };
}

/**
 * The refusal that a failure of the database becomes, by GraphQL and beside it: a 503 that says
 * when to come again. Null for any other error.
 */
export function unavailable(error: unknown): AuthError | null {
  if (databaseFailure(error) !== 'unavailable') return null;
  return new AuthError('UNAVAILABLE', { retryAfter: 1 });
}

/** Whether the client has gone before its body was whole. */
function brokeOff({ raw }: FastifyRequest): boolean {
  return raw.destroyed && !raw.complete;
}

function logFailure(
  error: unknown,
  { id, log, routeOptions: { url: route } }: FastifyRequest,
  { status, tell }: { readonly status: number; readonly tell: Tell },
): void {
  if (error instanceof AuthError) {
    const { code: refusal, detail } = error;
    if (detail !== undefined)
      tell({ event: 'request.refused', refusal, detail, requestId: id }, 'A request was refused.');
  } else if (status >= 500) {
    const text = unavailable(error) === null ? 'A request failed.' : shortage(error);
    log.error({ err: error, requestId: id, route }, text);
  }
}

/** The status of a refusal outside of GraphQL, by its code. */
export function statusOfRefusal({ code }: Pick<AuthError, 'code'>): number {
  const entry = errorCodes[code];
  return 'httpStatus' in entry ? entry.httpStatus : (statusOfOutcome[code] ?? 400);
}

/**
 * Options for `Fastify({ … })`: what never becomes a request, or comes while draining, is answered
 * like everything else.
 */
export function errorOptions(headers: SecurityHeadersOptions, tell: Tell = () => {}) {
  return {
    // Fastify's own answer while closing lacks our headers. Readiness tells the balancer, and late
    // requests are still served.
    return503OnClosing: false,
    frameworkErrors(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
      // No hook runs for a target that cannot be decoded.
      reply.headers(defaultHeaders(headers, '')).header('X-Request-Id', request.id);
      sendError(request, reply, statusOf(error));
    },
    clientErrorHandler(error: ConnectionError, socket: Socket): void {
      if (error.code === 'ECONNRESET' || socket.destroyed) return;
      const status = statusOfClientError(error.code);
      tell(
        { event: 'connection.refused', reason: error.code, status },
        'A connection sent what is no HTTP, was too large or took too long.',
      );
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
  said = answerFor(status),
): FastifyReply {
  return reply.code(status).type(mediaType(request)).send(body(said, request.id));
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

function body({ code, message }: Said, requestId: string | undefined): string {
  const extensions = { code, ...(requestId === undefined ? {} : { requestId }) };
  return JSON.stringify({ errors: [{ message, extensions }] });
}

function answerFor(status: number): Said {
  return answers[status] ?? (status < 500 ? badRequest : serverFault);
}

/** Errors of Fastify and its plugins carry a status; any other error is a fault of ours. */
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
