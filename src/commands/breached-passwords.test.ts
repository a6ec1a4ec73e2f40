import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFilter } from '../domain/passwords/breached-filter.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { mutateUntilTaken } from '../testing/client.ts';
import {
  bareEnvironment,
  productionEnvironment,
  runCommand,
  strongKey,
} from '../testing/command-line.ts';
import { bundledProgram } from '../testing/compiled.ts';
import { freePort } from '../testing/free-port.ts';
import { freshAddress, goodPassword } from '../testing/people.ts';
import { type RangeStandIn, sha1Of, startRangeStandIn } from '../testing/range-stand-in.ts';

const stolen = 'violet otters juggle seven lanterns';

let folder: string;
let server: TestServer;
let range: RangeStandIn;
let env: Record<string, string>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-breached-'));
  server = await startTestServer({ config: { secretKeys: [strongKey] } });
  range = await startRangeStandIn();
  range.listed.add(stolen);
  env = productionEnvironment(server);
});
afterAll(async () => {
  await range.close();
  await server.stop();
  await rm(folder, { recursive: true });
});

const at = (name: string): string => join(folder, name);
const write = (name: string, text: string | Buffer): string => {
  writeFileSync(at(name), text);
  return at(name);
};
const build = (...args: readonly string[]) =>
  runCommand(['breached-passwords', 'build', ...args], { env: bareEnvironment });
const has = (file: string, password: string): boolean =>
  openFilter(readFileSync(file)).has(Buffer.from(sha1Of(password), 'hex'));

/** A filter with the one password. */
async function makeFilter(name: string): Promise<string> {
  const run = await build(write(`${name}.txt`, `${stolen}\n`), '--output', at(name));
  expect(run.status).toBe(0);
  return at(name);
}

