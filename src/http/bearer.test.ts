import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { meQuery } from '../testing/client.ts';
import { type Person, registerPerson } from '../testing/people.ts';

let server: TestServer;
let person: Person;
let other: Person;
beforeAll(async () => {
  server = await startTestServer({ config: { gatewayToken: 'gateway-token-of-this-test' } });
  person = await registerPerson(server);
  other = await registerPerson(server);
});
afterAll(() => server.stop());

type RawAnswer = { readonly status: number; readonly text: string };

/** Sends header lines exactly as given, which no client library would; bytes as in ISO 8859-1. */
async function sendLines(lines: readonly string[], path = '/graphql'): Promise<RawAnswer> {
  const { hostname, port } = new URL(server.url);
  const body = JSON.stringify({ query: meQuery });
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${hostname}`,
    'Content-Type: application/json',
    'Connection: close',
  ];
  const text = [...head, `Content-Length: ${Buffer.byteLength(body)}`, ...lines, '', body].join(
    '\r\n',
  );
  const answer = await new Promise<string>((resolve, reject) => {
    let received = '';
    const socket = connect(Number(port), hostname, () => socket.write(Buffer.from(text, 'latin1')));
    socket.setEncoding('utf8').on('data', (data) => {
      received += data;
    });
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
  });
  return { status: Number(answer.split(' ')[1]), text: answer };
}

describe('the Authorization header', () => {
  it.each([
    'Bearer',
    'Bearer ',
    'Bearer x',
    'Bearer .',
    'Bearer ..',
    'Bearer a.b',
    'Bearer a.b.c',
    'Bearer a.b.c.d.e',
    'Bearer bnVsbA.bnVsbA.bnVsbA',
    'Bearer W10.W10.W10',
    'Bearer IngiOg.e30.AAAA',
    'Bearer e30.e30.',
    'Bearer eyJhbGciOiJub25lIn0.e30.',
    'Bearer undefined',
    'Bearer null',
    'Bearer [object Object]',
    'Bearer "quoted"',
    'Bearer a b',
    'Bearer a,b',
    'Bearer %00',
    'Bearer\ta.b.c',
    'Basic dXNlcjpwYXNz',
    'Digest username="a"',
    'Token abc',
    'abc',
    ',',
    '\u00ff\u00fe',
    'Bearer \u00e9.\u00e9.\u00e9',
  ])('ADV-21 JW-13 %j is an invalid credential: 401, never a server error', async (value) => {
    const answer = await sendLines([`Authorization: ${value}`]);
    expect(answer.status).toBe(401);
    expect(answer.text).toContain('"reason":"TOKEN_INVALID"');
    expect(answer.text).toMatch(/www-authenticate: Bearer error="invalid_token"\r\n/i);
  });

  it.each(['', ' ', '\t'])('contract: an empty one, %j, is an anonymous caller', async (value) => {
    const answer = await sendLines([`Authorization: ${value}`]);
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('{"data":{"me":null}}');
  });

  it.each(['Bearer', 'bearer', 'BEARER'])(
    'takes the scheme as %s (RFC 9110 11.1)',
    async (scheme) => {
      const answer = await sendLines([`Authorization: ${scheme} ${person.accessToken}`]);
      expect(answer.text).toContain(`"id":"${person.id}"`);
    },
  );

  it('JW-12 refuses two, whichever is valid: a proxy may have checked the other', async () => {
    const mine = `Authorization: Bearer ${person.accessToken}`;
    for (const lines of [
      [mine, `Authorization: Bearer ${other.accessToken}`],
      [mine, mine],
      [mine, 'Authorization: Bearer a.b.c'],
      ['Authorization: Bearer a.b.c', mine],
      [mine, 'authorization: Basic dXNlcjpwYXNz'],
      ['Authorization: Basic dXNlcjpwYXNz', mine],
      [mine, 'Authorization:'],
    ]) {
      const answer = await sendLines(lines);
      expect.soft(answer.status, lines.map((line) => line.slice(0, 24)).join(' | ')).toBe(401);
      expect.soft(answer.text).not.toContain(person.id);
      expect.soft(answer.text).not.toContain(other.id);
    }
  });

  it('JW-12 refuses two of them at every other endpoint as well', async () => {
    const mine = `Authorization: Bearer ${person.accessToken}`;
    expect((await sendLines([mine], '/verify/anything')).status).toBe(200);
    expect((await sendLines([mine, mine], '/verify/anything')).status).toBe(401);
    const secret = 'Authorization: Bearer gateway-token-of-this-test';
    for (const lines of [
      [secret, mine],
      [mine, secret],
      [secret, secret],
    ]) {
      const answer = await sendLines([...lines, 'X-Other: 1'], '/oauth/introspect');
      expect(answer.status).toBe(401);
      expect(answer.text).toContain('invalid_client');
    }
  });

  it('JW-12 refuses one of more than 8 KiB before any parsing', async () => {
    const [header = '', payload = '', signature = ''] = person.accessToken.split('.');
    const long = await sendLines([
      `Authorization: Bearer ${header}.${payload}.${signature}${'A'.repeat(8_200)}`,
    ]);
    expect(long.status).toBe(401);
    const spaces = await sendLines([
      `Authorization: Bearer ${' '.repeat(9_000)}${person.accessToken}`,
    ]);
    expect(spaces.status).toBe(401);
    const tooLong = await sendLines([`Authorization: Bearer ${'A'.repeat(20_000)}`]);
    expect(tooLong.status).toBe(431);
    expect(tooLong.text).toContain('HEADERS_TOO_LARGE');
  });
});

describe('every other carrier', () => {
  const isAnonymous = async (response: Response, what: string): Promise<void> => {
    const text = await response.text();
    expect.soft(text, what).not.toContain(person.id);
    expect.soft(response.status, what).toBeLessThan(500);
  };
  const post = (
    path: string,
    body: string,
    headers: Record<string, string> = {},
  ): Promise<Response> =>
    fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });

  it('JW-12 takes no token from the query, the body, a cookie or another header', async () => {
    const { accessToken: token } = person;
    const query = JSON.stringify({ query: meQuery });
    for (const name of ['access_token', 'token', 'authorization', 'jwt', 'bearer']) {
      await isAnonymous(await post(`/graphql?${name}=${token}`, query), `query ${name}`);
      await isAnonymous(
        await post('/graphql', JSON.stringify({ query: meQuery, [name]: token })),
        `body ${name}`,
      );
      await isAnonymous(
        await post('/graphql', JSON.stringify({ query: meQuery, variables: { [name]: token } })),
        `variable ${name}`,
      );
      await isAnonymous(
        await post(
          '/graphql',
          JSON.stringify({ query: meQuery, extensions: { [name]: `Bearer ${token}` } }),
        ),
        `extension ${name}`,
      );
      await isAnonymous(
        await post('/graphql', query, {
          cookie: `${name}=${token}; latchkey=${token}; __Host-latchkey=${token}`,
        }),
        `cookie ${name}`,
      );
      const search = new URLSearchParams({ query: meQuery, [name]: token });
      await isAnonymous(
        await fetch(`${server.url}/graphql?${search}`, {
          headers: { 'apollo-require-preflight': '1' },
        }),
        `GET ${name}`,
      );
    }
    for (const name of [
      'x-access-token',
      'x-authorization',
      'proxy-authorization',
      'x-forwarded-access-token',
      'x-auth-token',
      'x-gateway-token',
    ]) {
      await isAnonymous(await post('/graphql', query, { [name]: `Bearer ${token}` }), name);
      await isAnonymous(await post('/graphql', query, { [name]: token }), name);
    }
    const form = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ query: meQuery, access_token: token }),
    });
    await isAnonymous(form, 'form');
    // And none of them changes the identity given by the header.
    const both = await post(`/graphql?access_token=${other.accessToken}`, query, {
      authorization: `Bearer ${token}`,
    });
    expect(await both.json()).toMatchObject({ data: { me: { id: person.id } } });
  });
});
