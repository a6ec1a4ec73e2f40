import { useState } from 'react';

export type Action = {
  /** What went wrong, for the user to read; empty if nothing did. */
  readonly problem: string;
  /**
   * Runs the button's action. An outcome other than success, or an answer that never came, becomes
   * `problem`.
   */
  readonly act: (work: () => Promise<Outcome>) => Promise<void>;
};

type Outcome = {
  readonly __typename: string;
  readonly code?: string;
  readonly message?: string;
};

/** A button that sends a mutation. */
export function useAction(): Action {
  const [problem, setProblem] = useState('');
  const act: Action['act'] = async (work) => {
    try {
      setProblem(problemOf(await work()));
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  return { problem, act };
}

/** What to show of an outcome: nothing of a success, or of what the user has cancelled. */
export function problemOf({ __typename, code, message }: Outcome): string {
  const isProblem = __typename.endsWith('Error') && code !== 'CANCELLED';
  return isProblem ? (message ?? '') : '';
}

/** What to show of an error that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'Something went wrong.';
}
