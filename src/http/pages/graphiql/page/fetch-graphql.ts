import type { GraphiQLProps } from 'graphiql';
import { recall, remember } from './memory.ts';
import { onlyOperation } from './only-operation.ts';
import { readAnswer } from './read-answer.ts';

type Fetcher = GraphiQLProps['fetcher'];

/**
 * Asks the API of this origin, with the remembered token unless the headers bring their own, and
 * keeps what the answer tells.
 */
export const fetchGraphql: Fetcher = async (params, options) => {
  await takenOver;
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
    body: JSON.stringify(asked(params)),
  });
  const answer = await response.json();
  const facts = readAnswer(answer);
  if (withToken && facts.refusal !== null) remember({ accessToken: null, refusal: facts.refusal });
  if (facts.accessToken !== null) keep(facts.accessToken);
  if (facts.challengeId !== null) remember({ challengeId: facts.challengeId });
  if (facts.enrollmentId !== null) remember({ enrollmentId: facts.enrollmentId });
  return answer;
};

/**
 * GraphiQL notices a new text after 100 ms. Asked sooner, it names an operation of the text before,
 * which is not there.
 */
function asked({ operationName, ...params }: Parameters<Fetcher>[0]): object {
  const { query } = params;
  if (!new RegExp(`\\b(?:query|mutation)\\s+${operationName}\\b`).test(query)) return params;
  return { ...params, query: onlyOperation(query, operationName), operationName };
}

function keep(accessToken: string): void {
  remember({ accessToken, refusal: null, signedOut: false });
}

/**
 * Takes over the sign-in of the account pages of this browser, by their cookie, unless this tab has
 * a token or was signed out.
 */
async function takeOver(): Promise<void> {
  const { accessToken, signedOut } = recall();
  if (accessToken !== null || signedOut) return;
  const query = `mutation TakeOver {
    refreshSession(input: { tokenDelivery: COOKIE }) { ... on AuthTokens { accessToken } }
  }`;
  const taken = readAnswer(await ask({ query }).catch(() => null)).accessToken;
  if (taken !== null) keep(taken);
}

const takenOver = takeOver();

async function ask(body: object, headers?: Readonly<Record<string, string>>): Promise<unknown> {
  const answer = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return answer.json();
}

/**
 * Ends the session of the remembered token, as far as the server can be reached, and forgets the
 * token.
 */
export async function signOut(): Promise<void> {
  const { accessToken } = recall();
  remember({ accessToken: null, refusal: null, signedOut: true });
  const query = 'mutation SignOut { logout(input: {}) { __typename } }';
  await ask({ query }, { authorization: `Bearer ${accessToken}` }).catch(() => {});
}
