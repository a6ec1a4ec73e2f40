import type { GraphiQLProps } from 'graphiql';
import { recall, remember } from './memory.ts';
import { readAnswer } from './read-answer.ts';

type Fetcher = GraphiQLProps['fetcher'];

/**
 * Asks the API of this origin, with the remembered token unless the headers bring their own, and
 * keeps what the answer tells.
 */
export const fetchGraphql: Fetcher = async (params, options) => {
  const headers = new Headers({
    'content-type': 'application/json',
    accept: 'application/graphql-response+json, application/json;q=0.9',
  });
  for (const [name, value] of Object.entries(options?.headers ?? {}))
    headers.set(name, String(value));
  const { accessToken } = recall();
  // The schema is the same for everyone, and a stale token must not cost the reader the
  // documentation.
  const withToken =
    accessToken !== null &&
    params.operationName !== 'IntrospectionQuery' &&
    !headers.has('authorization');
  if (withToken) headers.set('authorization', `Bearer ${accessToken}`);

  const response = await fetch('/graphql', {
    method: 'POST',
    headers,
    body: JSON.stringify(withoutStaleName(params)),
  });
  const answer = await response.json();
  const facts = readAnswer(answer);
  if (withToken && facts.refusal !== null) remember({ accessToken: null, refusal: facts.refusal });
  if (facts.accessToken !== null) remember({ accessToken: facts.accessToken, refusal: null });
  if (facts.challengeId !== null) remember({ challengeId: facts.challengeId });
  return answer;
};

/**
 * GraphiQL notices a new text after 100 ms. Asked sooner, it names an operation of the text before,
 * which is not there.
 */
function withoutStaleName({
  operationName,
  ...params
}: Parameters<Fetcher>[0]): Parameters<Fetcher>[0] {
  const defined = new RegExp(`\\b(?:query|mutation)\\s+${operationName}\\b`).test(params.query);
  return defined ? { ...params, operationName: operationName ?? null } : params;
}

/**
 * Ends the session of the remembered token, as far as the server can be reached, and forgets the
 * token.
 */
export async function signOut(): Promise<void> {
  const { accessToken } = recall();
  remember({ accessToken: null, refusal: null });
  await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
    body: JSON.stringify({ query: 'mutation SignOut { logout(input: {}) { __typename } }' }),
  }).catch(() => {});
}
