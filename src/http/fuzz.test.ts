import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { meQuery, mutationText } from '../testing/client.ts';
import { type Person, registerPerson } from '../testing/people.ts';

describe('a thousand requests that are not right', () => {
  let server: TestServer;
  let person: Person;
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  beforeAll(async () => {
    server = await startTestServer();
    person = await registerPerson(server);
    process.on('unhandledRejection', note);
    process.on('uncaughtException', note);
  });
  afterAll(async () => {
    process.off('unhandledRejection', note);
    process.off('uncaughtException', note);
    await server.stop();
  });

  const post = async (body: string | Uint8Array, headers: Record<string, string> = {}): Promise<number> => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : Buffer.from(body),
    });
    await response.text();
    return response.status;
  };
  /** Bytes on a socket; the status of the answer, or null where the server hung up. */
  const raw = (bytes: Uint8Array): Promise<number | null> => {
    const { hostname, port } = new URL(server.url);
    return new Promise((resolve) => {
      let received = '';
      const socket = connect(Number(port), hostname, () => socket.write(bytes));
      socket.setTimeout(300, () => socket.destroy());
      socket.setEncoding('latin1').on('data', (data) => {
        received += data;
        socket.end();
      });
      socket.on('error', () => {}).on('close', () => resolve(received === '' ? null : Number(received.split(' ')[1])));
    });
  };
  const check = (property: fc.IAsyncProperty<unknown>, runs: number) =>
    fc.assert(property, { numRuns: runs, interruptAfterTimeLimit: 60_000 });
  /** Text as JSON lets it through: NUL, lone surrogates, right to left, long. */
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
    fc.constantFrom(
      '',
      '\u0000',
      '\ud800',
      '__proto__',
      'constructor',
      "'; drop table users --",
      '%00',
      '{{7*7}}',
      '\r\n\r\n',
    ),
  );
  const refusals = [200, 400, 401, 403, 404, 405, 413, 415, 503];

  it('LG-8 PW-5 PW-6 OT-10 any text in any field of any operation', { timeout: 120_000 }, async () => {
    const names = [
      'register',
      'login',
      'requestLoginCode',
      'verifyOtp',
      'resendOtp',
      'refreshSession',
      'logout',
    ] as const;
    const fields: Readonly<Record<string, readonly string[]>> = {
      register: ['email', 'password', 'name'],
      login: ['email', 'password'],
      requestLoginCode: ['email'],
      verifyOtp: ['challengeId', 'code'],
      resendOtp: ['challengeId'],
      refreshSession: ['refreshToken'],
      logout: ['refreshToken'],
    };
    const call = fc
      .constantFrom(...names)
      .chain((name) =>
        fc.tuple(fc.constant(name), fc.record(Object.fromEntries((fields[name] ?? []).map((field) => [field, text])))),
      );
    await check(
      fc.asyncProperty(call, async ([name, input]) => {
        const answer = await server.send(mutationText(name), { input });
        expect(answer.text).not.toContain('INTERNAL_SERVER_ERROR');
        expect(answer.errors).toEqual([]);
      }),
      300,
    );
  });

  it('LG-8 any JSON for a body, any text for a document', { timeout: 120_000 }, async () => {
    await check(
      fc.asyncProperty(
        fc.oneof(
          fc.json(),
          text.map((query) => JSON.stringify({ query })),
          fc.json().map((json) => `{"query":"{ me { id } }","variables":${json}}`),
        ),
        async (body) => {
          expect(refusals).toContain(await post(body));
        },
      ),
      280,
    );
  });

  it('LG-8 any bytes for a body, any content type, any bearer', { timeout: 120_000 }, async () => {
    const header = fc.string({ unit: 'grapheme-ascii', maxLength: 60 });
    await check(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), header, header, async (body, type, bearer) => {
        expect(refusals).toContain(await post(body, { 'content-type': type, authorization: bearer }));
        expect(refusals).toContain(
          await post(JSON.stringify({ query: meQuery }), {
            authorization: `Bearer ${bearer}`,
            cookie: type,
            'accept-language': bearer,
          }),
        );
      }),
      125,
    );
  });

  it('LG-8 tokens of ours with a few characters changed', { timeout: 120_000 }, async () => {
    const { accessToken, refreshToken } = person;
    const change = fc.tuple(fc.nat(), fc.constantFrom(...'AZaz09-_.=')).map(([place, letter]) => {
      const at = place % accessToken.length;
      return `${accessToken.slice(0, at)}${letter}${accessToken.slice(at + 1)}`;
    });
    await check(
      fc.asyncProperty(change, async (token) => {
        const answer = await server.send(meQuery, {}, { token });
        if (token !== accessToken) expect([200, 401]).toContain(answer.status);
        if (token !== accessToken && answer.status === 200) {
          // Base64url has spellings that mean the same bytes: the last character of a part.
          expect(Buffer.from(token.split('.')[2] ?? '', 'base64url')).toEqual(
            Buffer.from(accessToken.split('.')[2] ?? '', 'base64url'),
          );
        }
      }),
      125,
    );
    expect((await server.mutate('refreshSession', { refreshToken })).__typename).toBe('AuthTokens');
  });

  it('LG-8 TR-9 any bytes on the socket', { timeout: 120_000 }, async () => {
    const start = fc.constantFrom(
      'GET ',
      'POST /graphql HTTP/1.1\r\n',
      'PRI * HTTP/2.0\r\n\r\n',
      '\u0016\u0003\u0001',
      '',
    );
    await check(
      fc.asyncProperty(start, fc.uint8Array({ maxLength: 200 }), async (head, bytes) => {
        const status = await raw(Buffer.concat([Buffer.from(head, 'latin1'), bytes, Buffer.from('\r\n\r\n')]));
        if (status !== null) expect(status).toBeLessThan(500);
      }),
      60,
    );
    for (const smuggled of [
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd',
      'POST /graphql HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\nX: a\u0000b\r\n\r\n',
      'GET / HTTP/1.1\r\n Host: x\r\n\r\n',
    ]) {
      expect.soft(await raw(Buffer.from(smuggled, 'latin1')), smuggled).toBe(400);
    }
  });

  it('LG-8 leave the process alive, nothing unhandled, no fault logged, and everybody signed in', async () => {
    expect(unhandled).toEqual([]);
    const lines = server.logLines.map((line) => JSON.parse(line));
    expect(lines.filter((line) => line.level === 'error' || line.level === 'fatal')).toEqual([]);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    expect((await server.send(meQuery, {}, { token: person.accessToken })).data.me.id).toBe(person.id);
  });
});
