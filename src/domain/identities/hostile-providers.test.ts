import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IdentityProvider } from '../../config/identity-providers.ts';
import {
  claims,
  elliptic,
  type Hostile,
  hostileCallbacks,
  hostileDocuments,
  hostileSubjects,
  hostileTokenEndpoints,
  hostileTokens,
  hostileUserinfo,
  set,
} from '../../testing/hostile-answers.ts';
import {
  type Json,
  type Lies,
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../testing/identity-provider.ts';
import { createTestRelyingParty, signInAt } from '../../testing/provider-flow.ts';

let double: TestIdentityProvider;
beforeAll(async () => {
  double = await startIdentityProvider();
});
afterAll(() => double.stop());

/** What a provider that lies gets: its answer, or the rule that the log names. */
async function outcome(
  lies: Lies,
  entry: Partial<IdentityProvider> = {},
): Promise<{ readonly answer?: unknown; readonly rule?: string }> {
  double.lies = lies;
  const seen: string[] = [];
  double.lies = {
    ...lies,
    tokens: (body) => {
      for (const value of Object.values(body)) if (typeof value === 'string') seen.push(value);
      return lies.tokens?.(body) ?? body;
    },
  };
  const party = createTestRelyingParty([double.entry(entry)]);
  try {
    return { answer: await signInAt(party, double) };
  } catch (error) {
    // A cause would quote what was sent.
    expect([error, (error as Error).cause]).toMatchObject([
      { code: 'PROVIDER_REFUSED' },
      undefined,
    ]);
    const log = party.logLines.join('\n');
    expect(party.logLines).toHaveLength(1);
    const { event, provider, rule } = JSON.parse(log);
    expect({ event, provider }).toEqual({
      event: 'identity.provider_refused',
      provider: 'double',
    });
    // ID-18: neither what it gave out nor what it was asked with.
    const form = double.forms.at(-1);
    const asked = double.requests.at(-1);
    for (const secret of [...seen, ...(form?.values() ?? []), asked?.state, asked?.nonce])
      if (secret && secret.length > 20) expect(log).not.toContain(secret);
    return { rule };
  } finally {
    double.lies = {};
    double.onlyInUserinfo = [];
  }
}

/** Whether each is refused by its rule. */
async function refuse([, lies, rule]: Hostile): Promise<void> {
  expect((await outcome(lies(double))).rule).toMatch(rule);
}

const now = () => Math.floor(Date.now() / 1000);

describe('ID-4 an ID token', () => {
  it.each(hostileTokens)('is refused %s', (...hostile) => refuse(hostile));

  it.each<[string, () => Lies]>([
    ['for one audience of a list', () => claims({ aud: ['latchkey'] })],
    ['for two audiences with our azp', () => claims({ aud: ['latchkey', 'x'], azp: 'latchkey' })],
    ['of nine minutes ago', () => claims({ iat: now() - 540 })],
    ['over since a moment', () => claims({ exp: now() - 20 })],
    ['signed by the one key without a name', () => ({ header: ({ alg }) => ({ alg }) })],
    [
      'signed by the second key',
      () => ({ jwks: () => ({ keys: [elliptic.publicJwk, double.key.publicJwk] }) }),
    ],
  ])('is taken %s', async (_what, lies) => {
    expect((await outcome(lies())).answer).toMatchObject({ subject: 'ada' });
  });
});

describe('a subject', () => {
  it.each(hostileSubjects)('ID-6, ADV-70 is refused: %s', (...hostile) => refuse(hostile));

  it('ID-6 has 255 characters at most, each as it came', async () => {
    for (const sub of ['s'.repeat(255), ' Ada|7 ', '0', 'null'])
      expect((await outcome(claims({ sub }))).answer).toMatchObject({ subject: sub });
  });
});

describe('what the browser brings back', () => {
  it.each(hostileCallbacks)('is refused: %s', (...hostile) => refuse(hostile));

  it('ID-1 ID-3 spends no code where the state or the issuer is another', async () => {
    const before = double.forms.length;
    await outcome(set('state', 'another'));
    await outcome(set('iss', 'https://evil.example'));
    expect(double.forms).toHaveLength(before);
  });

  it('ID-1 shows the provider the verifier of the challenge', async () => {
    await outcome({});
    expect(double.requests.at(-1)?.codeChallenge).toMatch(/^[\w-]{43}$/);
    expect(double.forms.at(-1)?.get('code_verifier')).toMatch(/^[\w-]{43}$/);
  });
});

describe('userinfo', () => {
  it.each(hostileUserinfo)('ID-5, ADV-63 is refused %s', (...hostile) => {
    double.onlyInUserinfo = ['email', 'email_verified'];
    return refuse(hostile);
  });

  it('ID-5 of the same subject is taken', async () => {
    double.onlyInUserinfo = ['email', 'email_verified'];
    expect((await outcome({})).answer).toMatchObject({ email: 'ada@example.com' });
  });

  it('ID-7 is the source of both the address and its proof, or of neither', async () => {
    double.onlyInUserinfo = ['email'];
    const unproved = { userinfo: ({ email_verified: _, ...own }: Json) => own };
    // The ID token says `email_verified: true` of an address that it does not name.
    expect((await outcome(unproved, { trustEmail: true })).answer).toMatchObject({
      email: 'ada@example.com',
      emailVerified: false,
    });
  });
});

describe('a token endpoint', () => {
  it.each(hostileTokenEndpoints)('is refused %s', (...hostile) => refuse(hostile));
});

describe('a discovery document', () => {
  it.each(hostileDocuments)('is refused %s', async (...hostile) => {
    const before = double.forms.length;
    await refuse(hostile);
    expect(double.forms).toHaveLength(before);
  });
});
