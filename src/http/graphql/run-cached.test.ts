import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { type Person, registerPerson } from '../../testing/people.ts';

let server: TestServer;
let person: Person;
beforeAll(async () => {
  server = await startTestServer({
    config: { gatewayToken: 'a gateway’s own token, long enough', introspection: true },
  });
  person = await registerPerson(server);
});
afterAll(() => server.stop());

const media = 'application/graphql-response+json, application/json;q=0.9';
const login =
  'mutation L($input: LoginInput!) { login(input: $input) { __typename ... on AuthError ' +
  '{ code message fields { path code } } } }';
const two = 'query A { me { id } } query B { authOptions { otpLength } }';

type Head = { readonly accept: string | undefined; readonly origin: string | undefined };

type Request = {
  readonly body: object;
  readonly headers?: (person: Person) => Record<string, string>;
};

const bearer = ({ accessToken }: Person) => ({ authorization: `Bearer ${accessToken}` });
const forged = ({ accessToken }: Person) => ({
  authorization: `Bearer ${accessToken.slice(0, -4)}AAAA`,
});

/** Operations that can be repeated with the same answer. */
const requests: Readonly<Record<string, Request>> = {
  'a signed-in me': {
    body: { query: '{ me { id email createdAt roles status } }' },
    headers: bearer,
  },
  'an anonymous me': { body: { query: '{ me { id  } }' } },
  'an alias and a fragment': {
    body: { query: '{ who: me { ...F } } fragment F on User { id __typename }' },
    headers: bearer,
  },
  'the first of two operations': { body: { query: two, operationName: 'A' }, headers: bearer },
  'the second of two operations': { body: { query: two, operationName: 'B' } },
  'neither of two operations': { body: { query: two } },
  'an operation that is not there': { body: { query: two, operationName: 'C' } },
  'an operation with an empty name': { body: { query: two, operationName: '' } },
  'a field that wants a caller': { body: { query: '{ account { hasPassword } }' } },
  'one of two fields that wants a caller': {
    body: { query: '{ authOptions { otpLength } account { hasPassword } }' },
  },
  'a field for gateways': { body: { query: '{ _service { sdl } }' } },
  'a page that is too large': {
    body: { query: '{ account { sessions(first: 5000) { totalCount } } }' },
    headers: bearer,
  },
  'a bearer that does not hold': { body: { query: '{  me { id } }' }, headers: forged },
  'a stale bearer where it does not matter': {
    body: { query: '{ authOptions { registrationOpen } }' },
    headers: forged,
  },
  'an input that lacks a field': {
    body: { query: login, variables: { input: { email: 'a@x.org' } } },
  },
  'an input of the wrong type': {
    body: { query: login, variables: { input: { email: 'a@x.org', password: 7 } } },
  },
  'an input with a field too many': {
    body: { query: login, variables: { input: { email: 'a@x.org', password: 'x', admin: true } } },
  },
  'no variables': { body: { query: login } },
  'variables that are null': { body: { query: login, variables: null } },
  'an address that is none': {
    body: { query: login, variables: { input: { email: 'none', password: 'x' } } },
  },
  'a password that is wrong': {
    body: {
      query: login,
      variables: { input: { email: 'a@x.org', password: 'otter lantern gravel' } },
    },
  },
  'the type of the root alone': { body: { query: '{ __typename }' } },
};

const accepts: readonly (string | undefined)[] = [undefined, '*/*', 'application/json', media];
/** No origin, one of CORS_ORIGINS, and another one. */
const origins: readonly (string | undefined)[] = [
  undefined,
  'http://localhost:3000',
  'https://a.example',
];
const heads = accepts.flatMap((accept) => origins.map((origin) => ({ accept, origin })));

async function ask({ body, headers }: Request, { accept, origin }: Head, mark: string) {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(accept === undefined ? {} : { accept }),
      ...(origin === undefined ? {} : { origin }),
      ...headers?.(person),
    },
    // A unique text for each, so that the first one is never cached.
    body: JSON.stringify({ ...body, query: `${Reflect.get(body, 'query')}${mark}` }),
  });
  const text = await response.text();
  const {
    date: _date,
    'x-request-id': requestId = '',
    ...rest
  } = Object.fromEntries(response.headers);
  return { status: response.status, headers: rest, text: text.replaceAll(requestId, 'REQUEST-ID') };
}

it.each(Object.entries(requests))(
  'GQ-19 a cached operation is answered as it was when new: %s',
  async (name, request) => {
    for (const [index, head] of heads.entries()) {
      const mark = ` # ${name} ${index}`;
      const asNew = await ask(request, head, mark);
      for (let again = 0; again < 2; again += 1)
        expect(await ask(request, head, mark)).toEqual(asNew);
    }
  },
);
