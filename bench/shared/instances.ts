import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { mutate } from '../../src/testing/client.ts';
import { freePort } from '../../src/testing/free-port.ts';
import type { SmtpStandIn } from '../../src/testing/smtp-stand-in.ts';
import { type Started, start } from './processes.ts';

export type Instance = Started & { readonly url: string; readonly port: number };

export const password = 'otter lantern gravel sunday';

/**
 * What every instance of a bench has in common: one key, limits out of the way, and mail to the
 * stand-in.
 */
export function commonEnvironment(options: {
  readonly databaseUrl: string;
  readonly smtpPort: number;
}): Record<string, string> {
  return {
    PATH: '/usr/bin:/bin',
    DATABASE_URL: options.databaseUrl,
    SECRET_KEY: randomBytes(32).toString('base64'),
    PUBLIC_URL: 'http://localhost:4000',
    MAIL_TRANSPORT: 'smtp',
    SMTP_URL: `smtp://localhost:${options.smtpPort}`,
    MAIL_FROM: 'no-reply@example.com',
    JWT_ALGORITHM: 'ES256',
    BCRYPT_COST: '10',
    RATE_LIMIT_MULTIPLIER: '10000',
    SHUTDOWN_DELAY: '0s',
    HOST: '127.0.0.1',
  };
}

/**
 * `latchkey start` from the sources, as a process of its own, on both cores unless told; answers
 * once it serves, with every worker.
 */
export async function startInstance(
  env: Readonly<Record<string, string>>,
  cores = '0-1',
): Promise<Instance> {
  const port = await freePort();
  const workers = Number(env['WORKERS'] ?? 1);
  const started = await start({
    args: ['--import', 'tsx', 'src/main.ts', 'start'],
    env: { ...env, PORT: String(port) },
    ready: new RegExp(workers === 1 ? 'server\\.started' : `(worker\\.started[^]*){${workers}}`),
    cores,
  });
  return { ...started, port, url: `http://127.0.0.1:${port}` };
}

export type Account = {
  readonly email: string;
  readonly id: string;
  readonly accessToken: string;
  readonly refreshToken: string;
};

/** A whole HTTP request for `me`, for bench/load.ts. */
export function askMe(token: string): string {
  const body = JSON.stringify({ query: '{ me { id email } }' });
  const head = `content-type: application/json\r\naccept: application/json\r\nauthorization: Bearer ${token}\r\n`;
  return `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\n${head}content-length: ${body.length}\r\n\r\n${body}`;
}

/** Registers and verifies with the mailed code. Rejects with the answer where a step is refused. */
export async function registerAccount(
  url: string,
  options: { email: string; smtp: SmtpStandIn },
): Promise<Account> {
  const { email, smtp } = options;
  const challenge = await mutate(url, 'register', { email, password });
  if (challenge.__typename !== 'OtpChallenge')
    throw new Error(JSON.stringify(challenge).slice(0, 300));
  for (let waited = 0; waited < 20_000; waited += 20) {
    const mail = smtp.mails.findLast(({ to }) => to.includes(email));
    const code = mail && /^(\d{6})\r?$/m.exec(mail.raw)?.[1];
    if (code) {
      const answer = await mutate(url, 'verifyOtp', { challengeId: challenge.id, code });
      if (answer.__typename !== 'AuthTokens') throw new Error(JSON.stringify(answer).slice(0, 300));
      return {
        email,
        id: answer.user.id,
        accessToken: answer.accessToken,
        refreshToken: answer.refreshToken,
      };
    }
    await sleep(20);
  }
  throw new Error('No code came.');
}
