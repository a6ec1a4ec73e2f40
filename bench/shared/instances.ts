import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { mutate } from '../../src/testing/client.ts';
import { freePort } from '../../src/testing/free-port.ts';
import type { SmtpStandIn } from '../../src/testing/smtp-stand-in.ts';
import { password } from './accounts.ts';
import { UsageError } from './options.ts';
import { bothCores, type Started, start } from './processes.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export type Instance = Started & { readonly url: string; readonly port: number };

type Environment = Readonly<Record<string, string>>;

/**
 * What a server gets, and nothing of this process's own: limits out of the way, mail to the
 * stand-in, one key for all that are given the same environment.
 */
export function serverEnvironment(options: {
  readonly databaseUrl: string;
  readonly smtpPort: number;
}): Record<string, string> {
  return {
    PATH: '/usr/bin:/bin',
    DATABASE_URL: options.databaseUrl,
    SECRET_KEY: randomBytes(32).toString('base64'),
    PUBLIC_URL: 'http://localhost:4000',
    MAIL_TRANSPORT: 'smtp',
    SMTP_URL: `smtp://127.0.0.1:${options.smtpPort}`,
    MAIL_FROM: 'no-reply@example.com',
    JWT_ALGORITHM: 'ES256',
    BCRYPT_COST: '10',
    RATE_LIMIT_MULTIPLIER: '10000',
    MIGRATE_ON_START: 'false',
    SHUTDOWN_DELAY: '0s',
    HOST: '127.0.0.1',
  };
}

/** `latchkey start` from the sources; answers once it serves, with every worker. */
export async function startInstance(env: Environment, cores = bothCores): Promise<Instance> {
  const port = await freePort();
  const workers = Number(env['WORKERS'] ?? 1);
  const started = await start({
    args: ['--import', 'tsx', `${root}src/main.ts`, 'start'],
    env: { ...env, PORT: String(port) },
    ready: new RegExp(workers === 1 ? 'server\\.started' : `(worker\\.started[^]*){${workers}}`),
    cores,
  });
  return { ...started, port, url: `http://127.0.0.1:${port}` };
}

/** The same from `dist/`, with flags of Node's, as `npm start` does it; or another build's. */
export async function startBuilt(options: {
  readonly env: Environment;
  readonly cores: string;
  readonly nodeFlags: readonly string[];
  readonly command?: 'start' | 'dev';
  /** Where the other build's repository is. */
  readonly root?: string;
  /** A free one unless told, such as by PUBLIC_URL. */
  readonly port?: number;
}): Promise<Instance> {
  const port = options.port ?? (await freePort());
  const main = join(options.root || root, 'dist/main.js');
  const started = await start({
    args: [...options.nodeFlags, main, options.command ?? 'start'],
    env: { ...options.env, PORT: String(port) },
    ready: /server\.started|Latchkey is ready/,
    cores: options.cores,
  });
  return { ...started, port, url: `http://127.0.0.1:${port}` };
}

/** A command such as `latchkey keys rotate` from the sources: what `start` of `spawn` takes. */
export const commandLine: readonly string[] = ['--import', 'tsx', `${root}src/main.ts`];

/** The same of `npm run build`. */
export function builtCommandLine(): readonly string[] {
  if (!existsSync(`${root}dist/main.js`)) throw new UsageError('Run `npm run build` first.');
  return [`${root}bin/latchkey.js`];
}

export type Registered = {
  readonly email: string;
  readonly id: string;
  readonly accessToken: string;
  readonly refreshToken: string;
};

/** Registers and verifies with the mailed code. Rejects with the answer where a step is refused. */
export async function registerAccount(
  url: string,
  options: { email: string; smtp: SmtpStandIn },
): Promise<Registered> {
  const { email, smtp } = options;
  const challenge = await mutate(url, 'register', { email, password });
  if (challenge.__typename !== 'OtpChallenge')
    throw new Error(JSON.stringify(challenge).slice(0, 300));
  for (let waited = 0; waited < 120_000; waited += 20) {
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
