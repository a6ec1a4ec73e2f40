import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../src/testing/app.ts';
import { send } from '../../src/testing/client.ts';
import { freshAddress } from '../../src/testing/people.ts';
import { callerHeaders } from './caller-headers.ts';

const query = `mutation R($input: RequestLoginCodeInput!) { requestLoginCode(input: $input) {
  __typename ... on AuthError { code } } }`;
/** One more than `login-code:address` and `register:address` allow in an hour. */
const callers = 31;

/** A gateway that passes a request on with the headers that `headersOf` makes, and the body. */
async function startForwarder(
  target: string,
  headersOf: typeof callerHeaders,
): Promise<{ url: string; server: Server }> {
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const answer = await fetch(`${target}${request.url}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headersOf(request) },
      body: Buffer.concat(parts),
    });
    response.writeHead(answer.status).end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

describe('X-8 sign-ins of 31 people through a gateway', () => {
  const forwarders: Server[] = [];
  let trusting: TestServer;
  let strict: TestServer;
  beforeAll(async () => {
    trusting = await startTestServer({
      config: { rateLimitMultiplier: 1, trustedProxies: ['127.0.0.1'] },
    });
    strict = await startTestServer({ config: { rateLimitMultiplier: 1, trustedProxies: [] } });
  });
  afterAll(async () => {
    for (const server of forwarders) {
      server.closeAllConnections();
      server.close();
    }
    await trusting.stop();
    await strict.stop();
  });

  /** The outcomes of one request each of people at addresses of as many networks. */
  const outcomes = async (
    latchkey: TestServer,
    headersOf: typeof callerHeaders,
    addressOf = (n: number) => `${20 + n}.7.0.1`,
  ): Promise<string[]> => {
    const { url, server } = await startForwarder(latchkey.url, headersOf);
    forwarders.push(server);
    const found: string[] = [];
    for (let n = 0; n < callers; n += 1) {
      const input = { email: freshAddress() };
      // As a proxy in front of the gateway writes it.
      const headers = { 'x-forwarded-for': addressOf(n) };
      const { data } = await send(url, query, { input }, { headers });
      found.push(data.requestLoginCode.code ?? data.requestLoginCode.__typename);
    }
    return found;
  };
  const all = new Array(callers).fill('OtpChallenge');

  it('share no budget where it forwards their addresses and TRUSTED_PROXIES names it', async () => {
    expect(await outcomes(trusting, callerHeaders)).toEqual(all);
  });

  it('share one where it does not forward them', async () => {
    const withoutAddress: typeof callerHeaders = (request) => {
      const { 'x-forwarded-for': _, ...others } = callerHeaders(request);
      return others;
    };
    expect(await outcomes(trusting, withoutAddress)).toContain('RATE_LIMITED');
  });

  it('share one where TRUSTED_PROXIES does not name it', async () => {
    expect(await outcomes(strict, callerHeaders)).toContain('RATE_LIMITED');
  });

  it('are not 31 people where one client writes made-up addresses before its own', async () => {
    const answers = await outcomes(trusting, callerHeaders, (n) => `${20 + n}.8.0.1, 198.51.100.9`);
    expect(answers).toContain('RATE_LIMITED');
  });
});

describe('X-8 the headers that tell of the caller', () => {
  it('end in the address of the gateway’s own peer, whatever that peer wrote', () => {
    const socket = { remoteAddress: '198.51.100.7' } as IncomingMessage['socket'];
    const addressOf = (headers: IncomingMessage['headers']) =>
      callerHeaders({ headers, socket } as IncomingMessage)['x-forwarded-for'];
    expect(addressOf({})).toBe('198.51.100.7');
    expect(addressOf({ 'x-forwarded-for': '203.0.113.9' })).toBe('203.0.113.9, 198.51.100.7');
  });
});
