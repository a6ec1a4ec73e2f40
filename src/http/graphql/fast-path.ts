import { type GraphQLRequest, HeaderMap } from '@apollo/server';

/** A request that leaves nothing to find out but what its operation is. */
export type PlainRequest = {
  readonly request: GraphQLRequest & { readonly query: string };
  readonly contentType: string;
};

type Head = { readonly http: NonNullable<GraphQLRequest['http']>; readonly contentType: string };

const json = 'application/json';
const graphqlResponse = 'application/graphql-response+json';

/**
 * What clients send as Accept, without blanks, and what they get for it (GraphQL over HTTP, section
 * 6).
 */
const heads: ReadonlyMap<string, Head> = new Map(
  [
    ['', json],
    ['*/*', json],
    [json, json],
    [graphqlResponse, graphqlResponse],
    // Apollo Client and urql.
    [`${graphqlResponse},${json};q=0.9`, graphqlResponse],
    [`${graphqlResponse},${json}`, graphqlResponse],
  ].map(([accept = '', type = '']) => [accept, headFor(accept, type)]),
);

function headFor(accept: string, type: string): Head {
  const headers = new HeaderMap();
  if (accept !== '') headers.set('accept', accept);
  return {
    http: { method: 'POST', headers, search: '', body: undefined },
    contentType: `${type}; charset=utf-8`,
  };
}

/**
 * The body of a POST of JSON as nearly all clients send it, read without Apollo's negotiation; null
 * for anything that takes a second look, which Apollo then gives it: extensions, an unusual Accept,
 * members of the wrong type. The body has been read as JSON, so its content type is one that no
 * form can send (TR-5).
 */
export function plainRequest(accept: string | undefined, body: unknown): PlainRequest | null {
  if (!isMembers(body)) return null;
  const head = heads.get((accept ?? '').replaceAll(' ', ''));
  if (!head) return null;
  const { query, variables, operationName, extensions } = body;
  if (typeof query !== 'string' || query === '' || (extensions ?? null) !== null) return null;
  if (!isAbsent(operationName) && (typeof operationName !== 'string' || operationName === ''))
    return null;
  if (!isAbsent(variables) && !isMembers(variables)) return null;
  return {
    request: {
      query,
      ...(isAbsent(operationName) ? {} : { operationName }),
      ...(isAbsent(variables) ? {} : { variables }),
      http: head.http,
    },
    contentType: head.contentType,
  };
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function isMembers(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
