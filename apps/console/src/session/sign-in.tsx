import type { OtpChallenge, SignedOutReason } from '@latchkey/client';
import { useAuth, usePasskeys } from '@latchkey/client/react';
import { type FormEvent, useState } from 'react';
import { Alone } from '../parts/alone.tsx';
import { Field } from '../parts/field.tsx';
import { Refused } from '../parts/refused.tsx';
import { Submit } from '../parts/submit.tsx';
import { problemOf, useAttempt } from '../parts/use-attempt.ts';
import { settings } from '../settings.ts';
import { text } from '../text.ts';
import { SecondStep } from './second-step.tsx';

const t = text.signIn;

/** Password, then the second factor; or a passkey. What follows is told by the answer. */
export function SignIn({ reason }: { reason: SignedOutReason | null }) {
  const [challenge, setChallenge] = useState<OtpChallenge | null>(null);
  const [email, setEmail] = useState('');
  if (challenge !== null)
    return (
      <Alone key="second" title={text.secondStep.title}>
        <SecondStep
          challenge={challenge}
          onChallenge={setChallenge}
          onBack={() => setChallenge(null)}
        />
      </Alone>
    );
  return (
    <Alone key="first" title={t.title}>
      {reason !== null && <p className="notice">{t.reasons[reason]}</p>}
      <FirstStep email={email} onEmail={setEmail} onChallenge={setChallenge} />
      {settings.accountPages !== null && (
        <p className="aside">
          <a href={`${settings.accountPages}/forgot-password`}>{t.forgot}</a>
        </p>
      )}
    </Alone>
  );
}

type FirstStepProps = {
  readonly email: string;
  readonly onEmail: (email: string) => void;
  readonly onChallenge: (challenge: OtpChallenge) => void;
};

function FirstStep({ email, onEmail, onChallenge }: FirstStepProps) {
  const { auth } = useAuth();
  const [password, setPassword] = useState('');
  const { isBusy, refusal, send } = useAttempt();
  const passkeys = usePasskeys(settings.passkeys ? { onAutofill: (result) => take(result) } : {});

  async function take(result: Awaited<ReturnType<typeof passkeys.signIn>>): Promise<void> {
    const { answer } = await send(() => Promise.resolve(result));
    if (answer?.__typename === 'OtpChallenge') onChallenge(answer);
  }

  async function signIn(event: FormEvent): Promise<void> {
    event.preventDefault();
    const { answer, refusal: refused } = await send(() => auth.login({ email, password }));
    // Tokens change what is shown by themselves.
    if (answer?.__typename === 'OtpChallenge') onChallenge(answer);
    if (refused !== null) setPassword('');
  }

  async function withPasskey(): Promise<void> {
    const { answer } = await send(() => passkeys.signIn());
    if (answer?.__typename === 'OtpChallenge') onChallenge(answer);
  }

  return (
    <form onSubmit={signIn}>
      <Refused refusal={refusal} />
      <Field
        label={t.email}
        type="email"
        name="email"
        autoComplete={settings.passkeys ? 'username webauthn' : 'username'}
        dir="ltr"
        required
        value={email}
        onValue={onEmail}
        problem={problemOf(refusal, 'email')}
      />
      <Field
        label={t.password}
        type="password"
        name="password"
        autoComplete="current-password"
        required
        value={password}
        onValue={setPassword}
        problem={problemOf(refusal, 'password')}
      />
      <div className="actions">
        <Submit className="main" isBusy={isBusy} busyLabel={t.busy}>
          {t.action}
        </Submit>
        {settings.passkeys && passkeys.isSupported && (
          <button type="button" onClick={() => void withPasskey()}>
            {t.passkey}
          </button>
        )}
      </div>
    </form>
  );
}
