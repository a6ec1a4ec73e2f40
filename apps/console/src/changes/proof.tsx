import { useQuery } from '@apollo/client/react';
import type { OtpChallenge } from '@latchkey/client';
import { useAuth, usePasskeys } from '@latchkey/client/react';
import { type FormEvent, useMemo, useState } from 'react';
import { proofDocument } from '../api/documents.ts';
import { Field } from '../parts/field.tsx';
import { Refused } from '../parts/refused.tsx';
import { Submit } from '../parts/submit.tsx';
import { problemOf, type Refusal, useAttempt } from '../parts/use-attempt.ts';
import { SecondStep } from '../session/second-step.tsx';
import { settings } from '../settings.ts';
import { text } from '../text.ts';

const t = text.proof;

type Props = {
  /** Why the change was refused, where the proof before did not suffice. */
  readonly refusal: Refusal | null;
  readonly onProved: () => void;
  readonly onBack: () => void;
};

/** The step-up, in the dialog that needs it: the password and the second factor, or a passkey. */
export function Proof({ refusal: before, onProved, onBack }: Props) {
  const [challenge, setChallenge] = useState<OtpChallenge | null>(null);
  return (
    <section className="proof" aria-label={t.title}>
      <h3>{t.title}</h3>
      {challenge === null ? (
        <FirstProof {...{ before, onProved, onBack }} onChallenge={setChallenge} />
      ) : (
        <SecondStep
          challenge={challenge}
          onChallenge={setChallenge}
          onDone={onProved}
          onBack={() => setChallenge(null)}
        />
      )}
    </section>
  );
}

/** Who it is stands fast here: only the password can be wrong. */
function wrongPassword(refusal: Refusal | null): Refusal | null {
  return refusal?.code === 'INVALID_CREDENTIALS'
    ? { ...refusal, message: t.wrongPassword }
    : refusal;
}

type FirstProofProps = Pick<Props, 'onProved' | 'onBack'> & {
  readonly before: Refusal | null;
  readonly onChallenge: (challenge: OtpChallenge) => void;
};

function FirstProof({ before, onProved, onBack, onChallenge }: FirstProofProps) {
  const { auth } = useAuth();
  const passkeys = usePasskeys();
  const { data } = useQuery(proofDocument);
  const [password, setPassword] = useState('');
  const { isBusy, refusal, send } = useAttempt();
  // The same object while it is the same refusal, which gets the focus once.
  const shown = useMemo(() => wrongPassword(refusal), [refusal]);
  const hasPasskey = settings.passkeys && passkeys.isSupported && (data?.me?.passkeyCount ?? 0) > 0;

  async function byPassword(event: FormEvent): Promise<void> {
    event.preventDefault();
    const { answer, refusal: refused } = await send(() => auth.reauthenticate({ password }));
    if (refused !== null) setPassword('');
    if (answer?.__typename === 'OtpChallenge') onChallenge(answer);
    if (answer?.__typename === 'AuthTokens') onProved();
  }

  async function byPasskey(): Promise<void> {
    const { answer } = await send(async () => {
      const begun = await auth.reauthenticate({});
      return begun.__typename === 'OtpChallenge' && begun.passkey
        ? passkeys.verify(begun.passkey)
        : begun;
    });
    if (answer?.__typename === 'OtpChallenge') onChallenge(answer);
    if (answer?.__typename === 'AuthTokens') onProved();
  }

  return (
    <form onSubmit={(event) => void byPassword(event)}>
      <p className="hint">{t.text}</p>
      <Refused refusal={shown ?? before} />
      <Field
        label={text.signIn.password}
        type="password"
        name="password"
        autoComplete="current-password"
        required
        autoFocus
        value={password}
        onValue={setPassword}
        problem={problemOf(refusal, 'password')}
      />
      <div className="actions">
        <Submit className="main" isBusy={isBusy} busyLabel={text.secondStep.busy}>
          {text.secondStep.action}
        </Submit>
        {hasPasskey && (
          <button type="button" onClick={() => void byPasskey()}>
            {text.secondStep.passkey}
          </button>
        )}
        <button type="button" className="quiet" onClick={onBack}>
          {t.back}
        </button>
      </div>
    </form>
  );
}
