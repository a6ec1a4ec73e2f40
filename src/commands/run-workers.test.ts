import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { mutate } from '../testing/client.ts';
import { productionEnvironment, runCommand, strongKey } from '../testing/command-line.ts';
import { countOf, parseMetricsPage } from '../testing/metrics-page.ts';
import { type Person, registerPerson } from '../testing/people.ts';
import { type ServerProcess, startProcess } from '../testing/processes.ts';
import { rawSql } from '../testing/raw-sql.ts';

let server: TestServer;
let sql: ReturnType<typeof rawSql>;
let env: Record<string, string>;
beforeAll(async () => {
  server = await startTestServer({ config: { secretKeys: [strongKey] } });
  sql = rawSql(server);
  env = { ...productionEnvironment(server), RATE_LIMIT_MULTIPLIER: '10000', SHUTDOWN_DELAY: '0s' };
});
afterAll(async () => {
  await sql.end();
  await server.stop();
});

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What a client does after losing its connection: it repeats the request, here or elsewhere. */
async function untilAnswered<T>(ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T> {
  let last: unknown;
  for (let tries = 0; tries < 1000; tries += 1) {
    try {
      const answer = await ask();
      if (fits(answer)) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    await pause(10);
  }
  throw new Error('There was no answer that fits.', { cause: last });
}

describe('two workers', { timeout: 180_000 }, () => {
  let processes: ServerProcess;
  const running: ServerProcess[] = [];
  let people: Person[];
  let fresh: Person[];
  const register = (count: number) =>
    Promise.all(Array.from({ length: count }, () => registerPerson(server)));
  beforeAll(async () => {
    // Set before the processes start: they read mail from the same outbox and have no transport for
    // it.
    [people, fresh] = [await register(8), await register(16)];
    processes = await startProcess({ ...env, WORKERS: '2', SHUTDOWN_DELAY: '1s' });
    running.push(processes);
  }, 300_000);
  afterAll(async () => {
    for (const { signal, ended } of running) {
      signal('SIGKILL');
      await ended;
    }
  });
  const workers = () =>
    processes.lines.filter(({ event }) => event === 'worker.started').map(({ pid }) => Number(pid));
  const scrape = async () => (await fetch(processes.metricsUrl)).text();

  it('share one metrics page with the numbers of both', async () => {
    for (const person of people)
      await mutate(processes.url, 'refreshSession', { refreshToken: person.refreshToken });
    const page = await scrape();
    expect(parseMetricsPage(page).size).toBeGreaterThan(20);
    expect(countOf(page, 'latchkey_processes')).toBe(2);
    expect(
      countOf(page, 'latchkey_operations_total', { operation: 'refreshSession', outcome: 'ok' }),
    ).toBe(8);
    expect((await fetch(`${processes.url}/metrics`)).status).toBe(404);
  });

  it('AV-5 kill -9 of one under load loses no acknowledged change and is replaced', async () => {
    const acknowledged = new Map<string, number>();
    let stopping = false;
    const write = async (person: Person): Promise<void> => {
      for (let number = 1; !stopping; number += 1) {
        const { accessToken: token } = person;
        await untilAnswered(
          () => mutate(processes.url, 'updateProfile', { name: `Change ${number}` }, { token }),
          (answer) => answer.__typename === 'User',
        );
        acknowledged.set(person.id, number);
      }
    };
    const counts = () => people.map(({ id }) => acknowledged.get(id) ?? 0);
    const load = people.map(write);
    await expect.poll(() => Math.min(...counts()), { timeout: 60_000 }).toBeGreaterThan(3);
    const before = await scrape();
    const [victim, survivor] = workers();
    if (!victim || !survivor) throw new Error('There are not two workers.');
    process.kill(victim, 'SIGKILL');
    const atKill = counts();
    await processes.waitForLines(3, ({ event }) => event === 'worker.started');
    // Waits for every client, also those whose connection broke.
    await expect
      .poll(() => counts().every((count, index) => count > (atKill[index] ?? 0) + 3), {
        timeout: 60_000,
      })
      .toBe(true);
    stopping = true;
    await Promise.all(load);

    const rows = await sql`select id, name from users`;
    const names = new Map(rows.map(({ id, name }) => [id, name]));
    expect(people.map(({ id }) => names.get(id))).toEqual(
      people.map(({ id }) => `Change ${acknowledged.get(id)}`),
    );
    // Each change has its audit row; one whose answer was lost may have two.
    const [audited] =
      await sql`select count(*)::int as count from audit_events where type = 'profile.updated'`;
    expect(audited?.['count']).toBeGreaterThanOrEqual(
      counts().reduce((sum, count) => sum + count, 0),
    );

    const ended = processes.lines.filter(({ event }) => event === 'worker.ended');
    expect(ended).toEqual([expect.objectContaining({ pid: victim, signal: 'SIGKILL' })]);
    expect(() => process.kill(survivor, 0)).not.toThrow();
    const after = await scrape();
    const updates = { operation: 'updateProfile', outcome: 'ok' };
    expect(countOf(after, 'latchkey_operations_total', updates)).toBeGreaterThanOrEqual(
      countOf(before, 'latchkey_operations_total', updates),
    );
    expect(countOf(after, 'latchkey_worker_restarts_total')).toBe(1);
    expect(countOf(after, 'latchkey_processes')).toBe(2);
  });

  it('AV-5 a connection passed to a worker that dies is closed, for a retry', async () => {
    const victim = workers().at(-1);
    if (!victim) throw new Error('There is no worker.');
    const begun = processes.lines.filter(({ event }) => event === 'worker.started').length;
    process.kill(victim, 'SIGSTOP');
    const { port } = new URL(processes.url);
    const request = 'GET /livez HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n';
    // Every second connection goes to the other worker; one is passed to this worker and never
    // accepted.
    const sockets = Array.from({ length: 4 }, () => {
      const socket = connect(Number(port), '127.0.0.1');
      return socket.once('connect', () => socket.write(request));
    });
    const closed = sockets.map((socket) => {
      socket.resume().on('error', () => {});
      return new Promise((resolve) => socket.once('close', resolve));
    });
    await pause(500);
    const unanswered = sockets.filter((socket) => !socket.closed).length;
    // Before any assertion: a stopped process would outlive the test.
    process.kill(victim, 'SIGKILL');
    expect(unanswered).toBeGreaterThan(0);
    await Promise.race([
      Promise.all(closed),
      pause(5000).then(() => {
        throw new Error('A client was left without an end.');
      }),
    ]);
    await processes.waitForLines(begun + 1, ({ event }) => event === 'worker.started');
  });

  it('AV-5 SIGTERM in a refresh burst leaves each client exactly one working token', async () => {
    // The address that clients retry at; its clock stands still, and the processes use real time.
    const elsewhere = server.url;
    const held = new Map<string, string>();
    let gone = false;
    let rounds = 0;
    const refresh = (url: string, refreshToken: string) =>
      mutate(url, 'refreshSession', { refreshToken });
    const burst = fresh.map(async (person) => {
      held.set(person.id, person.refreshToken);
      while (!gone) {
        const token = held.get(person.id) ?? '';
        let url = processes.url;
        const tokens = await untilAnswered(
          () =>
            refresh(url, token).catch((error: unknown) => {
              url = elsewhere;
              throw error;
            }),
          (answer) => typeof answer.__typename === 'string',
        );
        if (tokens.__typename !== 'AuthTokens')
          throw new Error(`refreshSession answered ${tokens.code}`);
        held.set(person.id, tokens.refreshToken);
        rounds += 1;
      }
    });
    await expect.poll(() => rounds, { timeout: 60_000 }).toBeGreaterThan(32);
    processes.signal('SIGTERM');

    // Not ready while it still serves.
    const notReady = await untilAnswered(
      () => fetch(`${processes.url}/readyz`),
      (answer) => answer.status === 503,
    );
    expect(notReady.headers.get('connection')).toBe('close');
    const stillServed = await fetch(`${processes.url}/livez`);
    expect(stillServed.status).toBe(200);

    expect(await processes.ended).toEqual({ status: 0, signal: null });
    await expect(fetch(`${processes.url}/livez`)).rejects.toThrow();
    gone = true;
    await Promise.all(burst);

    server.clock.set(new Date());
    for (const { id } of fresh) {
      const answer = await refresh(elsewhere, held.get(id) ?? '');
      expect(answer.__typename).toBe('AuthTokens');
    }
    const ids = fresh.map(({ id }) => id);
    const living =
      await sql`select user_id from sessions where user_id = any(${ids}) and revoked_at is null`;
    expect(living.map(({ user_id }) => user_id).sort()).toEqual(ids.sort());
    const [reused] =
      await sql`select count(*)::int as count from audit_events where type = 'refresh.reused'`;
    expect(reused?.['count']).toBe(0);
  });
});

describe('two workers with a replica that does not answer', { timeout: 180_000 }, () => {
  it('X-38 say on their page that it is endlessly behind', async () => {
    const processes = await startProcess({
      ...env,
      WORKERS: '2',
      DATABASE_REPLICA_URLS: 'postgres://u:p@127.0.0.1:1/x?sslmode=disable',
    });
    await processes.waitForLines(2, ({ event }) => event === 'worker.started');
    const page = await (await fetch(processes.metricsUrl)).text();
    processes.signal('SIGKILL');
    await processes.ended;
    expect(countOf(page, 'latchkey_processes')).toBe(2);
    expect(page).toMatch(/^latchkey_replica_lag_seconds\{replica="1"\} \+Inf$/m);
  });
});

describe('a process', { timeout: 300_000 }, () => {
  it('AV-5 exits by its deadline, whatever is still in flight', async () => {
    const single = await startProcess({ ...env, SHUTDOWN_DEADLINE: '1s' });
    const stuck = fetch(`${single.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new ReadableStream({
        start: (stream) => stream.enqueue(new TextEncoder().encode('{"query":')),
      }),
      duplex: 'half',
    }).catch(() => 'broken');
    await pause(200);
    single.signal('SIGTERM');
    expect(await single.ended).toEqual({ status: 1, signal: null });
    expect(single.lines.at(-1)).toMatchObject({ event: 'server.stopped', reason: 'deadline' });
    expect(await stuck).toBe('broken');
  });

  it('that cannot start says so, exits with 1, and is not restarted endlessly', async () => {
    const url = new URL(env['DATABASE_URL'] ?? '');
    url.port = '1';
    const { status, stdout } = await runCommand(['start'], {
      env: { ...env, WORKERS: '2', DATABASE_URL: url.href, MIGRATE_ON_START: 'false' },
    });
    expect([status, stdout]).toEqual([1, expect.stringContaining('No worker could start.')]);
  });
});