describe('latchkey breached-passwords build', () => {
  it.each<[string, readonly string[], string]>([
    ['no list', [], "missing required argument 'list'"],
    ['a count that is none', ['x', '--top', '0'], 'It must be a whole number from 1.'],
    ['an unknown format', ['x', '--format', 'ntlm'], 'It must be sha1 or plain.'],
  ])('PW-19 refuses %s', async (_what, args, message) => {
    const run = await build(...args);
    expect([run.status, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain(message);
  });

  it('PW-19 says what is wrong with a list, and leaves the filter of before', async () => {
    const output = write('kept.filter', 'as it was');
    const cases: [string, string][] = [
      [at('absent'), 'There is no file'],
      [folder, 'There is no file'],
      [write('empty.txt', '\n'), 'The list is empty.'],
      [write('bad.txt', `${sha1Of(stolen)}:1\n${stolen}\n`), 'Line 2 is not a SHA-1 digest'],
      [write('one-line.txt', 'x'.repeat(2_000_000)), 'Line 1 is too long for a list.'],
    ];
    for (const [list, message] of cases) {
      const run = await build(list, '--output', output);
      expect([run.status, run.stdout]).toEqual([1, '']);
      expect(run.stderr).toContain(message);
      expect(run.stderr).not.toContain(stolen);
    }
    expect(readFileSync(output, 'utf8')).toBe('as it was');
    expect(readdirSync(folder).filter((name) => name.startsWith('kept.filter'))).toHaveLength(1);
    const nowhere = await build(write('good.txt', stolen), '--output', at('absent/x.filter'));
    expect(nowhere).toMatchObject({ status: 1, stderr: 'It failed: ENOENT\n' });
  });

  it('PW-19 makes a filter of digests with counts, as the download has them', async () => {
    // Longer than what is read at once, so that lines are cut in the middle.
    const digests = Array.from({ length: 60_000 }, (_, index) => sha1Of(`password ${index}`));
    const list = digests.map((digest, index) => `${digest}:${60_000 - index}\r\n`).join('');
    const output = at('counted.filter');
    const run = await build(write('counted.txt', list), '--output', output, '--top', '50000');
    expect(run).toEqual({
      status: 0,
      stdout: `${output}: 50000 of 60000 passwords, 0.1 MB\n`,
      stderr: '',
    });
    const filter = openFilter(readFileSync(output));
    const held = digests.map((digest) => filter.has(Buffer.from(digest, 'hex')));
    expect(held.slice(0, 50_000).every(Boolean)).toBe(true);
    expect(held.slice(50_000).filter(Boolean).length).toBeLessThan(100);
  });

  it('PW-19 makes a filter of passwords, the last one without a line feed', async () => {
    const output = at('plain.filter');
    const run = await build(write('plain.txt', `otter\n${stolen}`), '--output', output);
    expect(run).toMatchObject({ status: 0, stdout: `${output}: 2 passwords, 0.0 MB\n` });
    expect([has(output, 'otter'), has(output, stolen), has(output, goodPassword)]).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe('a server with BREACHED_PASSWORDS, as it is built', () => {
  const running: ChildProcess[] = [];
  afterAll(() => {
    for (const child of running) if (child.exitCode === null) child.kill('SIGKILL');
  });
  async function start(settings: Record<string, string>) {
    const url = `http://127.0.0.1:${await freePort()}`;
    const child = spawn(process.execPath, [bundledProgram(), 'start'], {
      env: {
        ...env,
        HOST: '127.0.0.1',
        PORT: new URL(url).port,
        SHUTDOWN_DELAY: '0s',
        ...settings,
      },
    });
    running.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (part: Buffer) => {
        output += String(part);
      });
    return { child, url, output: () => output };
  }
  const registers = async (settings: Record<string, string>) => {
    const { child, url, output } = await start(settings);
    await expect.poll(output, { timeout: 60_000, interval: 50 }).toContain('server.started');
    const register = (password: string) =>
      mutateUntilTaken(url, 'register', { email: freshAddress(), password });
    const refused = await register(stolen);
    const taken = await register(goodPassword);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    return [refused.fields?.[0]?.code, taken.__typename];
  };

  it('PW-18 refuses a listed password by its file, which is read at start alone', async () => {
    const file = await makeFilter('served.filter');
    expect(await registers({ BREACHED_PASSWORDS: 'file', BREACHED_PASSWORDS_FILE: file })).toEqual([
      'PASSWORD_BREACHED',
      'OtpChallenge',
    ]);
  });

  it('PW-18 refuses a listed password by the API', async () => {
    range.asked.length = 0;
    expect(
      await registers({ BREACHED_PASSWORDS: 'range', BREACHED_PASSWORDS_URL: range.url }),
    ).toEqual(['PASSWORD_BREACHED', 'OtpChallenge']);
    expect(range.asked).toHaveLength(2);
  });

  it.each(['1', '2'])('PW-19 does not start with a damaged filter, WORKERS=%s', async (WORKERS) => {
    const file = await makeFilter('damaged.filter');
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0, bytes.length - 1));
    const { child, output } = await start({
      BREACHED_PASSWORDS: 'file',
      BREACHED_PASSWORDS_FILE: file,
      WORKERS,
    });
    const [status] = await once(child, 'exit');
    expect(status).toBe(1);
    const fatal = output()
      .split('\n')
      .filter((line) => line.includes('server.not_started'));
    expect(fatal.map((line) => JSON.parse(line).msg)).toEqual([
      'BREACHED_PASSWORDS_FILE: names a damaged filter, whose SHA-256 is another than it says',
    ]);
    expect(output()).not.toContain(file);
    expect(existsSync(file)).toBe(true);
  });
});

describe('latchkey doctor', () => {
  const lines = async (settings: Record<string, string>) => {
    const { stdout } = await runCommand(['doctor', '--json'], { env: { ...env, ...settings } });
    const findings: { check: string }[] = JSON.parse(stdout).findings;
    return findings.filter(({ check }) => check === 'passwords' || check === 'configuration');
  };
  const complete = { check: 'configuration', status: 'ok', message: 'complete' };

  it('PW-18 says nothing of breached passwords where they are off', async () => {
    expect(await lines({})).toEqual([complete]);
  });

  it('PW-19 fails for a damaged filter, and says how many passwords a good one has', async () => {
    const file = await makeFilter('examined.filter');
    const settings = { BREACHED_PASSWORDS: 'file', BREACHED_PASSWORDS_FILE: file };
    const message = '1 breached ones in 0.0 MB of each process';
    expect(await lines(settings)).toEqual([
      complete,
      { check: 'passwords', status: 'ok', message },
    ]);
    writeFileSync(file, readFileSync(file).subarray(0, -1));
    expect(await lines(settings)).toEqual([
      complete,
      {
        check: 'passwords',
        status: 'failure',
        message:
          'BREACHED_PASSWORDS_FILE: names a damaged filter, whose length is not that of its count',
        advice: 'Build it anew: latchkey breached-passwords build LIST',
      },
    ]);
  });

  it('PW-18 warns of an API that does not answer, which stops no server', async () => {
    const settings = { BREACHED_PASSWORDS: 'range', BREACHED_PASSWORDS_URL: range.url };
    expect(await lines(settings)).toEqual([
      complete,
      { check: 'passwords', status: 'ok', message: 'the list of breached ones answers' },
    ]);
    range.behave({ status: 403 });
    expect((await lines(settings))[1]).toMatchObject({
      status: 'warning',
      message: 'BREACHED_PASSWORDS_URL: status 403',
    });
    range.behave(null);
    expect(
      (await lines({ ...settings, BREACHED_PASSWORDS_URL: 'http://127.0.0.1:9' }))[1],
    ).toMatchObject({
      status: 'warning',
      message: 'BREACHED_PASSWORDS_URL: The call failed: connection',
      advice: expect.stringContaining('BREACHED_PASSWORDS=file'),
    });
  });
});
