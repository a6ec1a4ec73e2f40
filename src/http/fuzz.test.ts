import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAdministrator } from '../testing/administrators.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { meQuery, type Sender } from '../testing/client.ts';
import {
  callsOf,
  type FuzzedOperation,
  fuzzRequests,
  marker,
  rootFieldsOfSchema,
  texts,
} from '../testing/fuzz.ts';
import { registerPerson } from '../testing/people.ts';
import { sendRaw } from '../testing/raw-request.ts';

/** Values that may be returned, and only to their owner. */
const echoes: ReadonlySet<string> = new Set([
  'Mutation.updateProfile',
  'Mutation.createUser',
  'Mutation.startTotpEnrollment',
]);

const headers = fc.record(
  {
    'user-agent': fc.constantFrom(
      '',
      'x'.repeat(5000),
      '\u00ff\u00fe',
      `${marker} agent`,
      '<script>',
      '$\u007bjndi:ldap://x}',
    ),
    'x-forwarded-for': fc.constantFrom(
      '',
      '::1',
      '999.1.1.1',
      'a, b, c',
      '127.0.0.1, 127.0.0.1',
      'x'.repeat(3000),
    ),
    'accept-language': fc.constantFrom('', '*', 'de;q=9', 'x'.repeat(2000), 'en;q=NaN', ';;;,,,'),
    origin: fc.constantFrom('null', 'https://evil.example', 'http://localhost:3000', 'x'),
    cookie: fc.constantFrom(
      '',
      `latchkey=${marker}`,
      'latchkey=',
      '=',
      ';;;',
      `latchkey="${'a'.repeat(3000)}"`,
      'latchkey=%00%zz',
    ),
    authorization: fc.constantFrom(
      '',
      'Bearer',
      'Bearer ',
      `Bearer ${marker}`,
      'Basic Og==',
      'Bearer a.b.c',
      `Bearer ${'a'.repeat(9000)}`,
    ),
    accept: fc.constantFrom(
      '*/*',
      'text/html',
      'application/graphql-response+json',
      'multipart/mixed',
      '',
    ),
    'sec-fetch-site': fc.constantFrom('cross-site', 'same-origin', 'none', 'x'),
  },
  { requiredKeys: [] },
);

/** Milliseconds for each part of a long run. */
const timeout = 3_600_000;

