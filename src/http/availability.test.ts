import { rm, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openPostgres } from '../db/driver/client.ts';
import { listSigningKeys } from '../db/queries/signing-keys.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { type Answer, meQuery } from '../testing/client.ts';
import type { TestDatabase } from '../testing/database.ts';
import { goodPassword, type Person, registerPerson, signIn } from '../testing/people.ts';
import { openSocket, sendRaw } from '../testing/raw-request.ts';
import { lookInto, rawSql } from '../testing/raw-sql.ts';
import { selfSigned } from '../testing/self-signed.ts';
import { startTcpGate } from '../testing/tcp-gate.ts';

/** Another pool on a server's database, with its own limits. */
function anotherPool(
  server: TestServer,
  options: { connections: number; port?: number; patience?: number },
): TestDatabase {
  const url = new URL(server.database.url ?? '');
  if (options.port !== undefined) url.port = String(options.port);
  const database = openPostgres({
    url: url.href,
    maxConnections: options.connections,
    applicationName: 'latchkey-test-small',
    statementTimeoutMs: 60_000,
    acquireTimeoutMs: options.patience ?? 500,
  });
  return { database, url: url.href, drop: () => database.close() };
}

const overloaded = (answer: {
  status: number;
  headers: Headers;
  errors: { extensions: { code: string } }[];
}) => {
  expect(answer.status).toBe(503);
  expect(answer.errors[0]?.extensions.code).toBe('OVERLOADED');
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
};

describe('the pool', () => {
  it('AV-2 with two connections serves fifty sign-ins: none is held during a hash', async () => {
    const server = await startTestServer();
    const person = await registerPerson(server);
    const pool = anotherPool(server, { connections: 2, patience: 60_000 });
    const small = await startTestServer({
      database: pool,
      clock: server.clock,
      server: { deadline: 120_000 },
    });
    const { hasher } = small.app;
    let arrived = 0;
    let hashNow = (): void => {};
    const allowed = new Promise<void>((resolve) => {
      hashNow = resolve;
    });
    const verify: typeof hasher.verify = async (...input) => {
      arrived += 1;
      await allowed;
      return hasher.verify(...input);
    };
    Object.assign(small.app, { hasher: { ...hasher, verify } });
    const answers = Array.from({ length: 50 }, () =>
      small.send('mutation M($i: LoginInput!) { login(input: $i) { __typename } }', {
        i: { email: person.email, password: goodPassword },
      }),
    );
    // If one of them held a connection here, the third could not have come this far.
    await expect.poll(() => arrived, { timeout: 60_000 }).toBe(50);
    hashNow();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    const signedIn = statuses.filter((status) => status === 200);
    // The hash semaphore refuses some.
    expect(signedIn.length + statuses.filter((status) => status === 503).length).toBe(50);
    expect(signedIn.length).toBeGreaterThanOrEqual(3);
    for (const { status, data } of await Promise.all(answers)) {
      if (status === 200) expect(data.login.__typename).toBe('AuthTokens');
    }
    await small.stop();
    await pool.drop();
    await server.stop();
  });

  it('AV-2 X-2 a sign-in that the semaphore refuses is counted by address alone', async () => {
    const server = await startTestServer({ bcryptCost: 11 });
    const { hasher } = server.app;
    // More than the semaphore's queue holds: the rest are refused here.
    const hashes = Promise.allSettled(Array.from({ length: 100 }, () => hasher.hash(goodPassword)));
    const input = { email: 'a@example.com', password: goodPassword };
    const [login, registration] = await Promise.all([
      server.mutate('login', input),
      server.mutate('register', input),
    ]);
    overloaded(login);
    overloaded(registration);
    // Each in its address and that one's /24; no account, and nothing else was asked of the
    // database.
    expect(await lookInto(server, (sql) => sql`select * from rate_limits`)).toHaveLength(4);
    expect(await lookInto(server, (sql) => sql`select * from users`)).toHaveLength(0);
    await hashes;
    expect((await registerPerson(server)).id).toBeTruthy();
    await server.stop();
  });

  it('AV-3 X-31 exhausted, fails fast, is named in the log alone, and recovers', async () => {
    const server = await startTestServer();
    const person = await registerPerson(server);
    const pool = anotherPool(server, { connections: 2 });
    const small = await startTestServer({
      database: pool,
      clock: server.clock,
      server: { deadline: 120_000 },
    });
    const sql = rawSql(server);
    const lock = await sql.reserve();
    await lock`begin`;
    await lock`lock table users in access exclusive mode`;
    // Two that wait for the lock hold both connections.
    const stuck = [1, 2].map(() => small.send(meQuery, {}, { token: person.accessToken }));
    const waiting = async (): Promise<number> => {
      const [row] = await sql<{ count: number }[]>`
        select count(*)::int from pg_stat_activity
        where application_name = 'latchkey-test-small' and wait_event_type = 'Lock'`;
      return row?.count ?? 0;
    };
    await expect.poll(waiting, { timeout: 60_000 }).toBe(2);
    // Answered while both still wait: the pool's time limit is half a second here.
    const refused = await Promise.all([
      small.mutate('login', { email: person.email, password: goodPassword }),
      small.send(meQuery, {}, { token: person.accessToken }),
    ]);
    for (const answer of refused) {
      overloaded(answer);
      expect(answer.text).not.toMatch(/pool|connection|postgres/i);
    }
    const plain = await fetch(`${small.url}/verify`, {
      headers: { authorization: `Bearer ${person.accessToken}` },
    });
    expect(plain.status).toBe(503);
    expect(plain.headers.get('retry-after')).toBe('1');
    const faults = () =>
      small.logLines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error');
    // On a busy machine the processor may have been short, too.
    for (const { msg } of faults()) expect(msg).toMatch(/connection of the pool|processor was/);
    expect(faults().map(({ operation, route }) => operation ?? route)).toEqual(
      expect.arrayContaining(['login', 'me', '/verify']),
    );
    const late = small.send(meQuery, {}, { token: person.accessToken });
    // Nothing else runs meanwhile, as on a machine without a processor to spare.
    for (const until = performance.now() + 1500; performance.now() < until; );
    overloaded(await late);
    expect(faults().at(-1)?.msg).toMatch(/^The processor was short: .* for \d{4,} ms\./);
    await lock`rollback`;
    lock.release();
    await Promise.all(stuck);
    expect((await signIn(small, person)).id).toBe(person.id);
    await sql.end();
    await small.stop();
    await pool.drop();
    await server.stop();
  });
});

