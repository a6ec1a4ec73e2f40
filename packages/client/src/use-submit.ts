import { type FormEvent, useCallback, useRef, useState } from 'react';
import { type Problem, problemOf, thrownProblem } from './problem.ts';
import { useCountdown } from './use-countdown.ts';

/** What is left of a result once nothing was refused. */
export type Success<Result> = Exclude<Result, { readonly __typename: `${string}Error` }>;

/** How what was sent last is doing. */
export type Progress = {
  /** Whether an answer is awaited. Meanwhile nothing else is sent. */
  readonly pending: boolean;
  /** What kept it from being done; null where nothing did, or the user has cancelled it. */
  readonly problem: Problem | null;
  /** What the server says of each field of the input. */
  readonly fields: Readonly<Partial<Record<string, string>>>;
  /** Seconds until another try is worth it, counted down; 0 where it is now. */
  readonly retryAfter: number;
};

export type Submit<Input, Result> = Progress & {
  /** Sends it. Never rejects; null where it was refused. */
  submit(input: Input): Promise<Success<Result> | null>;
};

/** Work with its progress, for hooks that send more than one thing. */
export type Work = Progress & {
  run<Result>(work: () => Promise<Result>): Promise<Success<Result> | null>;
  /** Shows a problem that came otherwise, or none. */
  show(problem: Problem | null): void;
};

/**
 * Sends what a form or a button sends, one at a time: any mutation, or a function that rejects.
 * `onSuccess` gets the outcome, narrowed to what is no refusal.
 */
export function useSubmit<Input, Result>(
  send: (input: Input) => Promise<Result>,
  onSuccess?: (result: Success<Result>) => unknown,
): Submit<Input, Result> {
  const { run, show, ...progress } = useWork();
  return {
    ...progress,
    submit: async (input) => {
      let isDone = false;
      const result = await run(async () => {
        const answer = await send(input);
        isDone = problemOf(answer) === null;
        return answer;
      });
      if (isDone) onSuccess?.(result as Success<Result>);
      return result;
    },
  };
}

export function useWork(): Work {
  const [{ pending, problem }, setState] = useState<{ pending: boolean; problem: Problem | null }>({
    pending: false,
    problem: null,
  });
  const isBusy = useRef(false);

  const show = useCallback((next: Problem | null) => {
    setState({ pending: false, problem: next?.code === 'CANCELLED' ? null : next });
  }, []);

  const run = useCallback<Work['run']>(
    async <Result>(work: () => Promise<Result>) => {
      // A second press of the button, before it is disabled.
      if (isBusy.current) return null;
      isBusy.current = true;
      setState({ pending: true, problem: null });
      try {
        const result = await work();
        const refusal = problemOf(result);
        show(refusal);
        return refusal ? null : (result as Success<Result>);
      } catch (error) {
        show(thrownProblem(error));
        return null;
      } finally {
        isBusy.current = false;
      }
    },
    [show],
  );

  const fields: Record<string, string> = {};
  for (const { path, message } of problem?.fields ?? [])
    fields[path] = fields[path] === undefined ? message : `${fields[path]} ${message}`;
  const retryAfter = useCountdown(problem?.retryAfter, problem);
  return { pending, problem, fields, retryAfter, run, show };
}

/** What a form can give: its named fields are texts. */
type Texts<Input> = { readonly [Name in keyof Input]: string | null | undefined };

/**
 * An `onSubmit` that calls a function with the form's named fields. The page is not left. A field
 * that the form lacks is undefined.
 */
export function withForm<Input extends Texts<Input>>(
  act: (input: Input) => unknown,
): (event: FormEvent<HTMLFormElement>) => void {
  return (event) => {
    event.preventDefault();
    act(Object.fromEntries(new FormData(event.currentTarget)) as Input);
  };
}
