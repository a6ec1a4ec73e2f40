import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEgress } from '../../egress/egress.ts';
import { createLog } from '../../observability/log.ts';
import { startTestServer, testConfig } from '../../testing/app.ts';
import { freshAddress, goodPassword } from '../../testing/people.ts';
import { breachedPasswordsByRange } from './breached-passwords.ts';
import { checkPassword } from './check-password.ts';

const stolen = 'violet otters juggle seven lanterns';
const digestOf = (password: string): string =>
  createHash('sha1').update(password).digest('hex').toUpperCase();

type Behaviour = (digest: string) => { status?: number; body?: string; location?: string } | 'hang';

describe('the list of breached passwords', () => {
  let range: Server;
  let baseUrl: string;
  let behave: Behaviour;
  let asked: { method: string; url: string; headers: string }[];
  let logLines: string[];
  const lists = () =>
    breachedPasswordsByRange({
      baseUrl,
      egress: createEgress({ allowLoopback: true }),
      log: createLog(testConfig, { write: (line) => void logLines.push(line) }),
    });

  beforeEach(async () => {
    asked = [];
    logLines = [];
    behave = () => ({ body: `${digestOf(stolen).slice(5)}:42\r\n${'0'.repeat(35)}:0` });
    range = createServer((request, response) => {
      asked.push({
        method: String(request.method),
        url: String(request.url),
        headers: JSON.stringify(request.headers),
      });
      const answer = behave(digestOf(stolen));
      if (answer === 'hang') return;
      response
        .writeHead(
          answer.status ?? 200,
          answer.location === undefined ? {} : { location: answer.location },
        )
        .end(answer.body ?? '');
    });
    await new Promise<void>((resolve) => range.listen(0, '127.0.0.1', resolve));
    const { port } = range.address() as AddressInfo;
    baseUrl = `http://127.0.0.1:${port}`;
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    range.closeAllConnections();
    await new Promise((resolve) => range.close(resolve));
  });

  const check = (password: string) =>
    checkPassword(
      { config: testConfig, breachedPasswords: lists() },
      {
        password,
        path: 'password',
        context: [],
        place: { networks: [], isKnown: false },
      },
    );

  it('PW-10 refuses a listed password after sending five hex digits and nothing else', async () => {
    expect(await check(stolen)).toEqual([
      expect.objectContaining({ path: 'password', code: 'PASSWORD_BREACHED' }),
    ]);
    expect(asked).toHaveLength(1);
    const [request] = asked;
    expect(request).toMatchObject({ method: 'GET', url: `/range/${digestOf(stolen).slice(0, 5)}` });
    expect(request?.url).toMatch(/^\/range\/[0-9A-F]{5}$/);
    expect(request?.headers).toContain('"add-padding":"true"');
    const told = JSON.stringify(asked).toUpperCase();
    for (const secret of [
      stolen.toUpperCase(),
      encodeURIComponent(stolen).toUpperCase(),
      digestOf(stolen).slice(0, 6),
      digestOf(stolen).slice(5),
    ]) {
      expect(told).not.toContain(secret);
    }
  });

  it('PW-10 accepts a password that is not listed, or only as padding', async () => {
    expect(await check(goodPassword)).toEqual([]);
    behave = () => ({ body: `${digestOf(stolen).slice(5)}:0` });
    expect(await check(stolen)).toEqual([]);
    expect(asked).toHaveLength(2);
  });

  it('PW-10 does not ask about a password that is refused anyway', async () => {
    expect(await check('passwordpassword')).toEqual([
      expect.objectContaining({ code: 'PASSWORD_COMMON' }),
    ]);
    expect(await check('short')).toEqual([expect.objectContaining({ code: 'TOO_SHORT' })]);
    expect(asked).toEqual([]);
  });

  it.each<[string, Behaviour]>([
    ['fails', () => ({ status: 503, body: stolen })],
    ['limits', () => ({ status: 429 })],
    ['hangs', () => 'hang'],
    ['redirects', () => ({ status: 302, location: 'http://127.0.0.1:9/elsewhere' })],
    ['answers nonsense', () => ({ body: '<html>\u0000'.repeat(1000) })],
  ])(
    'PW-10 when it %s, the local list still applies, after one attempt of a second at most',
    async (_what, behaviour) => {
      behave = behaviour;
      const limit = vi.spyOn(AbortSignal, 'timeout');
      expect(await check('password1')).toEqual([
        expect.objectContaining({ code: 'PASSWORD_COMMON' }),
      ]);
      expect(await check(stolen)).toEqual([]);
      expect(limit.mock.calls).toEqual([[1000]]);
      expect(asked).toHaveLength(1);
    },
  );

  it('PW-10 when the API is unreachable, the log says so once, without the password', async () => {
    const lists = breachedPasswordsByRange({
      baseUrl: 'http://127.0.0.1:9',
      egress: createEgress({ allowLoopback: true }),
      log: createLog(testConfig, { write: (line) => void logLines.push(line) }),
    });
    expect(await lists.includes(stolen)).toBe(false);
    expect(logLines).toHaveLength(1);
    expect(JSON.parse(logLines[0] ?? '')).toMatchObject({
      level: 'warn',
      event: 'breached_passwords.unreachable',
    });
    for (const secret of [stolen, digestOf(stolen).slice(0, 5)])
      expect(logLines.join('')).not.toContain(secret);
  });

  it('PW-10 a server configured with the API uses it at registration', async () => {
    const server = await startTestServer();
    try {
      Object.assign(server.app, { breachedPasswords: lists() });
      const refused = await server.mutate('register', { email: freshAddress(), password: stolen });
      expect(refused).toMatchObject({
        code: 'VALIDATION_FAILED',
        fields: [{ path: 'password', code: 'PASSWORD_BREACHED' }],
      });
      behave = () => ({ status: 500 });
      const taken = await server.mutate('register', { email: freshAddress(), password: stolen });
      expect(taken.__typename).toBe('OtpChallenge');
      expect(JSON.stringify(asked)).not.toContain('@');
    } finally {
      await server.stop();
    }
  });
});
