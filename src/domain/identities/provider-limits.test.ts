import { createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEgress, type Egress, EgressError } from '../../egress/egress.ts';
import { createTestClock } from '../../testing/clock.ts';
import {
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../testing/identity-provider.ts';
import {
  createTestRelyingParty,
  newFlow,
  parametersOf,
  signInAt,
  type TestRelyingParty,
} from '../../testing/provider-flow.ts';
import { named } from '../../testing/provider-rewrites.ts';

const discoveryPath = '/.well-known/openid-configuration';

let double: TestIdentityProvider;
let other: TestIdentityProvider;
beforeAll(async () => {
  double = await startIdentityProvider();
  other = await startIdentityProvider();
});
beforeEach(() => {
  double.lies = {};
  double.onlyInUserinfo = [];
  double.asked.length = 0;
});
afterAll(() => Promise.all([double.stop(), other.stop()]));

const rulesIn = ({ logLines }: TestRelyingParty): unknown[] =>
  logLines.map((line) => JSON.parse(line).rule as unknown);
const refused = { code: 'PROVIDER_REFUSED' };
const away = (reason: 'timeout' | 'connection'): Egress => ({
  request: async () => {
    throw new EgressError(reason);
  },
});
const urlFrom = ({ providers }: TestRelyingParty): Promise<string> =>
  providers.authorizationUrl(double.entry(), { ...newFlow('double'), loginHint: null });

describe('private addresses', () => {
  const listener = createServer();
  let dialled = 0;
  beforeAll(async () => {
    listener.on('connection', (socket) => {
      dialled += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => void listener.close());

  it.each([
    ['discovery', discoveryPath],
    ['the keys', '/jwks'],
    ['the tokens', '/token'],
    ['userinfo', '/userinfo'],
  ])('ID-15 are not dialled for %s', async (_what, path) => {
    const { port } = listener.address() as { port: number };
    const origin = `https://id.example.com:${port}`;
    const by = named(double, { origin });
    double.lies = by.lies;
    double.onlyInUserinfo = ['email', 'email_verified'];
    for (const address of ['169.254.169.254', '127.0.0.1', '10.0.0.1', '::1', '::ffff:7f00:1']) {
      const asked: string[] = [];
      const egress = createEgress({
        resolve: async (hostname) => {
          asked.push(hostname);
          return ['93.184.215.14', address];
        },
      });
      const party = createTestRelyingParty([double.entry({ issuer: origin })], {
        allowPrivate: false,
        egress: by.egress({ inside: (at) => at.startsWith(path), egress }),
      });
      await expect(signInAt(party, by)).rejects.toMatchObject(refused);
      expect(rulesIn(party)).toEqual(['call: address_refused']);
      expect(asked).toEqual(['id.example.com']);
    }
    expect(dialled).toBe(0);
  });

  it('ID-15 are not taken as endpoints over plain http', async () => {
    const origin = 'https://id.example.com';
    const by = named(double, { origin });
    for (const endpoint of ['jwks_uri', 'token_endpoint', 'userinfo_endpoint']) {
      double.lies = {
        discovery: (document) => ({
          ...(by.lies.discovery?.(document) as object),
          [endpoint]: 'http://id.example.com/x',
        }),
      };
      const party = createTestRelyingParty([double.entry({ issuer: origin })], {
        allowPrivate: false,
        egress: by.egress(),
      });
      await expect(signInAt(party, by)).rejects.toMatchObject(refused);
      expect(rulesIn(party)).toEqual([`discovery: ${endpoint}`]);
    }
  });
});

describe('the client secret', () => {
  const elsewhere = () => ({
    discovery: (document: object) => ({ ...document, token_endpoint: `${other.issuer}/token` }),
  });
  const rule = 'discovery: host of token_endpoint, which tokenHosts does not name';

  it('ID-16, ADV-71 goes to no other host than the issuer’s', async () => {
    double.lies = elsewhere();
    const party = createTestRelyingParty([double.entry()]);
    await expect(signInAt(party, double)).rejects.toMatchObject(refused);
    expect(rulesIn(party)).toEqual([rule]);
    expect(other.asked).toEqual([]);
  });

  it('ID-16 goes where the operator’s list says', async () => {
    double.lies = elsewhere();
    const tokenHosts = [new URL(other.issuer).host];
    const party = createTestRelyingParty([double.entry({ tokenHosts })]);
    await expect(signInAt(party, double)).rejects.toMatchObject(refused);
    // The other provider knows neither this client's secret nor its code.
    expect(other.asked).toEqual(['/token']);
    other.asked.length = 0;
  });

  it('ID-16, ADV-71 stays where it was when a document changes', async () => {
    const clock = createTestClock();
    const changing = await startIdentityProvider({ clock });
    const party = createTestRelyingParty([changing.entry()], { clock });
    await signInAt(party, changing);
    changing.lies = elsewhere();
    clock.advance(2 * 3600);
    expect(await signInAt(party, changing)).toMatchObject({ subject: 'ada' });
    await expect.poll(() => rulesIn(party)).toEqual([rule]);
    expect(await signInAt(party, changing)).toMatchObject({ subject: 'ada' });
    expect(other.asked).toEqual([]);
    await changing.stop();
  });
});

describe('a discovery document', () => {
  const timesAsked = () => double.asked.filter((path) => path === discoveryPath).length;

  it('ID-20 is asked for at the first use, once for all who wait, and kept an hour', async () => {
    const party = createTestRelyingParty([double.entry()]);
    expect(timesAsked()).toBe(0);
    await Promise.all(Array.from({ length: 20 }, () => urlFrom(party)));
    party.clock.advance(3599);
    await urlFrom(party);
    expect(timesAsked()).toBe(1);
  });

  it('ID-20 is used for a day while the provider is away, asked for once a minute', async () => {
    let isAway = false;
    const local = createEgress({ allowLoopback: true });
    const egress: Egress = {
      request: (request) => {
        double.asked.push(new URL(request.url).pathname);
        return isAway ? away('connection').request(request) : local.request(request);
      },
    };
    const party = createTestRelyingParty([double.entry()], { egress });
    await urlFrom(party);
    isAway = true;
    double.asked.length = 0;
    party.clock.advance(3600);
    await Promise.all(Array.from({ length: 5 }, () => urlFrom(party)));
    await expect.poll(() => rulesIn(party)).toEqual(['call: connection']);
    party.clock.advance(59);
    await urlFrom(party);
    expect(timesAsked()).toBe(1);
    party.clock.advance(1);
    await urlFrom(party);
    await expect.poll(timesAsked).toBe(2);
    party.clock.advance(23 * 3600);
    await expect(urlFrom(party)).rejects.toMatchObject(refused);
    isAway = false;
    expect(await urlFrom(party)).toContain(`${double.issuer}/authorize?`);
  });

  it('ID-20 is the next one’s after an hour', async () => {
    const party = createTestRelyingParty([double.entry()]);
    await urlFrom(party);
    double.lies = {
      discovery: (document) => ({
        ...document,
        authorization_endpoint: `${double.issuer}/sign-in`,
      }),
    };
    party.clock.advance(3600);
    await urlFrom(party);
    await expect.poll(() => urlFrom(party)).toContain(`${double.issuer}/sign-in?`);
  });
});

describe('a provider that is away', () => {
  it.each(['timeout', 'connection'] as const)('ID-20 is refused: %s', async (reason) => {
    const party = createTestRelyingParty([double.entry()], { egress: away(reason) });
    await expect(urlFrom(party)).rejects.toMatchObject(refused);
    expect(rulesIn(party)).toEqual([`call: ${reason}`]);
  });

  it('ID-20 has five seconds for all that one sign-in asks it', async () => {
    double.onlyInUserinfo = ['email', 'email_verified'];
    const local = createEgress({ allowLoopback: true });
    const left: number[] = [];
    const took: number[] = [];
    const egress: Egress = {
      request: async (request) => {
        left.push(request.deadlineMs ?? Number.POSITIVE_INFINITY);
        const began = performance.now();
        const answer = await local.request(request);
        await new Promise((resolve) => setTimeout(resolve, 20));
        took.push(performance.now() - began);
        return answer;
      },
    };
    const party = createTestRelyingParty([double.entry()], { egress });
    const provider = double.entry();
    await urlFrom(party);
    left.length = 0;
    took.length = 0;
    const flow = newFlow('double');
    const url = await party.providers.authorizationUrl(provider, { ...flow, loginHint: null });
    const parameters = parametersOf(await double.press(url));
    await party.providers.redeem(provider, { ...flow, parameters });
    // The code, the keys, userinfo: what one took is taken from the next.
    expect(left).toHaveLength(3);
    for (const [index, deadline] of left.entries()) {
      const before = took.slice(0, index).reduce((sum, each) => sum + each, 0);
      expect(deadline).toBeLessThanOrEqual(Math.ceil(5000 - before) + 1);
    }
  });
});

describe('keys', () => {
  it('ID-4 are kept, and not asked for again at once for one that is unknown', async () => {
    const party = createTestRelyingParty([double.entry()]);
    await signInAt(party, double);
    await signInAt(party, double);
    double.lies = { header: ({ alg }) => ({ alg, kid: 'unknown' }) };
    for (let tries = 0; tries < 3; tries += 1)
      await expect(signInAt(party, double)).rejects.toMatchObject(refused);
    expect(double.asked.filter((path) => path === '/jwks')).toHaveLength(1);
  });
});
