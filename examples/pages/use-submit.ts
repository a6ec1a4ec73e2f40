import type { AuthError } from '@latchkey/client';
import { type FormEvent, useState } from 'react';
import { messageOf } from './use-action.ts';

export type Problem = Pick<AuthError, 'message'> & Partial<Pick<AuthError, 'code' | 'fields'>>;

type Outcome = { readonly __typename: string };
type Success<Result extends Outcome> = Exclude<Result, { readonly __typename: 'AuthError' }>;

export type Submit = {
  readonly problem: Problem | null;
  readonly pending: boolean;
  readonly onSubmit: (event: FormEvent<HTMLFormElement>) => Promise<void>;
};

/**
 * A form that sends one mutation. Outcomes other than success are shown in it; `text` reads a
 * field.
 */
export function useSubmit<Result extends Outcome>(
  send: (text: (name: string) => string) => Promise<Result>,
  done: (result: Success<Result>) => void,
): Submit {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [pending, setPending] = useState(false);

  const onSubmit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setPending(true);
    try {
      const result = await send((name) => String(form.get(name) ?? ''));
      setProblem(isAuthError(result) ? result : null);
      if (isSuccess(result)) done(result);
    } catch (error) {
      setProblem({ message: messageOf(error) });
    } finally {
      setPending(false);
    }
  };
  return { problem, pending, onSubmit };
}

function isAuthError(result: Outcome): result is Outcome & AuthError {
  return result.__typename === 'AuthError';
}

function isSuccess<Result extends Outcome>(result: Result): result is Success<Result> {
  return result.__typename !== 'AuthError';
}
