import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMetrics, formatMetrics, type Metrics } from '../../observability/metrics.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { meQuery } from '../../testing/client.ts';
import { countOf, parseMetricsPage } from '../../testing/metrics-page.ts';
import { goodPassword, registerPerson, signIn } from '../../testing/people.ts';
import { type MetricsListener, openMetricsListener } from './metrics.listener.ts';

let metrics: Metrics;
let server: TestServer;
let listener: MetricsListener;
beforeAll(async () => {
  metrics = await createMetrics();
  server = await startTestServer({ metrics });
  const page = async () => formatMetrics([await metrics.snapshot()]);
  listener = await openMetricsListener({ host: '127.0.0.1', port: 0, page });
});
afterAll(async () => {
  await listener.close();
  await server.stop();
});

const scrape = async (): Promise<string> =>
  (await fetch(`http://127.0.0.1:${listener.port}/metrics`)).text();

describe('the metrics page', () => {
  it('CF-7 is not on the public port, and its own port has nothing else', async () => {
    expect((await fetch(`${server.url}/metrics`)).status).toBe(404);
    const own = `http://127.0.0.1:${listener.port}`;
    for (const path of ['/', '/graphql', '/livez', '/metricsx', '/metrics/']) {
      expect([path, (await fetch(own + path)).status]).toEqual([path, 404]);
    }
    const posted = await fetch(`${own}/metrics`, { method: 'POST', body: 'x' });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('CF-7 discloses no version, name, address or number of users', async () => {
    const person = await registerPerson(server);
    const page = await scrape();
    expect(page).not.toMatch(/version|users|\d+\.\d+\.\d+/i);
    expect(page).not.toContain(process.version);
    expect(page).not.toContain(person.email);
    expect(page).not.toContain(person.id);
  });

  it('is Prometheus text, also to its own parser where it is installed', async () => {
    const page = await scrape();
    const families = parseMetricsPage(page);
    expect(families.size).toBeGreaterThan(30);
    for (const [name, family] of families) expect([name, family.help]).not.toEqual([name, '']);
    const promtool = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' });
    if (promtool.error) return;
    // Its only complaint is about names that the library chooses.
    const ours = promtool.stderr.split('\n').filter((line) => line.startsWith('latchkey'));
    expect(ours).toEqual([]);
  });

  it('operation names, aliases, paths and methods of callers make no series', async () => {
    const ask = async (round: number) => {
      for (let count = 0; count < 10; count += 1) {
        const made = `made_up_${round}_${count}`;
        await server.send(`query ${made} { ${made}: me { id } }`);
        await server.send(`query ${made} { ${made} }`);
        await server.send(`query ${made} { me { id } authOptions { registrationOpen } }`);
        await server.send(`query ${made} { __schema { queryType { name } } }`);
        await server.send(`{ __typename } # ${made}`);
        await server.send(`not a document ${made}`);
        await fetch(`${server.url}/${made}`);
        await fetch(`${server.url}/livez`, { method: 'PURGE' }).catch(() => {});
      }
    };
    await ask(1);
    const first = await scrape();
    await ask(2);
    const second = await scrape();
    expect(second).not.toContain('made_up');
    const series = (page: string) =>
      page.split('\n').filter((line) => line.startsWith('latchkey_')).length;
    expect(series(second)).toBe(series(first));
    const counted = (operation: string, outcome: string) =>
      countOf(second, 'latchkey_operations_total', { operation, outcome });
    expect(counted('me', 'ok')).toBeGreaterThanOrEqual(20);
    expect(counted('several', 'ok')).toBe(20);
    expect(counted('introspection', 'ok')).toBe(20);
    expect(counted('unknown', 'GRAPHQL_VALIDATION_FAILED')).toBe(20);
    expect(counted('unknown', 'GRAPHQL_PARSE_FAILED')).toBe(20);
    expect(counted('unknown', 'ok')).toBe(20);
    expect(
      countOf(second, 'latchkey_http_requests_total', { route: 'none', status: '404' }),
    ).toBeGreaterThanOrEqual(20);
  });

  it('counts sign-ins, error data, bearer refusals, and each request once', async () => {
    const before = await scrape();
    const person = await registerPerson(server);
    await signIn(server, person);
    await server.mutate('login', { email: person.email, password: 'not the password 1' });
    await server.send(meQuery, {}, { token: 'nonsense' });
    const after = await scrape();
    const grown = (name: string, labels: Record<string, string>) =>
      countOf(after, name, labels) - countOf(before, name, labels);
    expect(grown('latchkey_operations_total', { operation: 'login', outcome: 'ok' })).toBe(1);
    expect(
      grown('latchkey_operations_total', { operation: 'login', outcome: 'INVALID_CREDENTIALS' }),
    ).toBe(1);
    expect(
      grown('latchkey_operations_total', { operation: 'me', outcome: 'UNAUTHENTICATED' }),
    ).toBe(1);
    expect(grown('latchkey_operation_duration_seconds_count', { operation: 'login' })).toBe(2);
    expect(grown('latchkey_logins_total', { outcome: 'wrong_password' })).toBe(1);
    // The registration's own session, and the sign-in.
    expect(grown('latchkey_logins_total', { outcome: 'success' })).toBe(2);
    expect(
      grown('latchkey_http_requests_total', { route: '/graphql', method: 'POST', status: '401' }),
    ).toBe(1);
  });

  it('shows reuse of a refresh token, and limits that were reached', async () => {
    const strict = await startTestServer({
      clock: server.clock,
      database: server.database,
      mailbox: server.mailbox,
      metrics: { ...metrics, watch: () => {} },
      config: {
        rateLimitMultiplier: 1,
        rateLimits: { 'login:address': { limit: 2, window: 900 } },
      },
    });
    const person = await registerPerson(server);
    const next = await server.mutate('refreshSession', { refreshToken: person.refreshToken });
    await server.mutate('refreshSession', { refreshToken: next.refreshToken });
    server.clock.advance(60);
    await server.mutate('refreshSession', { refreshToken: person.refreshToken });
    for (let count = 0; count < 4; count += 1) {
      await strict.mutate('login', { email: person.email, password: goodPassword });
    }
    const page = await scrape();
    expect(countOf(page, 'latchkey_refresh_reuse_total')).toBe(1);
    const trips = countOf(page, 'latchkey_limit_trips_total', { budget: 'login:address' });
    expect(trips).toBeGreaterThanOrEqual(2);
    expect(
      countOf(page, 'latchkey_security_events_total', {
        type: 'refresh.reused',
        outcome: 'FAILURE',
      }),
    ).toBe(1);
    expect(
      countOf(page, 'latchkey_operations_total', { operation: 'login', outcome: 'RATE_LIMITED' }),
    ).toBe(trips);
    await strict.stop();
  });

  it('shows waiting mail, the pool, the hash queue and event loop lag', async () => {
    const page = await scrape();
    const families = parseMetricsPage(page);
    for (const name of [
      'latchkey_outbox_waiting',
      'latchkey_outbox_oldest_seconds',
      'nodejs_eventloop_lag_p99_seconds',
    ]) {
      expect([name, families.get(name)?.samples.length]).toEqual([name, 1]);
    }
    expect(countOf(page, 'latchkey_hashes_width')).toBeGreaterThanOrEqual(1);
    expect(countOf(page, 'latchkey_pool_size')).toBeGreaterThanOrEqual(1);
    expect(countOf(page, 'latchkey_processes')).toBeGreaterThanOrEqual(1);
  });
});
