import { type DestinationStream, type Logger, pino } from 'pino';
import type { Config } from '../config.ts';

/**
 * The log: one JSON object a line (LG-5), UTC. What goes in is chosen where it is written; headers, bodies, variables and query
 * text never do (LG-3). `destination` is standard output unless told.
 */
export function createLog(config: Pick<Config, 'logLevel' | 'mode'>, destination?: DestinationStream): Logger {
  const options = {
    level: config.logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError, error: describeError },
    // A net below the rule, for the day that somebody logs a whole object.
    redact: {
      paths: [
        'password',
        'token',
        'code',
        'authorization',
        'cookie',
        '*.password',
        '*.token',
        '*.authorization',
        '*.cookie',
      ],
      censor: '***',
    },
  };
  if (destination) return pino(options, destination);
  if (config.mode === 'development') {
    return pino({ ...options, transport: { target: 'pino-pretty', options: { colorize: true, ignore: 'level' } } });
  }
  return pino(options);
}

type DescribedError = { type: string; code?: string; message?: string; stack?: string; cause?: DescribedError };

/**
 * What the log keeps of an error, by name. SECURITY: the messages of drizzle and of the drivers hold SQL, parameters and values, and
 * graphql-js quotes input in its own; of those only the kind, the code and the frames stay (LG-4).
 */
export function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error };
  const quotesInput =
    /Drizzle|Postgres|GraphQL|Zod|SyntaxError/.test(`${error.name} ${error.constructor.name}`) || 'query' in error;
  const code =
    'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? String(error.code) : null;
  const frames = error.stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 12)
    .join('\n');
  return {
    type: error.constructor.name,
    ...(code === null ? {} : { code }),
    ...(quotesInput || depth > 0 ? {} : { message: error.message }),
    ...(frames ? { stack: frames } : {}),
    ...(error.cause instanceof Error && depth < 3 ? { cause: describeError(error.cause, depth + 1) } : {}),
  };
}
