import type { AuthTokens, OtpChallenge } from '@latchkey/client';
import { useAuth } from '@latchkey/client/react';
import { useState } from 'react';
import { Field, Form } from './form.tsx';
import { PasskeyProof } from './passkey-proof.tsx';
import { useAction } from './use-action.ts';
import { useSubmit } from './use-submit.ts';

type Props = {
  challenge: Pick<OtpChallenge, 'id' | 'methods' | 'sentTo' | 'passkey'>;
  onTokens: (tokens: AuthTokens) => void;
};

/** Completes a challenge: a code from the mailbox or the authenticator app, or a recovery code. */
export function CodeForm({ challenge, onTokens }: Props) {
  const { auth } = useAuth();
  const [current, setCurrent] = useState(challenge);
  const [isRecovery, setRecovery] = useState(false);
  const [isResent, setResent] = useState(false);
  const { problem, act } = useAction();
  const isApp = current.methods.includes('TOTP');
  const submit = useSubmit(
    (text) =>
      auth.verifyOtp({
        challengeId: current.id,
        code: text('code'),
        ...(isRecovery ? { method: 'RECOVERY_CODE' as const } : {}),
      }),
    (result) => {
      if (result.__typename === 'AuthTokens') onTokens(result);
      // The mailed code was right, and the app is asked for next.
      else setCurrent(result);
    },
  );

  const resend = async () => {
    const answer = await auth.resendOtp({ challengeId: current.id });
    if (answer.__typename === 'OtpChallenge') setCurrent(answer);
    setResent(answer.__typename === 'OtpChallenge');
    return answer;
  };

  return (
    <>
      <p>{wordsFor(current, isRecovery)}</p>
      <Form submit={submit} button="Confirm" key={current.id}>
        <Field
          name="code"
          label="Code"
          problem={submit.problem}
          autoComplete="one-time-code"
          inputMode={isRecovery ? 'text' : 'numeric'}
          required
          autoFocus
        />
      </Form>
      {current.methods.includes('RECOVERY_CODE') && (
        <button type="button" className="link" onClick={() => setRecovery(!isRecovery)}>
          {isRecovery ? 'Use the authenticator app' : 'Use a recovery code'}
        </button>
      )}
      {!isApp && (
        <button type="button" className="link" onClick={() => act(resend)}>
          Send another code
        </button>
      )}
      {current.passkey && (
        <PasskeyProof challenge={current.passkey} onTokens={onTokens} onChallenge={setCurrent} />
      )}
      <p role="status">{isResent && 'A new code is on its way.'}</p>
      <p className="problem" role="alert">
        {problem}
      </p>
    </>
  );
}

function wordsFor({ methods, sentTo }: Props['challenge'], isRecovery: boolean): string {
  if (isRecovery) return 'Type one of the recovery codes that you kept. Each works once.';
  if (methods.includes('TOTP')) return 'Type the code that your authenticator app shows.';
  return `We have sent a code to ${sentTo ?? 'your address'}.`;
}
