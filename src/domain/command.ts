import type { z } from 'zod';
import type { Context } from '../context.ts';
import { AuthError, type FieldError } from '../errors.ts';

/**
 * A domain verb with the single schema of its input. The schema runs only here; every invalid input
 * becomes one VALIDATION_FAILED that names each field and rule, never the value (GQ-10).
 */
export function command<Schema extends z.ZodType, Result>(
  schema: Schema,
  run: (ctx: Context, input: z.output<Schema>) => Promise<Result>,
): (ctx: Context, input: z.input<Schema>) => Promise<Result> {
  return async (ctx, input) => run(ctx, parseInput(schema, input));
}

/** Returns the parsed input. Throws VALIDATION_FAILED. */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new AuthError('VALIDATION_FAILED', {
    fields: result.error.issues.slice(0, 10).map(fieldError),
  });
}

function fieldError(issue: z.core.$ZodIssue): FieldError {
  return { path: issue.path.map(String).join('.'), code: codeOf(issue), message: issue.message };
}

function codeOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'custom' && typeof issue.params?.['code'] === 'string')
    return issue.params['code'];
  if (issue.code === 'too_small')
    return issue.input === '' || issue.minimum === 1 ? 'REQUIRED' : 'TOO_SHORT';
  if (issue.code === 'too_big') return 'TOO_LONG';
  return 'INVALID';
}
