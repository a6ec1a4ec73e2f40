import { useCallback, useEffect, useRef, useState } from 'react';
import {
  type CodeStep,
  isChallenge,
  type Outcome,
  type SecondStep,
  useChallengeStep,
  wantsProof,
} from './challenge-step.ts';
import type { OtpChallenge } from './operations.ts';
import { useAuth } from './use-auth.ts';
import { usePasskeys } from './use-passkeys.ts';
import { type Progress, useWork } from './use-submit.ts';

/** The user has to prove who they are. */
export type ProofStep = {
  readonly step: 'proof';
  prove(input: { readonly password: string }): Promise<void>;
  /** Without the password: a passkey of the account, or a code that is mailed. */
  proveOtherwise(): Promise<void>;
  back(): void;
};

export type StepUpOptions = {
  /** Asks first where the server would: for `logout({ everywhere: true })`, say. */
  readonly proveFirst?: boolean;
};

export type StepUp = Progress & {
  /**
   * Does what may take a recent proof. Where the server answers STEP_UP_REQUIRED, `step` asks the
   * user for it, and the work is done once more; null where the user went back.
   */
  run<Result>(work: () => Promise<Result>, options?: StepUpOptions): Promise<Result | null>;
} & ({ readonly step: 'idle' } | ProofStep | CodeStep | SecondStep);

type Waiting = { readonly again: () => void; readonly giveUp: () => void };

/** Asks for a recent proof where the server wants one, and goes on with what was begun. */
export function useStepUp(): StepUp {
  const { auth } = useAuth();
  const { isSupported, ...passkeys } = usePasskeys();
  const { run: send, show, ...progress } = useWork();
  const [stage, setStage] = useState<'idle' | 'proof' | OtpChallenge>('idle');
  const waiting = useRef<Waiting | null>(null);

  const settle = useCallback((how: keyof Waiting) => {
    const { current } = waiting;
    waiting.current = null;
    setStage('idle');
    current?.[how]();
  }, []);
  useEffect(() => () => settle('giveUp'), [settle]);

  const run = useCallback<StepUp['run']>(
    async <Result>(work: () => Promise<Result>, { proveFirst = false }: StepUpOptions = {}) => {
      const isDue = proveFirst && auth.needsStepUp();
      const result = isDue ? null : await work();
      if (!isDue && !wantsProof(result)) return result;
      settle('giveUp');
      show(null);
      setStage('proof');
      return new Promise<Result | null>((resolve, reject) => {
        waiting.current = {
          again: () => void work().then(resolve, reject),
          giveUp: () => resolve(null),
        };
      });
    },
    [auth, settle, show],
  );

  const back = (): void => {
    show(null);
    settle('giveUp');
  };
  const take = (outcome: Outcome): void => {
    if (isChallenge(outcome)) setStage(outcome);
    else if (outcome) settle('again');
  };
  const challenge = typeof stage === 'object' ? stage : null;
  const work = { ...progress, run: send, show };
  const step = useChallengeStep({
    auth,
    passkeys: { ...passkeys, isSupported },
    work,
    challenge,
    take,
    back,
  });
  if (step) return { ...progress, run, ...step };
  if (stage === 'idle') return { ...progress, run, step: 'idle' };
  return {
    ...progress,
    run,
    step: 'proof',
    prove: async ({ password }) => take(await send(() => auth.reauthenticate({ password }))),
    proveOtherwise: async () => {
      const begun = await send(() => auth.reauthenticate({}));
      take(begun);
      if (!isChallenge(begun) || !begun.passkey || !isSupported) return;
      const { passkey } = begun;
      take(await send(() => passkeys.verify(passkey)));
    },
    back,
  };
}
