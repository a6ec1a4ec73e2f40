import type { z } from 'zod';
import type { Context } from '../../context.ts';
import { command } from '../command.ts';
import { requireAdminToChange } from './require-admin.ts';

/**
 * A `command` for administrators. The caller is checked before the input, so that non-admins learn
 * nothing of its rules (AZ-4).
 */
export function adminCommand<Schema extends z.ZodType, Result>(
  schema: Schema,
  run: (ctx: Context, input: z.output<Schema>) => Promise<Result>,
): (ctx: Context, input: z.input<Schema>) => Promise<Result> {
  const parsed = command(schema, run);
  return async (ctx, input) => {
    requireAdminToChange(ctx);
    return parsed(ctx, input);
  };
}
