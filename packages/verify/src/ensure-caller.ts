import { GraphQLError } from 'graphql';
import type { Caller } from './create-verifier.ts';
import { anonymous, type Denial, type Guard, judge } from './guards.ts';

/**
 * The caller of a resolver, let in by every guard. Throws a GraphQLError with `code`, `reason` and,
 * where a step-up helps, `maxAge` or `factor` in its extensions.
 */
export function ensureCaller(
  caller: Caller | null | undefined,
  ...guards: readonly Guard[]
): Caller {
  const denial = judge(caller ?? null, guards);
  if (denial === null && caller) return caller;
  throw errorOf(denial ?? anonymous);
}

/** The error of a field that is refused. The rest of the answer is as it would be. */
export function errorOf({
  message,
  status: _,
  challenge: __,
  ...extensions
}: Denial): GraphQLError {
  return new GraphQLError(message, { extensions });
}
