import type { OtpChallenge } from '@latchkey/client';
import { useAuth, usePasskeys } from '@latchkey/client/react';
import { useState } from 'react';
import { CodeForm } from './code-form.tsx';
import { Field, Form } from './form.tsx';
import { useAction } from './use-action.ts';
import { useSubmit } from './use-submit.ts';

/**
 * The server asks for a recent proof (STEP_UP_REQUIRED): a passkey, or the password and then the
 * app where there is one.
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
  const { isSupported, verify } = usePasskeys();
  const { problem, act } = useAction();
  /** Without a password the server offers the account's passkeys, or mails a code. */
  const provePasskey = async () => {
    const begun = await auth.reauthenticate({});
    if (begun.__typename === 'AuthTokens') onProved();
    if (begun.__typename !== 'OtpChallenge') return begun;
    if (!begun.passkey) {
      setChallenge(begun);
      return begun;
    }
    const result = await verify(begun.passkey);
    if (result.__typename === 'AuthTokens') onProved();
    else if (result.__typename === 'OtpChallenge') setChallenge(result);
    return result;
  };
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
      {isSupported && (
        <button type="button" className="link" onClick={() => act(provePasskey)}>
          Use a passkey
        </button>
      )}
      <p className="problem" role="alert">
        {problem}
      </p>
    </>
  );
}
