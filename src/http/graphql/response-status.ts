import type { ApolloServerPlugin } from '@apollo/server';
import { isExcess } from '../../graphql/document-limits.ts';

/** Faults of the document or its variables, found before anything ran. */
const documentFaults = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
]);

/**
 * GraphQL over HTTP 6.4.1: under `application/json` a well-formed request is answered with 200
 * whatever its document is, since an old client takes any other status for a broken server. Apollo
 * answers 400 under either media type. A refusal of the whole request (an invalid bearer, an
 * overloaded server) keeps its status, and so does a document that is too large to be a mistake:
 * proxies and their alarms read the status alone.
 */
export const responseStatus: ApolloServerPlugin = {
  requestDidStart: async () => ({
    willSendResponse: async ({ request, response, errors }) => {
      if (response.http.status !== 400 || response.body.kind !== 'single') return;
      const accepted = request.http?.headers.get('accept') ?? '';
      if (
        !accepted.includes('application/json') ||
        accepted.includes('application/graphql-response+json')
      )
        return;
      if (errors?.some(isExcess)) return;
      const code = response.body.singleResult.errors?.[0]?.extensions?.['code'];
      if (typeof code === 'string' && documentFaults.has(code)) response.http.status = 200;
    },
  }),
};
