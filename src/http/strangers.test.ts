import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boundedLog } from '../observability/bounded-log.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { openSocket, sendRaw } from '../testing/raw-request.ts';

const perMinute = 30;

describe('X-30 what strangers cause in the log', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  /** Sends part of a request and goes. */
  async function breakOff(bytes: string): Promise<void> {
    const socket = await openSocket(server.url);
    socket.write(bytes);
    // Once the server has read the head.
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.resetAndDestroy();
    await once(socket, 'close');
  }
  const head = 'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
  const linesOf = (event: string) =>
    server.logLines.map((line) => JSON.parse(line)).filter((line) => line.event === event);

  it.each([
    ['a body', `${head}Content-Length: 500\r\n\r\n{"query":`],
    ['a body in chunks', `${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{"que\r\n`],
    ['a form', `${head.replace('/graphql', '/oauth/introspect')}Content-Length: 99\r\n\r\ntok`],
    ['a head', head],
    ['a first line', 'POST /gra'],
  ])('%s that is broken off is no error', async (_, bytes) => {
    await Promise.all(Array.from({ length: 40 }, () => breakOff(bytes)));
    await expect.poll(() => server.send('{ __typename }').then(({ data }) => data)).toBeTruthy();
    expect(server.logLines.filter((line) => /"level":"(error|warn|fatal)"/.test(line))).toEqual([]);
    expect(server.logLines.join('')).not.toContain('"stack"');
    expect(linesOf('request.broken_off').length).toBeLessThanOrEqual(perMinute);
  });

  it('neither is what is no HTTP, TLS on this port, or a head that is too large', async () => {
    const tls = Buffer.from('16030100750100007103037f', 'hex');
    for (let round = 0; round < 15; round += 1) {
      for (const bytes of [
        'nonsense\r\n\r\n',
        tls,
        `GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ${'a'.repeat(17_000)}\r\n\r\n`,
        'GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      ])
        expect((await sendRaw(server.url, bytes)).status).not.toBe(200);
    }
    expect(server.logLines.filter((line) => /"level":"(error|warn|fatal)"/.test(line))).toEqual([]);
    expect(linesOf('connection.refused')).toHaveLength(perMinute);
  });

  it('a minute has so many lines of an event, and the next one says how many were left out', () => {
    const lines: object[] = [];
    let now = 0;
    const tell = boundedLog({ info: (line: object) => void lines.push(line) } as never, {
      perMinute: 2,
      now: () => now,
    });
    for (const at of [0, 1, 2, 59_999, 60_000, 60_001, 60_002, 200_000, 300_000]) {
      now = at;
      tell({ event: 'a' }, 'text');
    }
    tell({ event: 'b' }, 'text');
    expect(lines).toEqual([
      { event: 'a' },
      { event: 'a' },
      { event: 'a', leftOut: 2 },
      { event: 'a' },
      { event: 'a', leftOut: 1 },
      { event: 'a' },
      { event: 'b' },
    ]);
  });
});
