import type { OtpChallenge } from '@latchkey/client';
import { useAuth, usePasskeys } from '@latchkey/client/react';
import { type FormEvent, useEffect, useState } from 'react';
import { Field } from '../parts/field.tsx';
import { Refused } from '../parts/refused.tsx';
import { Submit } from '../parts/submit.tsx';
import { problemOf, useAttempt } from '../parts/use-attempt.ts';
import { settings } from '../settings.ts';
import { text } from '../text.ts';

const t = text.secondStep;

type Props = {
  readonly challenge: OtpChallenge;
  /** Another step follows, or another code was sent. */
  readonly onChallenge: (challenge: OtpChallenge) => void;
  readonly onDone?: () => void;
  readonly onBack: () => void;
};

/** Meets a challenge by the app's code, a recovery code, a mailed code or a passkey. */
export function SecondStep({ challenge, onChallenge, onDone, onBack }: Props) {
  const { auth } = useAuth();
  const passkeys = usePasskeys();
  const [code, setCode] = useState('');
  const { isBusy, refusal, send } = useAttempt();
  const { id: challengeId, passkey, methods, sentTo } = challenge;

  type Met = OtpChallenge | { readonly __typename: 'AuthTokens' };
  function take({ answer }: { readonly answer: Met | null }): void {
    setCode('');
    if (answer === null) return;
    if ('methods' in answer) onChallenge(answer);
    else onDone?.();
  }

  async function verify(event: FormEvent): Promise<void> {
    event.preventDefault();
    take(await send(() => auth.verifyOtp({ challengeId, code })));
  }

  return (
    <form onSubmit={verify}>
      <Refused refusal={refusal} />
      {sentTo !== null && (
        <p>
          {t.sentTo} <bdi>{sentTo}</bdi>
        </p>
      )}
      {methods.includes('TOTP') && <p>{t.app}</p>}
      <Field
        label={t.code}
        name="code"
        autoComplete="one-time-code"
        inputMode={methods.includes('RECOVERY_CODE') ? 'text' : 'numeric'}
        dir="ltr"
        maxLength={40}
        required
        autoFocus
        value={code}
        onValue={setCode}
        hint={methods.includes('RECOVERY_CODE') ? t.recovery : undefined}
        problem={problemOf(refusal, 'code')}
      />
      <div className="actions">
        <Submit className="main" isBusy={isBusy} busyLabel={t.busy}>
          {t.action}
        </Submit>
        {passkey !== null && settings.passkeys && passkeys.isSupported && (
          <button
            type="button"
            onClick={async () => take(await send(() => passkeys.verify(passkey)))}
          >
            {t.passkey}
          </button>
        )}
        <button type="button" className="quiet" onClick={onBack}>
          {t.back}
        </button>
      </div>
      {challenge.resendAvailableAt !== null && (
        <Resend key={challenge.id} challenge={challenge} onChallenge={onChallenge} />
      )}
    </form>
  );
}

/** Another code, from the time on at which the server takes the wish. */
function Resend({ challenge, onChallenge }: Pick<Props, 'challenge' | 'onChallenge'>) {
  const { auth } = useAuth();
  const { isBusy, refusal, send } = useAttempt();
  const wait = useSecondsUntil(challenge.resendAvailableAt);

  async function resend(): Promise<void> {
    const { answer } = await send(() => auth.resendOtp({ challengeId: challenge.id }));
    if (answer !== null) onChallenge(answer);
  }

  return (
    <div className="aside">
      <Refused refusal={refusal} />
      {wait > 0 ? (
        <p className="hint">{t.resendIn(wait)}</p>
      ) : (
        <Submit type="button" isBusy={isBusy} busyLabel={t.resendBusy} onClick={resend}>
          {t.resend}
        </Submit>
      )}
    </div>
  );
}

function useSecondsUntil(at: string | null): number {
  const [now, setNow] = useState(() => Date.now());
  const seconds = at === null ? 0 : Math.ceil((Date.parse(at) - now) / 1000);
  const isOver = seconds <= 0;
  useEffect(() => {
    if (isOver) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isOver]);
  return Math.max(seconds, 0);
}
