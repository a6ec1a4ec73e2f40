import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMetrics, formatMetrics, type Metrics } from '../../observability/metrics.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { type Authenticator, enrolTotp } from '../../testing/authenticator.ts';
import { countOf } from '../../testing/metrics-page.ts';
import { freshAddress, goodPassword, type Person, registerPerson } from '../../testing/people.ts';

const wrong = { code: 'INVALID_OR_EXPIRED_CODE' };

describe('X-13 wrong codes of many accounts', () => {
  let server: TestServer;
  let metrics: Metrics;
  let person: Person;
  let phone: Authenticator;

  /** One wrong code at each operation that takes one; each at another account where it can be. */
  const doors: Record<string, () => Promise<{ code?: string }>> = {
    'a sign-in by code at an address without an account': async () => {
      const { id } = await server.mutate('requestLoginCode', { email: freshAddress() });
      return server.mutate('verifyOtp', { challengeId: id, code: '000000' });
    },
    'a registration': async () => {
      const input = { email: freshAddress(), password: goodPassword };
      const { id } = await server.mutate('register', input);
      const code = phone.wrongCode();
      return server.mutate('verifyOtp', { challengeId: id, code });
    },
    'an authenticator app': async () => {
      const { id } = await server.mutate('login', {
        email: person.email,
        password: person.password,
      });
      return server.mutate('verifyOtp', { challengeId: id, code: phone.wrongCode() });
    },
    'a recovery code': async () => {
      const { id } = await server.mutate('login', {
        email: person.email,
        password: person.password,
      });
      return server.mutate('verifyOtp', { challengeId: id, code: '0000-0000-0000-0000' });
    },
    'a step-up by mail': async () => {
      const sender = { token: person.accessToken };
      const { id } = await server.mutate('reauthenticate', {}, sender);
      const right = await server.nextCode(person.email);
      const code = right === '000000' ? '111111' : '000000';
      return server.mutate('verifyOtp', { challengeId: id, code }, sender);
    },
    'a change of address': async () => {
      const sender = { token: (await registerPerson(server)).accessToken };
      const newEmail = freshAddress();
      const { id } = await server.mutate('requestEmailChange', { newEmail }, sender);
      const right = await server.nextCode(newEmail);
      const code = right === '000000' ? '111111' : '000000';
      return server.mutate('confirmEmailChange', { challengeId: id, code }, sender);
    },
    'a change of factors': () =>
      server.mutate('disableTotp', { code: phone.wrongCode() }, { token: person.accessToken }),
  };
  const names = Object.keys(doors);

  beforeAll(async () => {
    metrics = await createMetrics();
    // Room for all but the last, before the multiplier of a thousand that the tests have.
    const limit = (names.length - 1) / 1000;
    server = await startTestServer({
      metrics,
      config: { rateLimits: { 'otp:failures': { limit, window: 900 } } },
    });
    person = await registerPerson(server);
    ({ phone } = await enrolTotp(server, person));
  });
  afterAll(() => server.stop());

  const warnings = () => server.logLines.filter((line) => line.includes('"budget":"otp:failures"'));

  it.each(names.slice(0, -1))('X-13 are counted: %s', async (name) => {
    expect(await doors[name]?.()).toMatchObject(wrong);
    expect(warnings()).toEqual([]);
  });

  it('X-13 past the budget of the whole server the log warns and a metric counts', async () => {
    const last = names.at(-1) ?? '';
    for (let time = 0; time < 2; time += 1) expect(await doors[last]?.()).toMatchObject(wrong);
    expect(warnings()).toHaveLength(1);
    const page = await formatMetrics([await metrics.snapshot()]);
    expect(countOf(page, 'latchkey_limit_trips_total', { budget: 'otp:failures' })).toBe(2);
  });

  it('X-13 nothing is refused for it: the right code of another account signs in', async () => {
    expect((await registerPerson(server)).accessToken).toMatch(/^ey/);
  });
});
