import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listenFailure, namingVariables } from '../http/listen.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import {
  bareEnvironment,
  productionEnvironment,
  runCommand,
  strongKey,
} from '../testing/command-line.ts';
import { bundledProgram } from '../testing/compiled.ts';

describe('X-29 standard output that nobody reads any more', { timeout: 60_000 }, () => {
  /** A shell's command in which `$0 "$@"` is `latchkey` and its arguments. */
  const inShell = async (command: string, args: readonly string[]) => {
    const all = ['-c', command, process.execPath, bundledProgram(), ...args];
    const child = spawn('sh', all, { env: bareEnvironment });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { stdout, stderr };
  };

  it.each([['doctor'], ['doctor', '--json'], ['schema', '--print'], ['--help']])(
    '`latchkey %s %s | head` prints no stack and keeps its exit status',
    async (...args) => {
      const status = args[0] === 'doctor' ? '1\n' : '0\n';
      const { stdout, stderr } = await inShell(
        '{ { "$0" "$@"; echo "$?" >&3; } | true; } 3>&1',
        args,
      );
      expect([stdout, stderr]).toEqual([status, '']);
    },
  );

  it('says why where the output is lost otherwise, and fails', async () => {
    const run = '"$0" "$@" > /dev/full; echo "$?"';
    expect(await inShell(run, ['schema', '--print'])).toEqual({
      stdout: '1\n',
      stderr: 'Standard output cannot be written: ENOSPC.\n',
    });
  });
});

describe('X-29 a port that cannot be had', { timeout: 120_000 }, () => {
  let server: TestServer;
  let env: Record<string, string>;
  let taken: Server;
  let port: string;
  beforeAll(async () => {
    server = await startTestServer({ config: { secretKeys: [strongKey] } });
    env = { ...productionEnvironment(server), HOST: '127.0.0.1', METRICS_PORT: 'off' };
    taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    port = String(typeof address === 'object' ? address?.port : 0);
  });
  afterAll(async () => {
    taken.close();
    await server.stop();
  });

  const inUse = (name: string) => () =>
    `Port ${port} of 127.0.0.1 is in use by another program: end that one, or choose another ` +
    `${name}.`;
  const unknown = (name: string) => () =>
    `The name in ${name} is not known: ${name} must name an address of this machine, or be unset.`;
  const elsewhere = (name: string) => () =>
    `Port 9 of 192.0.2.1 cannot be opened: ${name} must name an address of this machine, or be ` +
    'unset.';
  // 192.0.2.1 is nobody's, and names under .invalid have no address (RFC 5737, RFC 6761).
  it.each([
    ['PORT in use', () => ({ PORT: port }), inUse('PORT')],
    ['METRICS_PORT in use', () => ({ METRICS_PORT: port }), inUse('METRICS_PORT')],
    ['an unknown name in HOST', () => ({ HOST: 'api.invalid' }), unknown('HOST')],
    [
      'an unknown name in METRICS_HOST',
      () => ({ METRICS_HOST: 'metrics.invalid', METRICS_PORT: '9' }),
      unknown('METRICS_HOST'),
    ],
    [
      'an unknown name in METRICS_HOST, with workers',
      () => ({ METRICS_HOST: 'metrics.invalid', METRICS_PORT: '9', WORKERS: '2' }),
      unknown('METRICS_HOST'),
    ],
    [
      "another machine's address in HOST",
      () => ({ HOST: '192.0.2.1', PORT: '9' }),
      elsewhere('HOST'),
    ],
    [
      "another machine's address in METRICS_HOST",
      () => ({ METRICS_HOST: '192.0.2.1', METRICS_PORT: '9' }),
      elsewhere('METRICS_HOST'),
    ],
  ])('is said in a sentence that names the variable, without a stack: %s', async (_, of, said) => {
    const { status, stdout, stderr } = await runCommand(['start'], { env: { ...env, ...of() } });
    expect([status, stderr]).toEqual([1, '']);
    const lines = stdout.trim().split('\n');
    const line = JSON.parse(lines.find((text) => text.includes('server.not_started')) ?? '{}');
    expect(line).toMatchObject({ level: 'fatal', event: 'server.not_started', msg: said() });
    expect(line.err).toBeUndefined();
  });

  const failing = (properties: Record<string, unknown>) =>
    namingVariables({ host: 'HOST', port: 'PORT' }, async () => {
      throw Object.assign(new Error('failed'), { address: '::', port: 4000, ...properties });
    }).catch((error: unknown) => error);
  it.each([
    ['EACCES', 'listen', 'may not be opened'],
    ['EADDRNOTAVAIL', 'listen', 'HOST must name'],
    ['EAFNOSUPPORT', 'listen', 'no addresses of that kind'],
    ['EMFILE', 'listen', 'cannot be opened (EMFILE)'],
  ])('%s of %s: %s', async (code, syscall, said) => {
    const text = listenFailure(await failing({ code, syscall }));
    expect(text).toContain('Port 4000 of :: ');
    expect(text).toContain(said);
  });
  it('is not what an error is that has nothing to do with it', async () => {
    expect(listenFailure(await failing({ code: 'EADDRINUSE' }))).toBeNull();
    const other = Object.assign(new Error('x'), { code: 'ECONNREFUSED', syscall: 'connect' });
    expect(listenFailure(other)).toBeNull();
  });
});
