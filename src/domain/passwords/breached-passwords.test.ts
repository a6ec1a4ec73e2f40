import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEgress } from '../../egress/egress.ts';
import { createLog } from '../../observability/log.ts';
import { createMetrics, formatMetrics, type Metrics } from '../../observability/metrics.ts';
import type { BreachedPasswords } from '../../ports.ts';
import { startTestServer, testConfig } from '../../testing/app.ts';
import { countOf } from '../../testing/metrics-page.ts';
import { freshAddress, goodPassword } from '../../testing/people.ts';
import { type RangeStandIn, sha1Of, startRangeStandIn } from '../../testing/range-stand-in.ts';
import { createFilter } from './breached-filter.ts';
import { openBreachedPasswords } from './breached-passwords.ts';
import { checkPassword } from './check-password.ts';

const stolen = 'violet otters juggle seven lanterns';

let logLines: string[];
let metrics: Metrics;
beforeEach(async () => {
  logLines = [];
  metrics = await createMetrics();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const open = (
  settings: Partial<typeof testConfig.breachedPasswords>,
  egress = createEgress({ allowLoopback: true }),
): BreachedPasswords =>
  openBreachedPasswords({
    config: {
      ...testConfig,
      breachedPasswords: { ...testConfig.breachedPasswords, ...settings },
    },
    egress,
    log: createLog(testConfig, { write: (line) => void logLines.push(line) }),
    metrics,
  });

const check = (breachedPasswords: BreachedPasswords, password: string) =>
  checkPassword(
    { config: testConfig, breachedPasswords },
    { password, path: 'password', context: [], place: { networks: [], isKnown: false } },
  );

const counted = async (outcome: string): Promise<number> =>
  countOf(
    await formatMetrics([await metrics.snapshot()]),
    'latchkey_breached_password_checks_total',
    { outcome },
  );

describe('BREACHED_PASSWORDS=range', () => {
  let range: RangeStandIn;
  let list: BreachedPasswords;
  beforeEach(async () => {
    range = await startRangeStandIn();
    range.listed.add(stolen);
    list = open({ mode: 'range', url: range.url });
  });
  afterEach(() => range.close());

  it('PW-10 refuses a listed password after sending five hex digits and nothing else', async () => {
    expect(await check(list, stolen)).toEqual([
      expect.objectContaining({ path: 'password', code: 'PASSWORD_BREACHED' }),
    ]);
    expect(range.asked).toHaveLength(1);
    const [request] = range.asked;
    expect(request).toMatchObject({ method: 'GET', url: `/range/${sha1Of(stolen).slice(0, 5)}` });
    expect(request?.url).toMatch(/^\/range\/[0-9A-F]{5}$/);
    expect(request?.headers).toContain('"add-padding":"true"');
    const told = JSON.stringify(range.asked).toUpperCase();
    for (const secret of [
      stolen.toUpperCase(),
      encodeURIComponent(stolen).toUpperCase(),
      sha1Of(stolen).slice(0, 6),
      sha1Of(stolen).slice(5),
    ]) {
      expect(told).not.toContain(secret);
    }
    expect(await counted('listed')).toBe(1);
    expect(logLines).toEqual([]);
  });

  it('PW-10 accepts a password that is not listed, or only as padding', async () => {
    expect(await check(list, goodPassword)).toEqual([]);
    range.behave({ body: `${sha1Of(stolen).slice(5)}:0` });
    expect(await check(list, stolen)).toEqual([]);
    expect(range.asked).toHaveLength(2);
    expect(await counted('not_listed')).toBe(2);
  });

  it('PW-10 finds one whatever the letters and line ends of the answer', async () => {
    range.behave({ body: `${'0'.repeat(35)}:3\n${sha1Of(stolen).slice(5).toLowerCase()}:10\n` });
    expect(await list.includes(stolen)).toBe(true);
  });

  it('PW-10 does not ask about a password that is refused anyway', async () => {
    expect(await check(list, 'passwordpassword')).toEqual([
      expect.objectContaining({ code: 'PASSWORD_COMMON' }),
    ]);
    expect(await check(list, 'short')).toEqual([expect.objectContaining({ code: 'TOO_SHORT' })]);
    expect(range.asked).toEqual([]);
  });

  it.each<[string, Parameters<RangeStandIn['behave']>[0]]>([
    ['fails', { status: 503, body: stolen }],
    ['limits', { status: 429 }],
    ['hangs', 'hang'],
    ['redirects', { status: 302, location: 'http://127.0.0.1:9/elsewhere' }],
    ['answers nonsense', { body: '<html>\u0000'.repeat(1000) }],
    ['answers nothing', { body: '' }],
    ['answers without end', { body: `${'0'.repeat(35)}:1\n`.repeat(20_000) }],
  ])(
    'PW-10 when it %s, the local list still applies, after one attempt of a second at most',
    async (_what, behaviour) => {
      range.behave(behaviour);
      const limit = vi.spyOn(AbortSignal, 'timeout');
      expect(await check(list, 'password1')).toEqual([
        expect.objectContaining({ code: 'PASSWORD_COMMON' }),
      ]);
      expect(await check(list, stolen)).toEqual([]);
      expect(limit.mock.calls).toEqual([[1000]]);
      expect(range.asked).toHaveLength(1);
      expect([await counted('unanswered'), await counted('not_listed')]).toEqual([1, 0]);
      expect(logLines.map((line) => JSON.parse(line).event)).toEqual([
        'breached_passwords.unreachable',
      ]);
    },
  );

  it('PW-10 when the API is unreachable, the log says so once, without the password', async () => {
    const nowhere = open({ mode: 'range', url: 'http://127.0.0.1:9' });
    expect(await nowhere.includes(stolen)).toBe(false);
    expect(logLines).toHaveLength(1);
    expect(JSON.parse(logLines[0] ?? '')).toMatchObject({
      level: 'warn',
      event: 'breached_passwords.unreachable',
      cause: 'The call failed: connection.',
    });
    for (const secret of [stolen, sha1Of(stolen).slice(0, 5), '127.0.0.1'])
      expect(logLines.join('')).not.toContain(secret);
  });

  it('PW-10 ID-15 goes out by the egress client, which refuses a private address', async () => {
    const resolved: string[] = [];
    const egress = createEgress({
      resolve: async (hostname) => {
        resolved.push(hostname);
        return ['10.0.0.1'];
      },
    });
    const list = open({ mode: 'range', url: 'https://api.pwnedpasswords.com' }, egress);
    expect(await list.includes(stolen)).toBe(false);
    expect(resolved).toEqual(['api.pwnedpasswords.com']);
    expect(logLines.join('')).toContain('address_refused');
  });

  it('PW-10 a server configured with the API uses it at registration', async () => {
    const server = await startTestServer({
      config: { breachedPasswords: { mode: 'range', url: range.url, file: null } },
    });
    try {
      const refused = await server.mutate('register', { email: freshAddress(), password: stolen });
      expect(refused).toMatchObject({
        code: 'VALIDATION_FAILED',
        fields: [{ path: 'password', code: 'PASSWORD_BREACHED' }],
      });
      range.behave({ status: 500 });
      const taken = await server.mutate('register', { email: freshAddress(), password: stolen });
      expect(taken.__typename).toBe('OtpChallenge');
      expect(JSON.stringify(range.asked)).not.toContain('@');
    } finally {
      await server.stop();
    }
  });
});

describe('BREACHED_PASSWORDS=file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-breached-'));
  const file = join(folder, 'breached.filter');

  it('PW-18 refuses a listed password, from memory and without any call', async () => {
    const filter = createFilter(1);
    filter.add(Buffer.from(sha1Of(stolen), 'hex'));
    writeFileSync(file, filter.finish());
    const egress = { request: () => Promise.reject(new Error('It called out.')) };
    const list = open({ mode: 'file', file }, egress);
    rmSync(folder, { recursive: true });
    expect(await check(list, stolen)).toEqual([
      expect.objectContaining({ path: 'password', code: 'PASSWORD_BREACHED' }),
    ]);
    expect(await check(list, goodPassword)).toEqual([]);
    expect([await counted('listed'), await counted('not_listed')]).toEqual([1, 1]);
    expect(logLines).toEqual([]);
  });

  it('PW-19 does not open without its file', () => {
    expect(() => open({ mode: 'file', file })).toThrow('names a file that cannot be read');
  });
});

describe('BREACHED_PASSWORDS=off', () => {
  it('PW-18 looks nothing up', async () => {
    const egress = { request: () => Promise.reject(new Error('It called out.')) };
    expect(await check(open({ mode: 'off' }, egress), stolen)).toEqual([]);
    expect(logLines).toEqual([]);
  });
});