describe('an operation', () => {
  const slow: Readonly<Record<string, (server: TestServer, person: Person) => Promise<Answer>>> = {
    // The sign-in reaches its session, in an open transaction.
    login: (server, { email }) => server.mutate('login', { email, password: goodPassword }),
    // One statement, which may be batched with others.
    refreshSession: (server, { refreshToken }) => server.mutate('refreshSession', { refreshToken }),
  };

  it.each(Object.keys(slow))(
    'GQ-15 past its deadline is answered, cancelled, and does nothing more: %s',
    async (field) => {
      const server = await startTestServer();
      const { database, clock } = server;
      const hasty = await startTestServer({ database, clock, server: { deadline: 700 } });
      const person = await registerPerson(server);
      const sql = rawSql(server);
      const before = await sql`select * from sessions order by id`;
      const lock = await sql.reserve();
      await lock`begin`;
      await lock`lock table sessions in exclusive mode`;
      const ask = slow[field];
      if (!ask) throw new Error(`There is no ${field}.`);
      // Answered while the lock is held that its statement waits for.
      overloaded(await ask(hasty, person));
      const busy = async (): Promise<string[]> => {
        // Not by the connection with the lock: a transaction sees the same activity until its end.
        const rows = await sql<{ query: string }[]>`
          select query from pg_stat_activity
          where datname = current_database()
            and application_name = 'latchkey-test' and state <> 'idle'`;
        return rows.map(({ query }) => query);
      };
      // Before its own time is over, which is fifteen seconds in tests.
      await expect.poll(busy, { timeout: 12_000 }).toEqual([]);
      await lock`rollback`;
      lock.release();
      await sleep(300);
      expect(await sql`select * from sessions order by id`).toEqual(before);
      expect(hasty.logLines.filter((line) => line.includes('operation.late'))).toHaveLength(1);
      expect((await signIn(server, person)).id).toBe(person.id);
      // Past the grace window in which a used token could be used again.
      server.clock.advance(60);
      const { refreshToken } = person;
      expect(await server.mutate('refreshSession', { refreshToken })).toMatchObject({
        __typename: 'AuthTokens',
      });
      await sql.end();
      await hasty.stop();
      await server.stop();
    },
  );

  it('GQ-15 past its deadline starts no further statement', async () => {
    const server = await startTestServer();
    const end = new AbortController();
    const db = server.database.database.during(end.signal);
    expect(await listSigningKeys(db, { now: new Date() })).toHaveLength(1);
    let reached = false;
    const work = db.transaction(async (tx) => {
      await listSigningKeys(tx, { now: new Date() });
      end.abort();
      await listSigningKeys(tx, { now: new Date() });
      reached = true;
    });
    await expect(work).rejects.toMatchObject({ cause: { code: 'OPERATION_OVER' } });
    await expect(listSigningKeys(db, { now: new Date() })).rejects.toMatchObject({
      cause: { code: 'OPERATION_OVER' },
    });
    expect(reached).toBe(false);
    expect(await listSigningKeys(server.app.db, { now: new Date() })).toHaveLength(1);
    await server.stop();
  });
});

