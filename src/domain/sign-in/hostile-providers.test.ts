import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IdentityProvider } from '../../config/identity-providers.ts';
import { auditEvents } from '../../db/tables/audit-events.ts';
import { identities } from '../../db/tables/identities.ts';
import { sessions } from '../../db/tables/sessions.ts';
import { users } from '../../db/tables/users.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { createTestClock } from '../../testing/clock.ts';
import {
  type Hostile,
  hostileCallbacks,
  hostileDocuments,
  hostileSubjects,
  hostileTokenEndpoints,
  hostileTokens,
  hostileUserinfo,
} from '../../testing/hostile-answers.ts';
import {
  begin,
  goToProvider,
  newVerifier,
  returnTo,
  TestBrowser,
  withProviders,
} from '../../testing/identities.ts';
import {
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../testing/identity-provider.ts';
import { freshAddress } from '../../testing/people.ts';

// Each case has a provider of its own, all of them one double: what was discovered is not shared.
const cases = [
  ...hostileTokens,
  ...hostileSubjects,
  ...hostileCallbacks,
  ...hostileUserinfo,
  ...hostileTokenEndpoints,
  ...hostileDocuments,
].map((hostile, index) => [hostile[0], `case-${index}`, hostile] as const);
const isAtDiscovery = ([, , hostile]: (typeof cases)[number]): boolean =>
  hostileDocuments.includes(hostile) || /no algorithm/.test(hostile[2].source);
const atDiscovery = cases.filter(isAtDiscovery);
const afterDiscovery = cases.filter((each) => !isAtDiscovery(each));

const refusedAt = `${returnTo}#error=PROVIDER_REFUSED`;

let double: TestIdentityProvider;
let server: TestServer;
beforeAll(async () => {
  const clock = createTestClock();
  double = await startIdentityProvider({ clock });
  const entries: IdentityProvider[] = cases.map(([, id]) =>
    double.entry({ id, trustEmail: true, linking: 'verified' }),
  );
  server = await startTestServer({ clock, config: withProviders(entries) });
});
afterAll(async () => {
  await server.stop();
  await double.stop();
});

/** What happens to a browser that comes back from a provider that lies. */
async function comeBack(id: string, [what, lies]: Hostile) {
  const email = freshAddress();
  double.user = { sub: email, email, email_verified: true, name: 'Ada' };
  double.lies = lies(double);
  const isUserinfo = hostileUserinfo.some(([each]) => each === what);
  double.onlyInUserinfo = isUserinfo ? ['email', 'email_verified'] : [];
  const browser = new TestBrowser(server);
  const begun = await begin(server, { providerId: id });
  const { callback } = await goToProvider(double, browser, begun);
  return { callback, answer: await browser.open(callback) };
}

/** Users, their identities and their sessions. */
async function counts(): Promise<number[]> {
  const { db } = server.app;
  const rows = [
    await db.select({ id: users.id }).from(users),
    await db.select({ id: identities.id }).from(identities),
    await db.select({ id: sessions.id }).from(sessions),
  ];
  return rows.map(({ length }) => length);
}

describe('a provider that lies', () => {
  it.each(afterDiscovery)('ID-4 signs no one in: %s', async (what, id, hostile) => {
    const { callback, answer } = await comeBack(id, hostile);
    const [state, ...others] = new URL(callback).searchParams.getAll('state');
    // Which flow it is cannot be said: no app is told.
    const isOurs = /^[\w-]{43}$/.test(state ?? '') && others.length === 0;
    expect(isOurs).toBe(!/states?$/.test(what));
    if (isOurs) expect(answer).toMatchObject({ status: 303, location: refusedAt });
    else expect(answer).toMatchObject({ status: 400, location: '' });
    // A second time, there is no such flow any more.
    expect(await new TestBrowser(server).open(callback)).toMatchObject({ status: 400 });
    expect(await counts()).toEqual([0, 0, 0]);
  });

  it.each(atDiscovery)('ID-4 is not even visited: %s', async (_what, id, hostile) => {
    double.lies = hostile[1](double);
    const before = double.requests.length;
    const { codeChallenge } = newVerifier();
    expect(
      await server.mutate('startIdentityLogin', { providerId: id, returnTo, codeChallenge }),
    ).toMatchObject({ code: 'PROVIDER_REFUSED' });
    expect(double.requests).toHaveLength(before);
  });

  it('ID-18 stands in the log and the trail with no secret of the flow', async () => {
    const [what, id] = afterDiscovery[0] ?? ['', ''];
    const { callback } = await comeBack(id, [what, () => ({}), /./]);
    const log = server.logLines.join('\n');
    const trail = JSON.stringify(await server.app.db.select().from(auditEvents));
    expect(trail).toContain('identity.login_failed');
    const secrets = double.forms.flatMap((form) => [
      ...['code', 'code_verifier', 'client_secret'].map((name) => form.get(name)),
    ]);
    const asked = double.requests.flatMap(({ state, nonce }) => [state, nonce]);
    for (const secret of [...secrets, ...asked, new URL(callback).searchParams.get('code')]) {
      if (!secret || secret.length < 20) continue;
      expect(log).not.toContain(secret);
      expect(trail).not.toContain(secret);
    }
  });
});
