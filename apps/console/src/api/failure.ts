import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { RequestError, UnreachableError } from '@latchkey/client';
import { text } from '../text.ts';

/** Why an answer is no data: what a person is told, and whether trying again may help. */
export type Failure = {
  readonly code: string;
  readonly message: string;
};

export function failureOf(error: unknown): Failure {
  const [code, message] = codeOf(error);
  return { code, message: text.failures[code] ?? message ?? text.failures['UNKNOWN'] ?? '' };
}

function codeOf(error: unknown): [code: string, message?: string | undefined] {
  if (error instanceof UnreachableError) return ['UNREACHABLE'];
  if (error instanceof CombinedGraphQLErrors) {
    const [first] = error.errors;
    return [String(first?.extensions?.['code'] ?? 'UNKNOWN'), first?.message];
  }
  if (error instanceof RequestError)
    return [error.code ?? (error.status >= 500 ? 'UNREACHABLE' : 'UNKNOWN'), error.message];
  // What fetch throws where there is no answer.
  if (error instanceof TypeError) return ['UNREACHABLE'];
  if (error instanceof Error && 'statusCode' in error) return ['UNREACHABLE'];
  return ['UNKNOWN'];
}
