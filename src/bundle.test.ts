import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from './testing/app.ts';
import { mutate, mutateUntilTaken, send } from './testing/client.ts';
import { createTestClock } from './testing/clock.ts';
import { productionEnvironment, strongKey } from './testing/command-line.ts';
import { compiledSources } from './testing/compiled.ts';
import { freePort } from './testing/free-port.ts';
import { returnTo, signInByProvider } from './testing/identities.ts';
import { startIdentityProvider, type TestIdentityProvider } from './testing/identity-provider.ts';
import { newSigner, registerPasskey, signInWithPasskey } from './testing/passkeys.ts';
import { freshAddress, goodPassword, registerPerson } from './testing/people.ts';

/**
 * The packages installed beside a production server (scripts/external.mjs). Everything else must be
 * bundled.
 */
const external = ['@node-rs', '@opentelemetry'];

/** Any OpenID provider, in the lines that it takes, and trusted with addresses. */
function acmeOf(provider: TestIdentityProvider, folder: string): object {
  const { issuer, clientId, clientSecret } = provider.entry();
  if (clientSecret?.kind !== 'text') throw new Error('The double has no secret.');
  writeFileSync(join(folder, 'acme.secret'), clientSecret.value);
  return {
    id: 'acme',
    name: 'Acme',
    issuer,
    clientId,
    clientSecretFile: 'acme.secret',
    trustEmail: true,
  };
}

type MutateArguments = Parameters<TestServer['mutate']>;

