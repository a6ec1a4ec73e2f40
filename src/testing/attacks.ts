import { hostileDocuments } from './hostile-documents.ts';

/** A request as an attacker would send it. */
export type Attack = {
  readonly name: string;
  readonly request: {
    readonly path?: string;
    readonly method: 'GET' | 'POST';
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
  };
  /** An invalid document, which older GraphQL clients expect to be answered with status 200. */
  readonly isMistake?: boolean;
};

const json = { 'content-type': 'application/json' };
const post = (
  body: unknown,
  headers: Readonly<Record<string, string>> = json,
): Attack['request'] => ({
  method: 'POST',
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

/** The documents that are small but invalid, so that no limit refuses them. */
const mistakes: ReadonlySet<string> = new Set([
  'a string of 50,000 characters in an unknown field',
  'a name of 50,000 characters',
  '50,000 characters of comments',
  'an unterminated string',
  '400 levels of lists',
  '20,000 brackets',
  '50,000 commas among the variables',
  '@defer',
  '@stream',
  'a type definition',
  'an empty document',
]);

const login = 'login(input: { email: "a@example.com", password: "wrong words" }) { __typename }';
const variables = (value: unknown) => ({
  query: 'mutation M($input: LoginInput!) { login(input: $input) { __typename } }',
  variables: { input: value },
});
const deep = (count: number): string => '['.repeat(count) + ']'.repeat(count);

/**
 * The checks of graphql-cop and of OWASP (GraphQL Cheat Sheet), and every hostile document as a
 * request.
 */
export const attackRequests: readonly Attack[] = [
  ...hostileDocuments.map(({ name, query }) => ({
    name,
    request: post({ query }),
    isMistake: mistakes.has(name),
  })),
  // Request batching (GQ-5).
  {
    name: 'a batch of ten',
    request: post(Array.from({ length: 10 }, () => ({ query: '{ __typename }' }))),
  },
  {
    name: 'a batch of 300 sign-ins',
    request: post(Array.from({ length: 300 }, () => ({ query: `mutation { ${login} }` }))),
  },
  // Cross-site requests, and requests that would leave data in logs and caches (TR-5, TR-6).
  {
    name: 'a mutation by GET',
    request: {
      path: `/graphql?query=${encodeURIComponent(`mutation { ${login} }`)}`,
      method: 'GET',
      headers: {},
    },
  },
  {
    name: 'a query by GET',
    request: { path: '/graphql?query=%7B__typename%7D', method: 'GET', headers: {} },
  },
  {
    name: 'a mutation as a form',
    request: post(`query=${encodeURIComponent(`mutation { ${login} }`)}`, {
      'content-type': 'application/x-www-form-urlencoded',
    }),
  },
  {
    name: 'a mutation as text',
    request: post({ query: `mutation { ${login} }` }, { 'content-type': 'text/plain' }),
  },
  {
    name: 'an upload',
    request: post(
      '--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n' +
        '{"query":"{ __typename }"}\r\n--x--',
      {
        'content-type': 'multipart/form-data; boundary=x',
      },
    ),
  },
  // Disclosure (GQ-7, GQ-8).
  {
    name: 'introspection',
    request: post({ query: '{ __schema { types { name fields { name } } } }' }),
    isMistake: true,
  },
  {
    name: 'introspection in a circle',
    request: post({
      query:
        `{ __schema ${'{ types { fields { type '.repeat(12)} ` +
        `{ name } ${'} } } '.repeat(12)} }`,
    }),
  },
  {
    name: 'a typing error',
    request: post({ query: '{ authOption { otpLength } }' }),
    isMistake: true,
  },
  { name: 'the page of an IDE', request: { method: 'GET', headers: { accept: 'text/html' } } },
  {
    name: 'a trace',
    request: post({ query: 'query cop { __typename } { x }', extensions: { tracing: true } }),
    isMistake: true,
  },
  // Variables (GQ-6, GQ-14).
  {
    name: 'a text of 60,000 characters for an object',
    request: post(variables('x'.repeat(60_000))),
    isMistake: true,
  },
  {
    name: '5,000 keys that are not there',
    request: post(
      variables(Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`k${n}`, 1]))),
    ),
  },
  {
    name: 'a list of 15,000 for an object',
    request: post(variables(new Array(15_000).fill(1))),
    isMistake: true,
  },
  {
    name: 'JSON of 30,000 levels',
    request: post(`{"query":"{ x }","variables":{"input":${deep(30_000)}}}`),
    isMistake: true,
  },
  { name: 'a body of 65 kB', request: post({ query: `{ __typename } # ${'x'.repeat(66_000)}` }) },
];
