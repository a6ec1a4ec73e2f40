import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { totpCode } from '../testing/authenticator.ts';
import { send } from '../testing/client.ts';
import { bundledProgram } from '../testing/compiled.ts';
import { freePort } from '../testing/free-port.ts';
import { databaseUrl, withAdmin } from '../testing/global-setup.ts';

const page = new URL('../../docs/administration.md', import.meta.url);
const password = 'otter lantern gravel sunday';
/** `--json` exists since curl 7.82. */
const hasCurl = spawnSync('curl', ['--json', '{}', '--version']).status === 0;

let folder: string;
let name: string;
let started: ChildProcess | null = null;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-first-'));
  const { adminUrl, prefix } = testServer();
  name = `${prefix}${randomBytes(6).toString('hex')}`;
  await withAdmin(adminUrl, (sql) => sql`create database ${sql(name)}`);
});
afterAll(async () => {
  if (started?.exitCode === null) {
    started.kill('SIGTERM');
    await once(started, 'close');
  }
  await withAdmin(
    testServer().adminUrl,
    (sql) => sql`drop database if exists ${sql(name)} with (force)`,
  );
  await rm(folder, { recursive: true });
});

function testServer() {
  const server = inject('testServer');
  if (!server) throw new Error('This test needs PostgreSQL.');
  return server;
}

/** The first code block of a language below the heading. */
function blockOf(markdown: string, language: string): string {
  const section = markdown.split('## The first administrator')[1] ?? '';
  return new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(section)?.[1] ?? '';
}

describe('the first administrator, as in docs/administration.md', () => {
  it.skipIf(!hasCurl)(
    'AZ-7 five commands lead from an empty database to an administrator signed in with an app',
    { timeout: 300_000 },
    async () => {
      const markdown = await readFile(page, 'utf8');
      const port = await freePort();
      const settings: Record<string, string> = {
        DATABASE_URL: databaseUrl(testServer().adminUrl, name),
        SECRET_KEY: randomBytes(32).toString('base64'),
      };
      const file = blockOf(markdown, 'ini')
        .replace(/^ *(\w+)=.*$/gm, (line, variable: string) =>
          settings[variable] ? `${variable}=${settings[variable]}` : line,
        )
        .replaceAll(':4000', `:${port}`);
      await writeFile(join(folder, '.env'), `${file}PORT=${port}\nHOST=127.0.0.1\n`);
      // `npx --no-install latchkey`, from the sources.
      await writeFile(
        join(folder, 'npx'),
        `#!/bin/sh\nshift 2\nexec '${process.execPath}' '${bundledProgram()}' "$@"\n`,
      );
      await chmod(join(folder, 'npx'), 0o755);
      const env = { PATH: `${folder}:/usr/bin:/bin` };
      const found: Record<string, string> = { PASSWORD: password };
      const bash = (command: string): ChildProcess => {
        const filled = command
          .replaceAll('localhost:4000', `127.0.0.1:${port}`)
          .replace(/\b[A-Z]{4,9}\b/g, (word) => found[word] ?? word);
        return spawn('sh', ['-c', filled], {
          cwd: folder,
          env,
          stdio: ['pipe', 'pipe', 'inherit'],
        });
      };
      const ask = async (command: string): Promise<string> => {
        const child = bash(command);
        child.stdin?.end();
        return child.stdout ? await text(child.stdout) : '';
      };

      const commands = blockOf(markdown, 'sh').trim().split('\n');
      expect(commands).toHaveLength(5);
      const [createAdmin = '', start = '', resetPassword = '', login = '', verifyOtp = ''] =
        commands;

      const admin = bash(createAdmin);
      let shown = '';
      admin.stdout?.setEncoding('utf8').on('data', (piece: string) => {
        shown += piece;
      });
      await expect.poll(() => shown, { timeout: 60_000 }).toContain('The code that it shows: ');
      const secret = /type the secret ([A-Z2-7]{32})\n/.exec(shown)?.[1] ?? '';
      // The previous code, which is still accepted, so that the sign-in need not wait for the next.
      admin.stdin?.end(`${totpCode(secret, new Date(), -1)}\n`);
      await once(admin, 'close');
      found['TOKEN'] = /#token=([\w-]+)/.exec(shown)?.[1] ?? '';

      expect(start).toMatch(/ &$/);
      started = bash(`exec ${start.replace(/ &$/, '')}`);
      started.stdout?.resume();
      expect(await ask(resetPassword)).toContain('"AuthAccepted"');
      const challenge = JSON.parse(await ask(login));
      found['CHALLENGE'] = challenge.data.login.id;
      found['CODE'] = totpCode(secret, new Date());
      const { data } = JSON.parse(await ask(verifyOtp));

      const token: string = data.verifyOtp.accessToken;
      const answer = await send(
        `http://127.0.0.1:${port}`,
        '{ users { edges { node { email roles totpEnabled } } } }',
        {},
        { token },
      );
      expect(answer.data.users.edges).toEqual([
        { node: { email: 'ada@example.com', roles: ['admin'], totpEnabled: true } },
      ]);
    },
  );
});