describe('a database that goes away', () => {
  it('AV-6 gives generic 503s under load, is not ready, and recovers by itself', async () => {
    const server = await startTestServer();
    const people = await Promise.all([registerPerson(server), registerPerson(server)]);
    const [person] = people;
    const target = new URL(server.database.url ?? '');
    const gate = await startTcpGate({ host: target.hostname, port: Number(target.port) });
    const pool = anotherPool(server, { connections: 5, port: gate.port });
    const fragile = await startTestServer({ database: pool, clock: server.clock });
    const status = async (path: string) => (await fetch(`${fragile.url}${path}`)).status;

    let over = false;
    const seen: { status: number; text: string }[] = [];
    let signIns = 0;
    const load = Array.from({ length: 8 }, async (_, n) => {
      while (!over) {
        const answer =
          n % 2 === 0
            ? await fragile.send(meQuery, {}, { token: person.accessToken })
            : await fragile.send(
                'mutation M($i: LoginInput!) { login(input: $i) { __typename } }',
                {
                  i: { email: person.email, password: goodPassword },
                },
              );
        seen.push({ status: answer.status, text: answer.text });
        if (answer.data?.login) signIns += 1;
        await sleep(5);
      }
    });
    // `npm run bench -- availability` measures how soon.
    const patience = { timeout: 60_000, interval: 50 };
    await expect.poll(() => signIns, patience).toBeGreaterThan(3);
    expect(await status('/readyz')).toBe(200);
    gate.cut();
    await expect.poll(() => status('/readyz'), patience).toBe(503);
    await expect.poll(() => seen.some((answer) => answer.status === 503), patience).toBe(true);
    expect(await status('/livez')).toBe(200);
    gate.open();
    await expect.poll(() => status('/readyz'), patience).toBe(200);
    const before = signIns;
    await expect.poll(() => signIns, patience).toBeGreaterThan(before + 3);
    over = true;
    await Promise.all(load);

    expect(new Set(seen.map((answer) => answer.status))).toEqual(new Set([200, 503]));
    for (const { status: code, text } of seen) {
      if (code === 503) expect(text).toContain('"OVERLOADED"');
      expect(text).not.toMatch(/ECONN|CONNECTION_|postgres|127\.0\.0\.1|select |INTERNAL/i);
    }
    expect((await signIn(fragile, person)).id).toBe(person.id);
    // No half sign-in: there are as many sessions as events about one, and each sign-in's
    // reservation was given back.
    const [halves] = await lookInto(
      server,
      (sql) => sql`
        select (select count(*)::int from sessions) as sessions,
          (select count(*)::int from audit_events where type = 'session.opened') as told,
          (select count(*)::int from audit_events e
            where not exists (select from audit_origins o where o.event_id = e.id)
            and e.subject_id is not null) as half`,
    );
    expect(halves?.['sessions']).toBeGreaterThan(3);
    expect(halves).toMatchObject({ told: halves?.['sessions'], half: 0 });
    await fragile.stop();
    await pool.drop();
    await gate.close();
    await server.stop();
  });
});

