import { type DestinationStream, type Logger, pino } from 'pino';
import type { Config } from '../config/read-config.ts';
import { standardOutput } from './log-output.ts';

const secretNames = [
  'password',
  'currentPassword',
  'newPassword',
  'token',
  'accessToken',
  'refreshToken',
  'secret',
].concat('challengeId', 'authorization', 'cookie');

/**
 * The log: one JSON object a line (LG-5), UTC. Each call chooses what it logs; headers, bodies,
 * variables and query text are never logged (LG-3). `destination` defaults to standard output.
 */
export function createLog(
  config: Pick<Config, 'logLevel'>,
  destination: DestinationStream = standardOutput(),
): Logger {
  const options = {
    level: config.logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError, error: describeError },
    hooks: { logMethod: withoutErrorMessages, streamWrite: escapeControls },
    // A safety net for a call that logs a whole object by mistake.
    redact: {
      // Not `*.code`: that is an error's code.
      paths: ['code', 'input.code', ...secretNames.flatMap((name) => [name, `*.${name}`])],
      censor: '***',
    },
  };
  return pino(options, destination);
}

/**
 * JSON allows these characters unescaped; terminals and some line readers take them for control
 * sequences and line ends (LG-5).
 */
function escapeControls(line: string): string {
  return line.replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * SECURITY: when an error is logged without a text, pino uses its message and bypasses every
 * serializer (LG-4).
 */
function withoutErrorMessages(
  this: Logger,
  args: Parameters<pino.LogFn>,
  method: pino.LogFn,
): void {
  const [first, text]: readonly unknown[] = args;
  const fields = first instanceof Error ? { err: first } : first;
  const hasError = typeof fields === 'object' && fields !== null && 'err' in fields;
  if (hasError && typeof text !== 'string') method.call(this, fields, 'An error.');
  else method.apply(this, args);
}

type DescribedError = {
  type: string;
  code?: string;
  message?: string;
  stack?: string;
  cause?: DescribedError;
};

/**
 * What the log keeps of an error, by name. SECURITY: messages of Drizzle and the drivers contain
 * SQL, parameters and values, and those of graphql-js quote input; of these errors only kind, code
 * and frames are kept (LG-4).
 */
export function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error };
  const quotesInput =
    /Drizzle|Postgres|Database|GraphQL|Zod|SyntaxError/.test(
      `${error.name} ${error.constructor.name}`,
    ) || 'query' in error;
  const code =
    'code' in error && (typeof error.code === 'string' || typeof error.code === 'number')
      ? String(error.code)
      : null;
  const frames = framesOf(error);
  return {
    type: error.constructor.name,
    ...(code === null ? {} : { code }),
    ...(quotesInput || depth > 0 ? {} : { message: error.message }),
    ...(frames ? { stack: frames } : {}),
    ...(error.cause instanceof Error && depth < 3
      ? { cause: describeError(error.cause, depth + 1) }
      : {}),
  };
}

/**
 * The stack's frames. SECURITY: a stack begins with the message, and a line of a value may look
 * like a frame; so only what follows the message.
 */
function framesOf({ stack = '', message }: Error): string {
  const start = stack.indexOf(message);
  if (start === -1) return '';
  const lines = stack.slice(start + message.length).split('\n');
  return lines
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 12)
    .join('\n');
}
