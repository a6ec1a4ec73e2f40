import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { entries } from '../config/entries.ts';
import { readConfig } from '../config/read-config.ts';
import { send } from '../testing/client.ts';
import { bareEnvironment as env, runCommand, startCommand } from '../testing/command-line.ts';
import { createEmptyDatabase } from '../testing/empty-database.ts';
import { freePort } from '../testing/free-port.ts';

const scratch = mkdtempSync(join(tmpdir(), 'latchkey-init-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const files = ['.env', 'README.md', 'compose.yaml'];
const read = (folder: string, name: string) => readFileSync(join(folder, name), 'utf8');
const settingsOf = (folder: string) => parseEnv(read(folder, '.env')) as Record<string, string>;

let count = 0;
async function initialised(): Promise<{ folder: string; stdout: string }> {
  count += 1;
  const folder = join(scratch, 'deep', `first-${count}`);
  const { status, stdout, stderr } = await runCommand(['init', folder], { env });
  expect([status, stderr]).toEqual([0, '']);
  return { folder, stdout };
}

describe('latchkey init', () => {
  it.each(files)('writes nothing where there is a file %s, and names it', async (name) => {
    const folder = join(scratch, `taken-by-${name}`);
    mkdirSync(folder);
    writeFileSync(join(folder, name), 'mine');
    const run = await runCommand(['init', folder], { env });
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toContain(`${join(folder, name)} exists. Nothing was written`);
    expect(readdirSync(folder)).toEqual([name]);
    expect(read(folder, name)).toBe('mine');
  });

  it('writes secrets that nobody else has, and prints none', async () => {
    const [one, other] = [await initialised(), await initialised()];
    expect(readdirSync(one.folder).sort()).toEqual(files);
    const names = ['SECRET_KEY', 'DATABASE_PASSWORD', 'GATEWAY_TOKEN'];
    const [first, second] = [settingsOf(one.folder), settingsOf(other.folder)];
    for (const name of names) {
      expect(first[name]?.length).toBeGreaterThanOrEqual(32);
      expect(first[name]).not.toBe(second[name]);
      for (const shown of [
        one.stdout,
        read(one.folder, 'README.md'),
        read(one.folder, 'compose.yaml'),
      ])
        expect(shown).not.toContain(first[name]);
    }
    for (const name of files) expect(one.stdout).toContain(join(one.folder, name));
    expect(statSync(join(one.folder, '.env')).mode & 0o777).toBe(0o600);
  });

  it('writes all that production requires, and is warned of nothing', async () => {
    const { folder } = await initialised();
    const settings = settingsOf(folder);
    const required = Object.values(entries)
      .flatMap((entry) => ('name' in entry ? [entry] : Object.values(entry)))
      .flatMap((entry) => ('required' in entry && entry.required ? [entry.name] : []));
    expect(required.length).toBeGreaterThan(3);
    expect(Object.keys(settings)).toEqual(expect.arrayContaining(required));
    const config = readConfig(settings, { mode: 'production' });
    expect(config.gatewayToken).toBe(settings['GATEWAY_TOKEN']);
    const { stdout } = await runCommand(['--env', join(folder, '.env'), 'doctor', '--json'], {
      env,
    });
    const [first, second] = JSON.parse(stdout).findings;
    expect(first).toMatchObject({ check: 'configuration', status: 'ok' });
    expect(second.check).not.toBe('configuration');
  });

  it('writes what a server starts with', async () => {
    const { folder } = await initialised();
    const database = await createEmptyDatabase();
    const port = String(await freePort());
    const child = startCommand(['--env', join(folder, '.env'), 'start'], {
      ...env,
      DATABASE_URL: database.url,
      HOST: '127.0.0.1',
      PORT: port,
      SHUTDOWN_DELAY: '0s',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    await expect.poll(() => output, { timeout: 60_000 }).toContain('server.started');
    const answer = await send(`http://127.0.0.1:${port}`, '{ authOptions { registrationOpen } }');
    expect(answer.data.authOptions.registrationOpen).toBe(true);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
    await database.drop();
  });

  it('writes a compose.yaml with the images and the restrictions of our own', async () => {
    const { folder } = await initialised();
    const { services } = parse(read(folder, 'compose.yaml'), { strict: true });
    const ours = parse(readFileSync('compose.yaml', 'utf8')).services;
    for (const name of ['database', 'mail']) expect(services[name].image).toBe(ours[name].image);
    expect(services.database.healthcheck).toEqual(ours.database.healthcheck);
    for (const name of ['read_only', 'cap_drop', 'security_opt', 'stop_grace_period'])
      expect(services.latchkey[name]).toEqual(ours.latchkey[name]);
    expect(services.mail.network_mode).toBe(ours.mail.network_mode);
    // Nothing is reached from other machines.
    for (const { ports = [] } of Object.values<{ ports?: string[] }>(services))
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    // The database's address within the network, as our own has it, is taken by the server.
    const { DATABASE_URL, ALLOW_INSECURE_DATABASE } = services.latchkey.environment;
    const password = settingsOf(folder)['DATABASE_PASSWORD'] ?? '';
    const url = DATABASE_URL.replace(/\$\{DATABASE_PASSWORD[^}]*\}/, password);
    const inside = { ...settingsOf(folder), DATABASE_URL: url, ALLOW_INSECURE_DATABASE };
    expect(readConfig(inside, { mode: 'production' }).databaseUrl).toContain('@database:5432');
  });
});
