import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bareEnvironment } from './testing/command-line.ts';
import { bundledProgram } from './testing/compiled.ts';
import { makeFolder, unprivilegedAccount } from './testing/embedded-postgres.ts';
import { freePort } from './testing/free-port.ts';
import { type SmtpStandIn, startSmtpStandIn } from './testing/smtp-stand-in.ts';

// The page needs the client programs of PostgreSQL, which the npm package has not: Debian's server
// and programs are used where they are.
const postgresFolder = existsSync('/usr/lib/postgresql')
  ? readdirSync('/usr/lib/postgresql')
      .map((version) => `/usr/lib/postgresql/${version}/bin`)
      .find((folder) => existsSync(join(folder, 'initdb')))
  : undefined;
const missing = ['nginx', 'prometheus', 'promtool', 'openssl', 'curl', 'bash'].filter(
  (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0,
);
const canRun = postgresFolder !== undefined && missing.length === 0;

const page = readFileSync('docs/deployment.md', 'utf8');
const blocks = [...page.matchAll(/^```sh( settings)?\n([\s\S]*?)^```$/gm)];
const commands = blocks
  .filter(([, isSettings]) => isSettings === undefined)
  .map(([, , text = '']) => text)
  .join('\n');
const settings = blocks.find(([, isSettings]) => isSettings !== undefined)?.[2] ?? '';

describe('X-44 docs/deployment.md', () => {
  it('names every setting that its commands use', () => {
    const named = [...settings.matchAll(/(\w+)="/g)].map(([, name]) => name);
    const used = [...commands.matchAll(/\$\{?([A-Z][A-Z_0-9]+)\}?/g)].map(([, name]) => name);
    expect(used.filter((name) => !named.includes(name))).toEqual([]);
    expect(named).toContain('PGPORT');
  });

  describe.skipIf(!canRun)('run on loopback (skipped where a program is missing)', () => {
    const account = unprivilegedAccount();
    let folder: string;
    let smtp: SmtpStandIn;
    let port: number;

    beforeAll(async () => {
      folder = makeFolder(account);
      chmodSync(folder, 0o755);
      smtp = await startSmtpStandIn({ startTls: false });
      port = await freePort();
      run('initdb', ['--pgdata=data', '--username=postgres', '--auth=trust', '--no-sync']);
      writeFileSync(join(folder, 'data', 'pg_hba.conf'), hba);
      const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -F`;
      run('pg_ctl', ['--pgdata=data', '--log=log', '-w', '-o', options, 'start']);
    });
    afterAll(async () => {
      spawnSync('nginx', ['-c', join(folder, 'conf', 'nginx.conf'), '-s', 'stop']);
      run('pg_ctl', ['--pgdata=data', '-m', 'immediate', 'stop']);
      await smtp.close();
      rmSync(folder, { recursive: true });
    });

    // As on a real server: passwords for all but the superuser of the try.
    const hba = 'host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n';
    const run = (program: string, args: readonly string[]): void => {
      const made = spawnSync(join(postgresFolder ?? '', program), args, {
        ...account,
        cwd: folder,
        env: { ...bareEnvironment, LC_ALL: 'C' },
        stdio: ['ignore', 'ignore', 'pipe'],
        encoding: 'utf8',
      });
      if (made.status !== 0) throw new Error(`${program}: ${made.stderr}`);
    };

    it('leads from nothing to two watched instances and a restored backup', async () => {
      const ports = await Promise.all(Array.from({ length: 6 }, freePort));
      const [https, one, two, metricsOne, metricsTwo, prometheus] = ports.map(String);
      const child = spawn('bash', ['-euo', 'pipefail', '-c', commands], {
        // Ended as a group: the instances and Prometheus run in the background.
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
        cwd: folder,
        env: {
          PATH: `${postgresFolder}:${bareEnvironment['PATH']}`,
          LATCHKEY: `${process.execPath} ${bundledProgram()}`,
          DOCS: resolve('docs'),
          CONF: join(folder, 'conf'),
          BACKUPS: join(folder, 'backups'),
          PGHOST: '127.0.0.1',
          PGPORT: String(port),
          PGUSER: 'postgres',
          DATABASE: 'latchkey',
          HOST_NAME: 'auth.example.com',
          HTTPS_PORT: https,
          PORT_1: one,
          PORT_2: two,
          METRICS_1: metricsOne,
          METRICS_2: metricsTwo,
          PROMETHEUS_PORT: prometheus,
          RELAY: `smtp://127.0.0.1:${smtp.port}`,
          MAIL_SENDER: 'no-reply@example.com',
          ADMIN: 'you@example.com',
        },
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
        });
      const [status] = await once(child, 'exit');
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL');
      } catch {
        // Nothing was started.
      }
      if (status !== 0) throw new Error(`status ${status}: ${output.slice(-2000)}`);
      expect(output).toContain('The database is up to date');
      expect(output.match(/^ok +migrations +all applied$/gm)).toHaveLength(2);
      expect(output).toContain('"keys"');
      expect(output).toContain('AuthOptions');
      expect(output).not.toMatch(/FAILURE/);
      for (const name of ['secret-key', 'owner-password', 'server-password'])
        expect(output).not.toContain(readFileSync(join(folder, 'conf', name), 'utf8'));
    }, 300_000);
  });
});
