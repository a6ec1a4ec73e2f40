import type { OtpChallenge, SignedOutReason, VerifyPasskeyResult } from '@latchkey/client';
import type { PasskeyError } from '@latchkey/client/passkeys';
import { useAuth, usePasskeys } from '@latchkey/client/react';
import { useState } from 'react';
import { CodeForm } from './code-form.tsx';
import { Field, Form } from './form.tsx';
import { forgetRegistration, LinkForm, readLink, rememberRegistration } from './link-form.tsx';
import { ProviderButtons } from './provider-buttons.tsx';
import { useAction } from './use-action.ts';
import { useSubmit } from './use-submit.ts';

type Challenge = Pick<OtpChallenge, 'id' | 'methods' | 'sentTo' | 'passkey'>;
type ToChallenge = { onChallenge: (challenge: Challenge) => void };

const notices: Record<SignedOutReason, string> = {
  LOGGED_OUT: 'You are signed out.',
  ELSEWHERE: 'You have signed out in another tab.',
  ENDED: 'Your session has ended. Sign in again.',
};

type Props = {
  reason: SignedOutReason | null;
  /** What a provider's vouching has led to. */
  begun: Challenge | null;
};

/** Sign in, or create an account; then the code. */
export function SignedOut({ reason, begun }: Props) {
  const [link, setLink] = useState(readLink);
  const [page, setPage] = useState<'sign-in' | 'sign-up'>('sign-in');
  const [challenge, setChallenge] = useState(begun);

  const back = (): void => {
    setChallenge(null);
    setLink(null);
  };
  if (challenge || link !== null) {
    return (
      <section className="sheet narrow">
        <h1>One more step</h1>
        {challenge ? (
          <CodeForm
            challenge={challenge}
            onTokens={() => {
              forgetRegistration();
              back();
            }}
          />
        ) : (
          <LinkForm token={link ?? ''} onChallenge={setChallenge} />
        )}
        <button type="button" className="link" onClick={back}>
          Back
        </button>
      </section>
    );
  }
  return (
    <section className="sheet narrow">
      {reason && <p role="status">{notices[reason]}</p>}
      <h1>{page === 'sign-in' ? 'Sign in' : 'Create an account'}</h1>
      {page === 'sign-in' ? (
        <SignIn onChallenge={setChallenge} />
      ) : (
        <SignUp onChallenge={setChallenge} />
      )}
      <ProviderButtons onChallenge={setChallenge} />
      <button
        type="button"
        className="link"
        onClick={() => setPage(page === 'sign-in' ? 'sign-up' : 'sign-in')}
      >
        {page === 'sign-in' ? 'Create an account' : 'I have an account'}
      </button>
    </section>
  );
}

function SignIn({ onChallenge }: ToChallenge) {
  const { auth } = useAuth();
  const [isCode, setCode] = useState(false);
  const { problem, act } = useAction();
  const take = (result: VerifyPasskeyResult | PasskeyError) => {
    if (result.__typename === 'OtpChallenge') onChallenge(result);
    return result;
  };
  const passkeys = usePasskeys({ onAutofill: (result) => act(async () => take(result)) });
  const submit = useSubmit(
    (text) =>
      isCode
        ? auth.requestLoginCode({ email: text('email') })
        : auth.login({ email: text('email'), password: text('password') }),
    (result) => {
      if (result.__typename === 'OtpChallenge') onChallenge(result);
      // The password manager that has just filled in the password may keep a passkey, too.
      else if (!isCode) passkeys.register({ conditional: true }).catch(() => {});
    },
  );
  return (
    <>
      <Form submit={submit} button={isCode ? 'Send me a code' : 'Sign in'}>
        <Field
          name="email"
          label="E-mail"
          type="email"
          autoComplete="username webauthn"
          required
          problem={submit.problem}
        />
        {!isCode && (
          <Field
            name="password"
            label="Password"
            type="password"
            autoComplete="current-password"
            required
            problem={submit.problem}
          />
        )}
        {submit.problem?.code === 'INVALID_CREDENTIALS' && (
          <p>Registered, but never confirmed? Look into your mailbox: a link to finish is there.</p>
        )}
      </Form>
      {passkeys.isSupported && (
        <button
          type="button"
          className="wide"
          disabled={passkeys.isPending}
          onClick={() => act(async () => take(await passkeys.signIn()))}
        >
          Sign in with a passkey
        </button>
      )}
      <p className="problem" role="alert">
        {problem}
      </p>
      <button type="button" className="link" onClick={() => setCode(!isCode)}>
        {isCode ? 'Use my password' : 'E-mail me a code instead'}
      </button>
    </>
  );
}

function SignUp({ onChallenge }: ToChallenge) {
  const { auth } = useAuth();
  const submit = useSubmit(
    (text) =>
      auth.register({
        email: text('email'),
        password: text('password'),
        name: text('name') || null,
      }),
    (challenge) => {
      rememberRegistration(challenge.id);
      onChallenge(challenge);
    },
  );
  const { problem } = submit;
  return (
    <Form submit={submit} button="Create account">
      <Field name="name" label="Name" autoComplete="name" problem={problem} />
      <Field
        name="email"
        label="E-mail"
        type="email"
        autoComplete="username"
        required
        problem={problem}
      />
      <Field
        name="password"
        label="Password"
        type="password"
        autoComplete="new-password"
        required
        problem={problem}
      />
    </Form>
  );
}
