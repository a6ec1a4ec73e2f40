import type { FastifyRequest } from 'fastify';
import type { CachedOperation, OperationCache } from './operation-cache.ts';

/** An operation that may be executed at once. */
export type FastOperation = {
  readonly cached: CachedOperation;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  /** Of the answer. */
  readonly contentType: string;
};

/** Bytes of a body: where variables are refused, Apollo reads the request a second time. */
const maxBody = 8192;

const json = 'application/json';
const graphqlResponse = 'application/graphql-response+json';

/**
 * What nearly all clients send as Accept, and the media type in which Apollo answers it (GraphQL
 * over HTTP, section 6).
 */
const mediaTypes: ReadonlyMap<string | undefined, string> = new Map([
  [undefined, json],
  ['*/*', json],
  [json, json],
  [graphqlResponse, graphqlResponse],
  // Apollo Client and urql.
  [`${graphqlResponse}, ${json};q=0.9`, graphqlResponse],
  [`${graphqlResponse},${json};q=0.9`, graphqlResponse],
  [`${graphqlResponse}, ${json}`, graphqlResponse],
  [`${graphqlResponse},${json}`, graphqlResponse],
]);

/**
 * The rule of the fast path: a small POST of plain JSON, with an Accept that needs no negotiation
 * and without extensions, whose document Apollo has found valid before. Null for everything else,
 * which goes to Apollo unchanged. The answer is the same either way (decision 031).
 */
export function fastOperation(
  { method, headers, body }: Pick<FastifyRequest, 'method' | 'headers' | 'body'>,
  cache: OperationCache,
): FastOperation | null {
  // A body in chunks has no length.
  const isSmall = Number(headers['content-length']) <= maxBody;
  if (method !== 'POST' || !isSmall || !isObject(body)) return null;
  const mediaType = mediaTypes.get(headers.accept);
  if (mediaType === undefined) return null;
  const { query, operationName, variables, extensions } = body;
  if (typeof query !== 'string' || !isAbsent(extensions)) return null;
  if (!isAbsent(operationName) && (typeof operationName !== 'string' || operationName === ''))
    return null;
  if (!isAbsent(variables) && !isObject(variables)) return null;
  const cached = cache.find(query, operationName ?? undefined);
  const contentType = `${mediaType}; charset=utf-8`;
  return cached && { cached, variables: variables ?? undefined, contentType };
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
