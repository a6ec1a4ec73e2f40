import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { TestServer } from './app.ts';
import { testConfig } from './app.ts';
import { bundledProgram } from './compiled.ts';

export type Run = {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** A valid SECRET_KEY for a server whose database a command uses. */
export const strongKey: Uint8Array = randomBytes(32);

/** An environment with no configuration, only the path of executables. */
export const bareEnvironment: Readonly<Record<string, string>> = {
  PATH: process.env['PATH'] ?? '',
};

/**
 * The environment in which a command uses the database of a server. Needs PostgreSQL, and a server
 * with `strongKey`.
 */
export function productionEnvironment(
  server: Pick<TestServer, 'database' | 'app'>,
): Record<string, string> {
  const { url } = server.database;
  if (url === null) throw new Error('PGlite accepts no second client: name the file *.test.ts.');
  const [secretKey] = server.app.config.secretKeys;
  return {
    ...bareEnvironment,
    DATABASE_URL: url,
    SECRET_KEY: Buffer.from(secretKey ?? []).toString('base64'),
    PUBLIC_URL: 'http://localhost:4000',
    APP_URL: testConfig.appUrl,
    MAIL_TRANSPORT: 'smtp',
    SMTP_URL: 'smtp://127.0.0.1:9',
    MAIL_FROM: 'no-reply@example.com',
    JWT_ALGORITHM: 'ES256',
  };
}

/** Starts the command `latchkey`, built from the current sources, in a process of its own. */
export function startCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [bundledProgram(), ...args], { env });
}

/** Runs the same command to its end; `input` is its standard input. */
export async function runCommand(
  args: readonly string[],
  options: { env: Readonly<Record<string, string>>; input?: string },
): Promise<Run> {
  const child = startCommand(args, options.env);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.end(options.input ?? '');
  await once(child, 'close');
  return { status: child.exitCode, stdout, stderr };
}
