import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { listenFailure } from '../http/listen.ts';
import { startTestServer } from '../testing/app.ts';
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

describe('X-29 a port that cannot be had', { timeout: 60_000 }, () => {
  it('is said in a sentence, without a stack', async () => {
    const server = await startTestServer({ config: { secretKeys: [strongKey] } });
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? address?.port : 0;
    try {
      const env = { ...productionEnvironment(server), HOST: '127.0.0.1', PORT: String(port) };
      const { status, stdout, stderr } = await runCommand(['start'], { env });
      expect([status, stderr]).toEqual([1, '']);
      const line = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
      expect(line).toMatchObject({ level: 'fatal', event: 'server.not_started' });
      expect(line.msg).toBe(
        `Port ${port} of 127.0.0.1 is in use by another program: end that one, or choose another ` +
          'port.',
      );
      expect(line.err).toBeUndefined();
    } finally {
      other.close();
      await server.stop();
    }
  });

  it.each([
    ['EADDRINUSE', 'listen', 'is in use'],
    ['EADDRINUSE', 'bind', 'is in use'],
    ['EACCES', 'listen', 'may not be opened'],
    ['EADDRNOTAVAIL', 'listen', 'HOST must name'],
    ['EAFNOSUPPORT', 'listen', 'no addresses of that kind'],
  ])('%s of %s: %s', (code, syscall, said) => {
    const error = Object.assign(new Error(code), { code, syscall, address: '::', port: 4000 });
    expect(listenFailure(error, { host: null })).toContain(`Port 4000 of :: `);
    expect(listenFailure(error, { host: null })).toContain(said);
    // The database's own failures are not those of a port.
    expect(listenFailure({ ...error, syscall: 'connect' }, { host: null })).toBeNull();
  });
});
