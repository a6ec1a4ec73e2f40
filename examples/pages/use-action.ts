import { useState } from 'react';

export type Action = {
  /** What went wrong, for the user to read; empty if nothing did. */
  readonly problem: string;
  /**
   * Runs the button's action. An outcome other than success, or an answer that never came, becomes
   * `problem`.
   */
  readonly act: (
    work: () => Promise<{ readonly __typename: string; readonly message?: string }>,
  ) => Promise<void>;
};

/** A button that sends a mutation. */
export function useAction(): Action {
  const [problem, setProblem] = useState('');
  const act: Action['act'] = async (work) => {
    try {
      const { __typename, message } = await work();
      setProblem(__typename === 'AuthError' ? (message ?? '') : '');
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  return { problem, act };
}

/** What to show of an error that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'Something went wrong.';
}
