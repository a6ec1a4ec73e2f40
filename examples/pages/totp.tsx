import type { TotpEnrollment } from '@latchkey/client';
import { useAuth } from '@latchkey/client/react';
import { useState } from 'react';
import { Field, Form } from './form.tsx';
import { StepUp } from './step-up.tsx';
import { useAction } from './use-action.ts';
import { useSubmit } from './use-submit.ts';

type Stage =
  | { readonly at: 'start' }
  | { readonly at: 'step-up'; readonly wish: Wish }
  | { readonly at: 'enrolling'; readonly enrollment: TotpEnrollment }
  | { readonly at: 'enrolled'; readonly codes: readonly string[] };

type Wish = 'enable' | 'disable';

/** The authenticator app: sets it up, or removes it. */
export function Totp({ enabled, onChange }: { enabled: boolean; onChange: () => void }) {
  const { auth } = useAuth();
  const [stage, setStage] = useState<Stage>({ at: 'start' });
  const { problem, act } = useAction();

  const carryOut = async (wish: Wish) => {
    const answer =
      wish === 'enable' ? await auth.startTotpEnrollment({}) : await auth.disableTotp({});
    if (answer.__typename === 'TotpEnrollment') setStage({ at: 'enrolling', enrollment: answer });
    else if (answer.__typename === 'AuthAccepted') {
      setStage({ at: 'start' });
      onChange();
    } else if (answer.code === 'STEP_UP_REQUIRED') {
      setStage({ at: 'step-up', wish });
      return { __typename: 'StepUp' };
    }
    return answer;
  };

  return (
    <section className="sheet">
      <h2>Authenticator app</h2>
      {stage.at === 'start' && (
        <>
          <p>
            {enabled
              ? 'Signing in takes a code of your app.'
              : 'Protect your account with codes of an app on your phone.'}
          </p>
          <button type="button" onClick={() => act(() => carryOut(enabled ? 'disable' : 'enable'))}>
            {enabled ? 'Remove the app' : 'Set up an app'}
          </button>
        </>
      )}
      {stage.at === 'step-up' && <StepUp onProved={() => act(() => carryOut(stage.wish))} />}
      {stage.at === 'enrolling' && (
        <Enrol
          enrollment={stage.enrollment}
          onCodes={(codes) => {
            setStage({ at: 'enrolled', codes });
            onChange();
          }}
        />
      )}
      {stage.at === 'enrolled' && (
        <RecoveryCodes codes={stage.codes} onKept={() => setStage({ at: 'start' })} />
      )}
      <p className="problem" role="alert">
        {problem}
      </p>
    </section>
  );
}

function RecoveryCodes({ codes, onKept }: { codes: readonly string[]; onKept: () => void }) {
  return (
    <>
      <p>
        Keep these recovery codes where your phone is not. Each works once; they are not shown
        again.
      </p>
      <ul className="codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <button type="button" onClick={onKept}>
        I have kept them
      </button>
    </>
  );
}

function Enrol({
  enrollment,
  onCodes,
}: {
  enrollment: TotpEnrollment;
  onCodes: (codes: readonly string[]) => void;
}) {
  const { auth } = useAuth();
  const submit = useSubmit(
    (text) => auth.confirmTotpEnrollment({ enrollmentId: enrollment.id, code: text('code') }),
    ({ codes }) => onCodes(codes),
  );
  return (
    <>
      <p>
        Scan the picture with your app, or type the secret into it. Then type the code that it
        shows.
      </p>
      <img
        alt="The secret as a QR code"
        src={`data:image/svg+xml,${encodeURIComponent(enrollment.qrCode)}`}
        width="180"
      />
      <p>
        <code data-testid="secret">{enrollment.secret}</code>
      </p>
      <Form submit={submit} button="Confirm">
        <Field
          name="code"
          label="Code"
          inputMode="numeric"
          autoComplete="one-time-code"
          required
          problem={submit.problem}
        />
      </Form>
    </>
  );
}
