import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { mutate } from '../testing/client.ts';
import { productionEnvironment, strongKey } from '../testing/command-line.ts';
import { bundledProgram, compiledSources } from '../testing/compiled.ts';
import { freePort } from '../testing/free-port.ts';
import { countOf } from '../testing/metrics-page.ts';
import { freshAddress } from '../testing/people.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-log-'));
const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Runs a shell command in which `$0 "$@"` is the program; resolves once it has ended. */
async function inShell(command: string, program: readonly string[]) {
  const child = spawn('sh', ['-c', command, process.execPath, ...program], { cwd: folder });
  running.add(child);
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => {
    stderr += String(text);
  });
  child.stdout.resume();
  await once(child, 'close');
  return { status: child.exitCode, stderr };
}

describe('X-22 lines that cannot be written are dropped and counted', () => {
  /** Writes lines for half a second, then says on descriptor 3 what became of them. */
  const writer = (lines: number) => `
    import { writeFileSync } from 'node:fs';
    import {
      outliveStandardStreams,
      standardOutput,
    } from '${join(compiledSources(), 'observability/log-output.js')}';
    outliveStandardStreams(() => {});
    const output = standardOutput();
    for (let round = 0; round < 10; round += 1) {
      for (let n = 0; n < ${lines / 10}; n += 1) output.write('x'.repeat(999) + '\\n');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await output.flush();
    writeFileSync('outcome', JSON.stringify([output.dropped, process.stdout.writableLength]));
    process.exit(0);
  `;
  const run = async (command: string, lines: number) => {
    const program = ['--input-type=module', '-e', writer(lines)];
    const { status, stderr } = await inShell(command, program);
    const [dropped, waiting] = JSON.parse(readFileSync(join(folder, 'outcome'), 'utf8'));
    return { status, stderr, dropped, waiting };
  };

  it.each([
    ['a full disk', '"$0" "$@" > /dev/full', 20, 20, 'ENOSPC'],
    ['a limit of the size of files', 'ulimit -f 4; "$0" "$@" > limited', 20, 16, 'EFBIG'],
    ['a closed pipe', '{ "$0" "$@"; echo $? >&3; } 3>&1 | true', 20, 20, 'EPIPE'],
    ['a pipe whose reader leaves', '"$0" "$@" | head -n 1 > /dev/null', 2000, 200, 'EPIPE'],
    ['a pipe that nobody reads', '"$0" "$@" | sleep 3', 5000, 1000, 'nobody reads it'],
    ['a descriptor for reading', '"$0" "$@" 1< /dev/null', 20, 20, 'EBADF'],
  ] as const)('%s', { timeout: 60_000 }, async (_, command, lines, atLeast, why) => {
    const { stderr, dropped, waiting } = await run(command, lines);
    expect(dropped).toBeGreaterThanOrEqual(atLeast - 1);
    expect(dropped).toBeLessThanOrEqual(lines);
    expect(waiting).toBeLessThan(2 * 1024 * 1024);
    expect(stderr.split('\n').filter((line) => line.includes('latchkey:'))).toEqual([
      `latchkey: the log cannot be written to standard output (${why}). The server goes on; ` +
        'lines are dropped, and latchkey_log_lines_dropped_total counts them.',
    ]);
  });

  it.each([
    '"$0" "$@" > /dev/full 2> /dev/full',
    '"$0" "$@" > /dev/full 2>&-',
    '"$0" "$@" >&- 2>&-',
    '("$0" "$@" 2>&1) | true',
  ])('standard error can be as bad: %s', async (command) => {
    const { dropped } = await run(command, 20);
    expect(dropped).toBeGreaterThanOrEqual(command.includes('>&- 2') ? 0 : 19);
  });

  it('loses nothing that somebody reads, and goes on once a disk has room', async () => {
    const whole = await run('"$0" "$@" | wc -c > counted', 900);
    expect(whole).toMatchObject({ status: 0, stderr: '', dropped: 0, waiting: 0 });
    expect(Number(readFileSync(join(folder, 'counted'), 'utf8'))).toBe(900_000);
  });
});

describe('X-22 a server whose log cannot be written', { timeout: 180_000 }, () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ config: { secretKeys: [strongKey] } });
  });
  afterAll(() => server.stop());

  /** A server with these streams, once it answers. */
  async function start(stdout: number | 'pipe', stderr: number | 'pipe', workers = '1') {
    const [port, metricsPort] = [await freePort(), await freePort()];
    const child = spawn(process.execPath, [bundledProgram(), 'start'], {
      stdio: ['ignore', stdout, stderr],
      env: {
        ...productionEnvironment(server),
        HOST: '127.0.0.1',
        PORT: String(port),
        METRICS_PORT: String(metricsPort),
        WORKERS: workers,
        SHUTDOWN_DELAY: '0s',
        SHUTDOWN_DEADLINE: '10s',
        MIGRATE_ON_START: 'false',
      },
    });
    running.add(child);
    const url = `http://127.0.0.1:${port}`;
    let said = '';
    child.stderr?.on('data', (text: Buffer) => {
      said += String(text);
    });
    const isAlive = () =>
      fetch(`${url}/livez`).then(
        ({ status }) => status === 200,
        () => false,
      );
    while (!(await isAlive())) {
      expect(child.exitCode, said).toBeNull();
      await sleep(50);
    }
    const dropped = async (): Promise<number> => {
      const page = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      return countOf(page, 'latchkey_log_lines_dropped_total');
    };
    return { child, url, isAlive, dropped, said: () => said };
  }
  /** Each makes a line of the log: an event of the audit trail. */
  const makeLines = (url: string) =>
    mutate(url, 'register', { email: freshAddress(), password: 'a good long password of mine' });
  const end = async (child: ChildProcess) => {
    const ended = once(child, 'exit');
    child.kill('SIGHUP');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  };

  it.each(['1', '2'])('starts, answers and stops on a full disk, %s processes', async (workers) => {
    const full = openSync('/dev/full', 'w');
    const { child, url, dropped, said } = await start(full, 'pipe', workers);
    closeSync(full);
    await makeLines(url);
    expect(await dropped()).toBeGreaterThan(1);
    expect(said()).toContain('the log cannot be written to standard output (ENOSPC)');
    await end(child);
  });

  it('goes on when the reader of its log and of its errors leaves', async () => {
    const { child, url, isAlive, dropped } = await start('pipe', 'pipe');
    child.stdout?.destroy();
    child.stderr?.destroy();
    await makeLines(url);
    await makeLines(url);
    expect(await dropped()).toBeGreaterThan(0);
    expect(await isAlive()).toBe(true);
    await end(child);
  });

  it('goes on when nobody reads its log', async () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const both = openSync(fifo, 'r+');
    // Filled to the last byte before it starts.
    execFileSync('sh', ['-c', 'dd if=/dev/zero bs=1 count=65536 status=none'], {
      stdio: ['ignore', both, 'ignore'],
    });
    const { child, url, isAlive } = await start(both, both);
    await makeLines(url);
    expect(await isAlive()).toBe(true);
    await end(child);
    closeSync(both);
  });
});