describe('slow clients', () => {
  const limits = { headers: 1000, request: 1500, checks: 200 };

  it('AV-4 two hundred that drip bytes are closed, and others are served', async () => {
    const server = await startTestServer({ server: { limits } });
    const head =
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\n' +
      'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n';
    let open = 0;
    let served = 0;
    let over = false;
    // `npm run bench -- availability` measures how soon.
    const others = (async () => {
      while (!over) {
        const answer = await server.send('{ authOptions { otpLength } }');
        expect(answer.status).toBe(200);
        if (open > 0) served += 1;
        await sleep(20);
      }
    })();
    const sockets = await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        const socket = await openSocket(server.url);
        open += 1;
        socket.once('close', () => {
          open -= 1;
        });
        // Some never finish their headers, some their body, some send nothing at all.
        socket.resume();
        if (n % 3 === 0) socket.write(head);
        else if (n % 3 === 1) socket.write('GET /livez HTTP/1.1\r\nHo');
        return socket;
      }),
    );
    const drip = (): number => {
      for (const [n, socket] of sockets.entries())
        if (n % 3 !== 2 && socket.writable) socket.write('a');
      return open;
    };
    await expect.poll(drip, { timeout: 60_000, interval: 200 }).toBe(0);
    over = true;
    await others;
    expect(served).toBeGreaterThan(0);
    await server.stop();
  });

  it('AV-4 the limits are ten seconds for headers and thirty for a request', async () => {
    const server = await startTestServer();
    const { server: node } = server.server.fastify;
    expect(node).toMatchObject({
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      maxConnections: 10_000,
    });
    expect(Reflect.get(node, 'connectionsCheckingInterval')).toBe(2000);
    expect(node.maxRequestsPerSocket).toBe(10_000);
    await server.stop();
  });

  it('AV-4 the number of connections is limited by address, but not of a proxy', async () => {
    const config = { trustedProxies: [] as string[] };
    for (const [trustedProxies, served] of [
      [[], 3],
      [['127.0.0.1'], 10],
    ] as const) {
      const server = await startTestServer({
        config: { ...config, trustedProxies },
        server: { limits: { connectionsPerAddress: 3 } },
      });
      const answers = await Promise.all(
        Array.from({ length: 10 }, () =>
          sendRaw(server.url, 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n', 3000),
        ),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(served);
      const later = await sendRaw(
        server.url,
        'GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      );
      expect(later.status).toBe(200);
      await server.stop();
    }
  });

  it('AV-4 a connection closes after a number of requests', async () => {
    const server = await startTestServer({ server: { limits: { requestsPerConnection: 3 } } });
    const one = 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const { text } = await sendRaw(server.url, one.repeat(5), 10_000);
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(3);
    expect(text).toMatch(/connection: close/i);
    await server.stop();
  });
});

describe('plain http', () => {
  const publicUrl = 'https://auth.example.com';
  const ask = (url: string, headers: Record<string, string>) =>
    fetch(`${url}/graphql`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query: '{ authOptions { otpLength } }' }),
    });

  it('TR-1 is refused, not redirected, when PUBLIC_URL is https, except by proxy', async () => {
    const server = await startTestServer({ config: { publicUrl, trustedProxies: ['127.0.0.1'] } });
    for (const headers of [
      {},
      { 'x-forwarded-proto': 'http' },
      { 'x-forwarded-proto': '' },
      { 'x-forwarded-proto': 'https, http' },
      { 'x-forwarded-proto': 'http, https' },
      { 'x-forwarded-proto': 'httpsx' },
      { forwarded: 'proto=https' },
      { 'x-forwarded-ssl': 'on' },
    ]) {
      const answer = await ask(server.url, headers);
      expect(answer.status).toBe(403);
      expect(answer.headers.get('location')).toBeNull();
      expect(await answer.text()).not.toContain('"data"');
    }
    expect((await ask(server.url, { 'x-forwarded-proto': 'https' })).status).toBe(200);
    expect((await ask(server.url, { 'x-forwarded-proto': 'HTTPS, https' })).status).toBe(200);
    for (const path of ['/.well-known/jwks.json', '/verify', '/']) {
      const { status } = await fetch(`${server.url}${path}`, { redirect: 'manual' });
      expect(status).toBeGreaterThanOrEqual(400);
    }
    for (const path of ['/livez', '/readyz'])
      expect((await fetch(`${server.url}${path}`)).status).toBe(200);
    expect(server.logLines.filter((line) => line.includes('plain_http.refused'))).toHaveLength(1);
    await server.stop();
  });

  it('TR-1 is refused from any untrusted address, whatever its headers say', async () => {
    const server = await startTestServer({ config: { publicUrl, trustedProxies: ['192.0.2.1'] } });
    expect((await ask(server.url, { 'x-forwarded-proto': 'https' })).status).toBe(403);
    await server.stop();
  });

  it('TR-1 a server with its own certificate speaks only TLS 1.2 or newer', async () => {
    const { cert, key } = selfSigned();
    const files = {
      certFile: join(tmpdir(), `cert-${process.pid}.pem`),
      keyFile: join(tmpdir(), `key-${process.pid}.pem`),
    };
    await writeFile(files.certFile, cert);
    await writeFile(files.keyFile, key);
    const server = await startTestServer({ config: { publicUrl, tls: files } });
    const get = (options: { maxVersion?: 'TLSv1.1' | 'TLSv1.2' } = {}): Promise<number> =>
      new Promise((resolve, reject) => {
        const min = options.maxVersion === 'TLSv1.1' ? { minVersion: 'TLSv1' as const } : {};
        const url = `${server.url}/.well-known/jwks.json`;
        httpsRequest(url, { ca: cert, servername: 'localhost', ...min, ...options }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        })
          .on('error', reject)
          .end();
      });
    expect(server.url).toMatch(/^https:/);
    expect(await get()).toBe(200);
    expect(await get({ maxVersion: 'TLSv1.2' })).toBe(200);
    await expect(get({ maxVersion: 'TLSv1.1' })).rejects.toThrow();
    const plain = await sendRaw(server.url, 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(plain.text).not.toContain('200');
    await server.stop();
    await Promise.all([rm(files.certFile), rm(files.keyFile)]);
  });
});