describe('fuzzed requests', () => {
  let server: TestServer;
  let user: string;
  let admin: string;
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  beforeAll(async () => {
    server = await startTestServer({
      config: { rateLimitMultiplier: 10_000, gatewayToken: 'f'.repeat(40) },
    });
    process.on('unhandledRejection', note);
    process.on('uncaughtException', note);
    await signInAgain();
  }, 300_000);
  afterAll(async () => {
    process.off('unhandledRejection', note);
    process.off('uncaughtException', note);
    await server.stop();
  });

  async function signInAgain(): Promise<void> {
    user = (await registerPerson(server)).accessToken;
    admin = (await makeAdministrator(server)).accessToken;
  }

  /** Fuzzed operations sign out, change and delete: a signed-out person signs in again. */
  async function ensureSignedIn(): Promise<void> {
    const tokens = [user, admin];
    const answers = await Promise.all(tokens.map((token) => server.send(meQuery, {}, { token })));
    if (answers.some(({ data }) => !data?.me)) await signInAgain();
  }

  function senderOf(
    who: 'anonymous' | 'user' | 'admin' | 'gateway',
    extra: Record<string, string>,
  ): Sender {
    if (who === 'user') return { token: user, headers: extra };
    if (who === 'admin') return { token: admin, headers: extra };
    return { headers: who === 'gateway' ? { ...extra, 'x-gateway-token': 'f'.repeat(40) } : extra };
  }

  let sent = 0;
  async function check(
    { coordinate, ...operation }: FuzzedOperation,
    sender: Sender,
  ): Promise<void> {
    const { authorization, ...rest } = sender.headers ?? {};
    sent += 1;
    // Each request has its own value: a stored one may be shown to its owner later.
    const own = `${marker}n${sent}n`;
    const { query, variables } = JSON.parse(JSON.stringify(operation).replaceAll(marker, own));
    const answer = await server.send(query, variables, {
      ...sender,
      headers:
        sender.token === undefined && authorization !== undefined
          ? { ...rest, authorization }
          : rest,
    });
    if (answer.status >= 500) expect(answer.errors[0]?.extensions.code).toBe('OVERLOADED');
    expect(answer.text).not.toContain('INTERNAL_SERVER_ERROR');
    expect(answer.errors.length).toBeLessThanOrEqual(10);
    if (!echoes.has(coordinate)) expect(answer.text.toLowerCase()).not.toContain(own.toLowerCase());
  }

  const whos = fc.constantFrom('anonymous', 'user', 'admin', 'gateway');
  const calls = rootFieldsOfSchema.map((field) => fc.tuple(callsOf(field), whos, headers));
  const hold = (property: fc.IAsyncProperty<unknown>, runs: number): Promise<void> =>
    fc.assert(property, { numRuns: Math.max(1, Math.round(runs)), endOnFailure: true });

  it('GQ-12 LG-8 PW-5 OT-10 get no 5xx but OVERLOADED and no echo, over every argument', {
    timeout,
  }, async () => {
    await hold(
      fc.asyncProperty(fc.tuple(...calls), async (round) => {
        await ensureSignedIn();
        const outcomes = await Promise.allSettled(
          round.map(([operation, who, extra]) => check(operation, senderOf(who, extra))),
        );
        const failed = outcomes.flatMap((outcome, index) =>
          outcome.status === 'rejected'
            ? [{ reason: String(outcome.reason), request: round[index] }]
            : [],
        );
        expect(failed).toEqual([]);
      }),
      (0.7 * fuzzRequests) / calls.length,
    );
  });

  const post = async (
    body: string | Uint8Array,
    extra: Record<string, string> = {},
  ): Promise<number> => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...extra },
      body: typeof body === 'string' ? body : Buffer.from(body),
    });
    await response.text();
    return response.status;
  };
  const answered = [200, 400, 401, 403, 404, 405, 413, 415, 503];

  it('LG-8 any JSON is a body, any text a document', { timeout }, async () => {
    const bodies = fc.oneof(
      fc.json(),
      texts.map((query) => JSON.stringify({ query })),
      fc.json().map((json) => `{"query":"{ me { id } }","variables":${json}}`),
      fc
        .json()
        .map((json) => `{"query":"{ me { id } }","extensions":${json},"operationName":${json}}`),
    );
    await hold(
      fc.asyncProperty(bodies, async (body) => {
        expect(answered).toContain(await post(body));
      }),
      0.1 * fuzzRequests,
    );
  });

  it('LG-8 any bytes are a body, any text a content type or a bearer', { timeout }, async () => {
    const header = fc.string({ unit: 'grapheme-ascii', maxLength: 60 });
    await hold(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        header,
        header,
        async (body, type, bearer) => {
          expect(answered).toContain(
            await post(body, { 'content-type': type, authorization: bearer }),
          );
          const others = {
            authorization: `Bearer ${bearer}`,
            cookie: type,
            'accept-language': bearer,
          };
          expect(answered).toContain(await post(JSON.stringify({ query: meQuery }), others));
        },
      ),
      0.05 * fuzzRequests,
    );
  });

  it('LG-8 JW-4 our tokens with one character changed are invalid', { timeout }, async () => {
    const owner = await registerPerson(server);
    const { accessToken } = owner;
    const change = fc.tuple(fc.nat(accessToken.length - 1), fc.constantFrom(...'AZaz09-_.='));
    const signature = (token: string) => Buffer.from(token.split('.')[2] ?? '', 'base64url');
    await hold(
      fc.asyncProperty(change, async ([at, letter]) => {
        const token = `${accessToken.slice(0, at)}${letter}${accessToken.slice(at + 1)}`;
        const { status } = await server.send(meQuery, {}, { token });
        // Base64url has several spellings of the same bytes: the last character of a part.
        if (status === 200) expect(signature(token)).toEqual(signature(accessToken));
        else expect(status).toBe(401);
      }),
      0.05 * fuzzRequests,
    );
    expect((await server.send(meQuery, {}, { token: accessToken })).data.me.id).toBe(owner.id);
  });

  it('LG-8 TR-9 any bytes come over a socket', { timeout }, async () => {
    const start = fc.constantFrom(
      'GET ',
      'POST /graphql HTTP/1.1\r\n',
      'PRI * HTTP/2.0\r\n\r\n',
      '\u0016\u0003\u0001',
      '',
    );
    const several = 6;
    const sockets = fc.array(fc.tuple(start, fc.uint8Array({ maxLength: 200 })), {
      minLength: several,
      maxLength: several,
    });
    await hold(
      fc.asyncProperty(sockets, async (round) => {
        const answers = await Promise.all(
          round.map(([head, bytes]) => {
            const sent = Buffer.concat([
              Buffer.from(head, 'latin1'),
              bytes,
              Buffer.from('\r\n\r\n'),
            ]);
            return sendRaw(server.url, sent, 300);
          }),
        );
        // 0: the server closed the connection, or waits for more.
        for (const { status } of answers) expect(status).toBeLessThan(500);
      }),
      (0.03 * fuzzRequests) / several,
    );
  });

  it('LG-8 crash nothing, leave nothing unhandled, log no fault, delay no one', async () => {
    expect(unhandled).toEqual([]);
    const lines = server.logLines.map((line) => JSON.parse(line));
    expect(lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
    // Planted values may be in names and agents stored for their owner, and in the log in the
    // reason that an administrator gives for a change, which is logged as an audit event. Nowhere
    // else.
    const leaked = lines.filter(
      ({ userAgent, detail: { reason: _reason, ...detail } = {}, ...line }) =>
        userAgent !== `${marker} agent` && JSON.stringify({ ...line, detail }).includes(marker),
    );
    expect(leaked).toEqual([]);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    expect((await registerPerson(server)).id).toBeTruthy();
  });
});
