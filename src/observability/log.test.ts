import { GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { users } from '../db/tables/users.ts';
import { testConfig } from '../testing/app.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { createLog, describeError } from './log.ts';

const canary = 'CANARY-4711';

let lines: string[] = [];
function logTo(): Logger {
  lines = [];
  return createLog(
    { ...testConfig, logLevel: 'trace' },
    { write: (line) => void lines.push(line) },
  );
}
const parsed = () => lines.map((line) => JSON.parse(line));

describe('errors in the log', () => {
  let test: TestDatabase;
  let drizzleErrors: Error[];
  beforeAll(async () => {
    test = await createTestDatabase();
    const { db } = test.database;
    const row = {
      id: '01900000-0000-7000-8000-00000000000a',
      email: canary,
      emailCanonical: canary,
      createdAt: new Date(),
    };
    await db.insert(users).values(row);
    const failures = [
      // A unique violation, whose detail quotes the value; a value of the wrong type; and one that
      // looks like a stack.
      db.insert(users).values(row),
      db.insert(users).values({ ...row, id: canary }),
      db.insert(users).values({
        ...row,
        id: '01900000-0000-7000-8000-00000000000b',
        name: `x\n    at ${canary} (file.js:1:1)`,
      }),
    ];
    drizzleErrors = await Promise.all(
      failures.map((failure) =>
        failure.then(
          () => new Error('It did not fail.'),
          (error: unknown) => (error instanceof Error ? error : new Error('No error.')),
        ),
      ),
    );
  });
  afterAll(() => test.drop());

  it('LG-4 no value of a real DrizzleQueryError reaches the log, however logged', () => {
    for (const error of drizzleErrors) {
      expect(error.constructor.name).toBe('DrizzleQueryError');
      expect(error.message).toContain(canary);
      const log = logTo();
      log.error(error);
      log.error(error, 'with a text');
      log.error({ err: error });
      log.error({ err: error }, 'with a text');
      log.error({ error }, 'under another name');
      log.error({ err: new Error('outer', { cause: error }) }, 'as a cause');
      log.error(
        { err: new GraphQLError(error.message, { originalError: error }) },
        'inside of a GraphQLError',
      );
      log.child({ requestId: 'x' }).error(error);
      expect(lines).toHaveLength(8);
      const text = lines.join('');
      expect(text).not.toMatch(/CANARY|Failed query|insert into|params:/);
      for (const line of parsed()) expect(line.level).toBe('error');
      expect(parsed()[3]).toMatchObject({
        err: { type: 'DrizzleQueryError', cause: { type: 'PostgresError' } },
      });
      expect(parsed()[3].err.cause.code).toMatch(/^(23505|22P02)$/);
      expect(parsed()[3].err.stack).toMatch(/^ {4}at /);
    }
  });

  it('LG-4 neither do messages that quote input: of graphql-js, JSON, zod', () => {
    const errors = [
      new GraphQLError(`Variable "$input" got invalid value { password: "${canary}" }`),
      attempt(() => JSON.parse(`{"password": ${canary}`)),
      z.object({ password: z.literal(canary) }).safeParse({ password: 1, [canary]: 1 }).error,
      Object.assign(new Error(`bind message has ${canary}`), {
        query: `select '${canary}'`,
        parameters: [canary],
      }),
    ];
    const log = logTo();
    for (const error of errors) {
      log.error({ err: error }, 'text');
      log.error(error);
    }
    expect(lines).toHaveLength(8);
    expect(lines.join('')).not.toContain('CANARY');
  });

  it('LG-4 keeps kind, code and frames of an error, and the message of our own', () => {
    const error = Object.assign(new TypeError('No signing key is active.'), {
      code: 'E_KEYS',
      secret: canary,
    });
    const described = describeError(error);
    expect(described).toMatchObject({
      type: 'TypeError',
      code: 'E_KEYS',
      message: 'No signing key is active.',
    });
    expect(described.stack?.split('\n').every((line) => /^ {4}at /.test(line))).toBe(true);
    expect(JSON.stringify(described)).not.toContain(canary);
    for (const thrown of [canary, { password: canary }, null, undefined, 5]) {
      expect(JSON.stringify(describeError(thrown))).not.toContain(canary);
    }
    // A chain of causes is cut, also when it is circular.
    const circle = new Error('a');
    circle.cause = circle;
    expect(JSON.stringify(describeError(circle)).length).toBeLessThan(20_000);
  });
});

function attempt(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe('lines of the log', () => {
  const hostile = [
    'a\r\n{"level":"fatal","msg":"forged"}',
    'a\n{"level":"fatal"}\n',
    '\u001b[2J\u001b[31mred',
    'a\u2028{"level":"fatal"}\u2029',
    'a\u0000b\u0008\u007f\u0085',
    '"}{"level":"fatal","x":"',
    '\ud800',
    '\\u000a\\n',
  ];

  it('LG-5 are one valid JSON object each, whatever text is logged', () => {
    const log = logTo();
    for (const text of hostile) {
      log.info({ event: text, [text]: text, nested: { [text]: [text] } }, text);
      log.child({ requestId: text }).error({ err: new Error(text), operationName: text }, text);
      log.warn(text);
    }
    expect(lines).toHaveLength(hostile.length * 3);
    for (const line of lines) {
      expect(line.endsWith('\n')).toBe(true);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for them.
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f]/);
      expect(JSON.parse(line).level).not.toBe('fatal');
    }
  });

  it('LG-5 hold no character that a terminal or a line reader interprets', () => {
    const log = logTo();
    for (const text of hostile) log.info({ event: text }, text);
    for (const line of lines) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for them.
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    }
  });

  it('LG-3 omit members with a secret’s name when a whole object is logged', () => {
    const log = logTo();
    for (const name of [
      'password',
      'token',
      'authorization',
      'cookie',
      'newPassword',
      'accessToken',
      'refreshToken',
      'secret',
    ]) {
      log.info({ [name]: canary }, 'x');
      log.info({ input: { [name]: canary } }, 'x');
      log.info({ headers: { [name]: canary } }, 'x');
    }
    log.info({ code: canary, input: { code: canary } }, 'x');
    expect(lines.filter((line) => line.includes(canary))).toEqual([]);
  });

  it('have a UTC time and a level', () => {
    const log = logTo();
    log.warn('text');
    expect(parsed()).toEqual([
      {
        level: 'warn',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        msg: 'text',
      },
    ]);
  });
});
