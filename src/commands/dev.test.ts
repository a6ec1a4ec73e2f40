import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { meQuery, mutateUntilTaken, send } from '../testing/client.ts';
import { bundledProgram } from '../testing/compiled.ts';
import { freePort } from '../testing/free-port.ts';
import { goodPassword } from '../testing/people.ts';

let folder: string;
let port: number;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-dev-'));
  port = await freePort();
  writeFileSync(join(folder, '.env'), `PORT=${port}\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts a development server with these options; what it says, and how to end it. */
async function start(...options: string[]) {
  const child = spawn(process.execPath, [bundledProgram(), 'dev', ...options], { cwd: folder });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await expect.poll(() => said, { timeout: 120_000 }).toContain('curl ');
  return {
    said: () => said,
    end: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

describe('latchkey dev --admin', { timeout: 300_000 }, () => {
  it('refuses what is no address', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [bundledProgram(), 'dev', '--admin', 'ada'],
      { cwd: folder, encoding: 'utf8' },
    );
    expect([status, stderr]).toEqual([2, '--admin takes one e-mail address.\n']);
  });

  it('makes an administrator of the embedded database, once', async () => {
    const first = await start('--admin', 'ada@example.com');
    const said = /Choose a password:\s+\S+#token=(\S+)\s/;
    await expect.poll(() => said.test(first.said())).toBe(true);
    const token = said.exec(first.said())?.[1];
    const url = `http://localhost:${port}`;
    // A busy machine may have done it and say that it has not: the sign-in shows.
    await mutateUntilTaken(url, 'resetPassword', { token, newPassword: goodPassword });
    const credentials = { email: 'ada@example.com', password: goodPassword };
    const { accessToken } = await mutateUntilTaken(url, 'login', credentials);
    const { data } = await send(url, meQuery, {}, { token: accessToken });
    expect(data.me).toMatchObject({ email: credentials.email, roles: ['admin'] });
    await first.end();

    const again = await start('--admin', 'ada@example.com');
    await expect.poll(again.said).toContain('ada@example.com is an administrator. The console');
    await again.end();
  });
});
