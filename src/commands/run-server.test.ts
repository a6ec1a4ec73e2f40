import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testConfig } from '../testing/app.ts';
import { compiledSources } from '../testing/compiled.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';

/** A server in its own process, which obeys commands on standard input. */
const program = `
  const [{ runServer }, { createLog }, { openPostgres }] = await Promise.all(
    ['commands/run-server.js', 'observability/log.js', 'db/driver/client.js']
      .map((path) => import(new URL(path, process.env.BASE).href)),
  );
  const given = JSON.parse(process.env.CONFIG);
  const config = { ...given, secretKeys: given.secretKeys.map((key) => Buffer.from(key, 'hex')) };
  const log = createLog(config, process.stdout);
  const open = async () =>
    openPostgres({ url: process.env.DATABASE, maxConnections: 3, applicationName: 'test',
      statementTimeoutMs: 5000 });
  await runServer({ config, log, open });
  const secret = 'CANARY\\n    at CANARY (CANARY:1:1)';
  const orders = {
    throw: () => setTimeout(() => { throw new Error(secret); }),
    reject: () => void Promise.reject(new Error(secret)),
    rejectText: () => void Promise.reject(secret),
    both: () => { orders.throw(); orders.reject(); orders.throw(); setTimeout(orders.throw, 5); },
  };
  process.stdin.setEncoding('utf8').on('data', (order) => orders[order.trim()]());
`;

describe('a server in a process of its own', () => {
  let test: TestDatabase;
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-run-'));
  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(async () => {
    await test.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  type Running = {
    readonly child: ChildProcess;
    readonly lines: string[];
    readonly errors: Promise<string>;
    readonly url: string;
  };

  async function run(): Promise<Running> {
    const config = {
      ...testConfig,
      dataDirectory: folder,
      secretKeys: testConfig.secretKeys.map((key) => Buffer.from(key).toString('hex')),
    };
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        BASE: pathToFileURL(join(compiledSources(), '/')).href,
        CONFIG: JSON.stringify(config),
        DATABASE: test.url ?? '',
      },
    });
    const lines: string[] = [];
    const errors = text(child.stderr);
    const url = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        lines.push(line);
        const address = /Listening on (http:\S+)"/.exec(line)?.[1];
        if (address !== undefined) resolve(address);
      });
      child.once('exit', () =>
        errors.then(
          (output) => reject(new Error(`It did not start: ${lines.join('\n')} ${output}`)),
          reject,
        ),
      );
    });
    return { child, lines, errors, url };
  }
  const ended = async ({ child }: Running): Promise<number | null> => {
    const [status] = await once(child, 'close');
    return status;
  };

  it.each([
    ['an uncaught exception', 'throw', 'process.uncaught'],
    ['an unhandled rejection', 'reject', 'process.unhandled'],
    ['a rejection with something that is no error', 'rejectText', 'process.unhandled'],
  ])(
    'LG-8 after %s it logs it once, shuts down in order and exits with 1',
    { timeout: 300_000 },
    async (_what, order, event) => {
      const server = await run();
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      server.child.stdin?.write(`${order}\n`);
      expect(await ended(server)).toBe(1);
      const lines = server.lines.map((line) => JSON.parse(line));
      expect(lines.filter((line) => line.level === 'fatal')).toEqual([
        expect.objectContaining({ event }),
      ]);
      expect(lines.map((line) => line.event).slice(-2)).toEqual([
        'server.stopping',
        'server.stopped',
      ]);
      // Node's own report would print the raw message.
      expect(await server.errors).toBe('');
    },
  );

  it('LG-8 several at once shut it down in the same way, and none is printed raw', {
    timeout: 300_000,
  }, async () => {
    const server = await run();
    server.child.stdin?.write('both\n');
    expect(await ended(server)).toBe(1);
    const events = server.lines.map((line) => JSON.parse(line).event);
    expect(events).toContain('server.stopped');
    expect(events.filter((event) => event === 'server.stopping')).toHaveLength(1);
    expect(await server.errors).toBe('');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'ADV-57 %s drains: requests in flight are answered, then it exits with 0',
    { timeout: 300_000 },
    async (signal) => {
      const server = await run();
      const begun = fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          query:
            'mutation { login(input: { email: "a@example.com", password: "otter lantern ' +
            'gravel" }) { __typename } }',
        }),
      });
      await new Promise((resolve) => setTimeout(resolve, 100));
      server.child.kill(signal);
      expect((await begun).status).toBe(200);
      expect(await ended(server)).toBe(0);
      expect(
        server.lines.map((line) => JSON.parse(line)).filter((line) => line.level === 'fatal'),
      ).toEqual([]);
      expect(await server.errors).toBe('');
    },
  );
});
