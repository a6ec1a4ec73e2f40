import type { OtpChallenge } from '@latchkey/client';
import { useAuth } from '@latchkey/client/react';
import { useState } from 'react';
import { CodeForm } from './code-form.tsx';
import { Field, Form } from './form.tsx';
import { useSubmit } from './use-submit.ts';

/**
 * The server asks for a recent proof (STEP_UP_REQUIRED): the password, and then the app where there
 * is one.
 */
export function StepUp({ onProved }: { onProved: () => void }) {
  const { auth } = useAuth();
  const [challenge, setChallenge] = useState<OtpChallenge | null>(null);
  const submit = useSubmit(
    (text) => auth.reauthenticate({ password: text('password') }),
    (result) => {
      if (result.__typename === 'AuthTokens') onProved();
      else setChallenge(result);
    },
  );
  if (challenge) return <CodeForm challenge={challenge} onTokens={onProved} />;
  return (
    <>
      <p>Prove first that it is you.</p>
      <Form submit={submit} button="Continue">
        <Field
          name="password"
          label="Password"
          type="password"
          autoComplete="current-password"
          required
          autoFocus
          problem={submit.problem}
        />
      </Form>
    </>
  );
}
