import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { meQuery, mutate, mutateUntilTaken, send } from '../testing/client.ts';
import { bareEnvironment, runCommand, startCommand } from '../testing/command-line.ts';
import { freePort } from '../testing/free-port.ts';
import { databaseUrl, withAdmin } from '../testing/global-setup.ts';
import { freshAddress, goodPassword } from '../testing/people.ts';
import { startResendStandIn } from '../testing/resend-stand-in.ts';
import { startSmtpStandIn } from '../testing/smtp-stand-in.ts';

describe('latchkey start', { timeout: 300_000 }, () => {
  it('CF-1 with nothing set names everything missing and exits with 1', async () => {
    const { status, stdout, stderr } = await runCommand(['start'], { env: bareEnvironment });
    expect(status).toBe(1);
    expect(stdout).toBe('');
    const named = stderr
      .trim()
      .split('\n')
      .map((line) => line.split(':')[0]);
    expect(named).toEqual([
      'DATABASE_URL',
      'SECRET_KEY',
      'PUBLIC_URL',
      'MAIL_TRANSPORT',
      'MAIL_FROM',
    ]);
  });

  describe('on an empty database', () => {
    const adminUrl = inject('testServer')?.adminUrl ?? '';
    const name = `${inject('testServer')?.prefix}start`;
    const secret = randomBytes(32).toString('base64');
    const running: ChildProcess[] = [];

    beforeAll(async () => {
      await withAdmin(adminUrl, (sql) => sql`create database ${sql(name)}`);
    });
    afterAll(async () => {
      for (const child of running) if (child.exitCode === null) child.kill('SIGKILL');
      await withAdmin(adminUrl, (sql) => sql`drop database if exists ${sql(name)} with (force)`);
    });

    async function start(
      mail: Record<string, string>,
    ): Promise<{ child: ChildProcess; url: string }> {
      const child = startCommand(['start'], {
        ...bareEnvironment,
        DATABASE_URL: databaseUrl(adminUrl, name),
        SECRET_KEY: secret,
        PUBLIC_URL: 'http://localhost:4000',
        MAIL_FROM: 'Latchkey <no-reply@example.com>',
        HOST: '127.0.0.1',
        PORT: String(await freePort()),
        BCRYPT_COST: '10',
        SHUTDOWN_DELAY: '0s',
        ...mail,
      });
      running.push(child);
      const output: string[] = [];
      child.stderr.on('data', (text: Buffer) => output.push(String(text)));
      const url = await new Promise<string>((resolve, reject) => {
        createInterface({ input: child.stdout }).on('line', (line) => {
          output.push(line);
          const address = /Listening on (http:\S+)"/.exec(line)?.[1];
          if (address !== undefined) resolve(address);
        });
        child.once('exit', () => reject(new Error(`It did not start: ${output.join('\n')}`)));
      });
      return { child, url };
    }
    const stop = async (child: ChildProcess): Promise<void> => {
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
    };
    const until = async <T>(look: () => T | undefined): Promise<T> => {
      for (;;) {
        const found = look();
        if (found !== undefined) return found;
        await sleep(50);
      }
    };
    const codeIn = (text: string): string | undefined => /^(\d{6})\r?$/m.exec(text)?.[1];

    it('CF-3 mails, verifies, answers me, and keeps accounts over a restart', async () => {
      const resend = await startResendStandIn();
      const smtp = await startSmtpStandIn({ startTls: false });
      try {
        const [ada, bob] = [freshAddress(), freshAddress()];
        const first = await start({
          MAIL_TRANSPORT: 'resend',
          RESEND_API_KEY: `re_${randomBytes(16).toString('hex')}`,
          RESEND_BASE_URL: resend.url,
        });
        for (const path of ['/graphiql', '/dev/mailbox', '/dev/mailbox.json']) {
          expect((await fetch(`${first.url}${path}`)).status).toBe(404);
        }
        const home = await fetch(first.url, { redirect: 'manual' });
        expect([home.status, home.headers.get('location')]).toEqual([303, '/account']);
        const challenge = await mutateUntilTaken(first.url, 'register', {
          email: ada,
          password: goodPassword,
        });
        const code = await until(() =>
          [...resend.mails.values()]
            .map((mail) => codeIn(String(mail['text'])))
            .find((found) => found !== undefined),
        );
        const tokens = await mutate(first.url, 'verifyOtp', { challengeId: challenge.id, code });
        expect(
          (await send(first.url, meQuery, {}, { token: tokens.accessToken })).data.me.email,
        ).toBe(ada);
        expect(resend.mails.size).toBe(1);
        await stop(first.child);

        const second = await start({
          MAIL_TRANSPORT: 'smtp',
          SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
        });
        expect(
          (await send(second.url, meQuery, {}, { token: tokens.accessToken })).data.me.email,
        ).toBe(ada);
        const refreshed = await mutate(second.url, 'refreshSession', {
          refreshToken: tokens.refreshToken,
        });
        expect(
          (await send(second.url, meQuery, {}, { token: refreshed.accessToken })).data.me.email,
        ).toBe(ada);
        const other = await mutateUntilTaken(second.url, 'register', {
          email: bob,
          password: goodPassword,
        });
        const mailed = await until(() =>
          smtp.mails.map((mail) => codeIn(mail.raw)).find((found) => found !== undefined),
        );
        const verified = await mutate(second.url, 'verifyOtp', {
          challengeId: other.id,
          code: mailed,
        });
        expect(verified.user.email).toBe(bob);
        await stop(second.child);
      } finally {
        await resend.close();
        await smtp.close();
      }
    });
  });
});