describe('the bundled server, without the packages that it contains', {
  timeout: 180_000,
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bundle-'));
  const dist = join(folder, 'dist');
  let server: TestServer;
  let child: ChildProcess | undefined;
  const install = (name: string): void =>
    symlinkSync(join(process.cwd(), 'node_modules', name), join(folder, 'node_modules', name));
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(dist, 'main.js'), ...args],
      {
        encoding: 'utf8',
        cwd: folder,
        env,
      },
    );
    return { status, stdout, stderr };
  };

  beforeAll(async () => {
    server = await startTestServer({ config: { secretKeys: [strongKey] } });
    const compiled = compiledSources();
    const made = spawnSync(process.execPath, ['scripts/bundle.mjs', compiled, dist], {
      encoding: 'utf8',
    });
    expect([made.status, made.stderr]).toEqual([0, '']);
    cpSync(join(compiled, 'domain/emails/templates'), join(dist, 'domain/emails/templates'), {
      recursive: true,
    });
    mkdirSync(join(folder, 'node_modules'));
    external.forEach(install);
    for (const name of ['drizzle', 'package.json', 'schema.graphql'])
      cpSync(name, join(folder, name), { recursive: true });
  }, 180_000);
  afterAll(async () => {
    if (child?.exitCode === null) child.kill('SIGKILL');
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  it('has graphql once, node:http by `require`, and the licences of its packages', () => {
    const text = readdirSync(join(dist, 'server'))
      .filter((name) => name.endsWith('.js'))
      .map((name) => readFileSync(join(dist, 'server', name), 'utf8'))
      .join('\n');
    expect(text.match(/ class GraphQLObjectType\b|GraphQLObjectType = class/g)).toHaveLength(1);
    // With `import`, Node 24 would load all of undici at every start.
    const all = `${text}${readFileSync(join(dist, 'main.js'), 'utf8')}`;
    expect(all).not.toMatch(/\b(?:from|import) ?\(?["'](?:node:)?http["']/);
    const licences = readFileSync(join(dist, 'server', 'LICENSES.txt'), 'utf8');
    expect(licences).toMatch(/^graphql 16\.\S+ \(MIT\)$/m);
  });

  /** How many files have a text, and which of them are read at a start. */
  const filesThatHold = (text: string) => {
    const read = (file: string): string => readFileSync(join(dist, file), 'utf8');
    const atStart = new Set(['main.js']);
    for (const file of atStart) {
      for (const [, name] of read(file).matchAll(/^(?:import|export)\b.*?"([^"]+\.js)";$/gm))
        atStart.add(posix.join(posix.dirname(file), name ?? ''));
    }
    expect(atStart.size).toBeGreaterThan(2);
    const files = readdirSync(dist, { recursive: true, encoding: 'utf8' });
    const holding = files.filter((name) => name.endsWith('.js') && read(name).includes(text));
    return { number: holding.length, atStart: holding.filter((name) => atStart.has(name)) };
  };

  it('holds what verifies passkeys apart, so that it is loaded with the first one', () => {
    const library = 'Unexpected authentication response type';
    expect(filesThatHold(library)).toEqual({ number: 1, atStart: [] });
  });

  it('holds what asks other providers apart, so that it is loaded with the first one', () => {
    // The one sentence of openid-client, the other of oauth4webapi.
    for (const library of ['subclassing Configuration is not allowed', 'JWE decryption is not'])
      expect(filesThatHold(library)).toEqual({ number: 1, atStart: [] });
  });

  it('X-43 tries what the sources try, also where the result is not used', () => {
    const texts = readdirSync(dist, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js'))
      .map((name) => readFileSync(join(dist, name), 'utf8'));
    const emptied = texts.flatMap((text) => text.match(/try \{\s*(?:return (?:true|false);|\})/g));
    expect(emptied.filter((found) => found !== null)).toEqual([]);
    const DATABASE_URL = 'postgres://latchkey:100%sure@127.0.0.1/latchkey';
    const { status, stdout } = run(['doctor'], { ...productionEnvironment(server), DATABASE_URL });
    expect(status).toBe(1);
    expect(stdout).toContain('DATABASE_URL: has a % that begins no escape');
  });

  it('migrates, serves me, rates passwords on its thread, takes passkeys and stops', async () => {
    const person = await registerPerson(server);
    const url = `http://127.0.0.1:${await freePort()}`;
    const env = {
      ...productionEnvironment(server),
      HOST: '127.0.0.1',
      PORT: new URL(url).port,
      SHUTDOWN_DELAY: '0s',
    };
    child = spawn(process.execPath, [join(dist, 'main.js'), 'start'], { env, cwd: folder });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (part: Buffer) => {
        output += String(part);
      });
    }
    await expect.poll(() => output, { timeout: 30_000, interval: 50 }).toContain('server.started');
    // Asked of a server that has only just started: the word lists are not loaded yet, and the
    // answer waits for them.
    const register = (password: string) =>
      mutateUntilTaken(url, 'register', { email: freshAddress(), password });
    expect(JSON.stringify(await register('passwordpassword'))).toContain('PASSWORD_COMMON');
    const strong = await register(goodPassword);
    expect(strong.__typename).toBe('OtpChallenge');
    const answer = await send(url, '{ me { email } }', {}, { token: person.accessToken });
    expect(answer.data.me.email).toBe(person.email);
    const served = { mutate: (...args: MutateArguments) => mutate(url, ...args) };
    for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
      const signer = newSigner({ algorithm });
      expect((await registerPasskey(served, person, signer)).__typename).toBe('Passkey');
      const tokens = await signInWithPasskey(served, signer);
      expect([algorithm, tokens.user?.email]).toEqual([algorithm, person.email]);
    }
    // The configured SMTP server does not exist; by this failure the templates have been found.
    await expect
      .poll(() => output, { timeout: 15_000, interval: 50 })
      .toContain('"reason":"unreachable"');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('finds package.json and schema.graphql next to it', () => {
    expect(run(['--version']).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const { status, stderr } = run(['schema', '--check']);
    expect([status, stderr]).toEqual([0, '']);
  });

  it('has every command, each with its help', () => {
    const commands = ['start', 'dev', 'migrate', 'purge', 'create-admin', 'schema'].concat(
      'import-users',
      'doctor',
      'keys',
      'breached-passwords',
    );
    expect(
      run(['--help'])
        .stdout.match(/^ {2}[a-z-]+(?= )/gm)
        ?.map((name) => name.trim()),
    ).toEqual(expect.arrayContaining(commands));
    for (const command of commands) {
      const help = run([command, '--help']);
      expect([command, help.status, help.stderr]).toEqual([command, 0, '']);
      expect(help.stdout).toContain(`Usage: latchkey ${command}`);
      expect(help.stdout).toMatch(/^Examples?:\n {2}/m);
    }
  });

  it('names the package that dev needs when it is not installed', () => {
    expect(run(['dev'])).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'The embedded database is the package @electric-sql/pglite, which is not installed here. ' +
        'Install Latchkey without --omit=optional, or set DATABASE_URL.\n',
    });
  });

  it('starts for development, embedded database and all, with sign-in by a provider', async () => {
    install('@electric-sql');
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const provider = await startIdentityProvider({ id: 'acme' });
    const file = join(folder, 'providers.json');
    writeFileSync(file, JSON.stringify([acmeOf(provider, folder)]));
    const env = {
      HOST: '127.0.0.1',
      PORT: `${port}`,
      SHUTDOWN_DELAY: '0s',
      IDENTITY_PROVIDERS_FILE: file,
      IDENTITY_RETURN_URLS: returnTo,
      IDENTITY_ALLOW_PRIVATE: 'true',
    };
    child = spawn(process.execPath, [join(dist, 'main.js'), 'dev'], { env, cwd: folder });
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (part: Buffer) => {
      stdout += String(part);
    });
    child.stderr?.on('data', (part: Buffer) => {
      stderr += String(part);
    });
    await expect
      .poll(() => stdout, { timeout: 120_000, interval: 50 })
      .toContain('Latchkey is ready');
    const answer = await send(url, '{ authOptions { registrationOpen } }');
    expect(answer.data.authOptions.registrationOpen).toBe(true);
    const served = {
      url,
      clock: createTestClock(),
      mutate: (...args: MutateArguments) => mutate(url, ...args),
    };
    const tokens = await signInByProvider(served, provider, { providerId: 'acme' });
    expect(tokens.user?.email).toBe('ada@example.com');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(stdout).toContain('Stopped.');
    expect(stderr).toBe('');
    await provider.stop();
  });
});
