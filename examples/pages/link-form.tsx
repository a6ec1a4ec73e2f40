import type { OtpChallenge } from '@latchkey/client';
import { takeLinkToken } from '@latchkey/client';
import { useAuth } from '@latchkey/client/react';
import { Field, Form } from './form.tsx';
import { useSubmit } from './use-submit.ts';

/** Where this device keeps the challenge of a registration that it began. */
const key = 'latchkey-registration';

export function rememberRegistration(challengeId: string): void {
  localStorage.setItem(key, challengeId);
}

export function forgetRegistration(): void {
  localStorage.removeItem(key);
}

/** Mails link to /verify#token=…, which no server and no Referer sees. */
export function readLink(): string | null {
  if (location.pathname !== '/verify') return null;
  const token = takeLinkToken();
  if (token !== null) history.replaceState(null, '', '/');
  return token;
}

/**
 * Completes a registration or a sign-in by the link of a mail, which proves nothing until the
 * person presses the button. Where another device began the registration, its password does in
 * place of that device; without either the account opens without a password.
 */
export function LinkForm({
  token,
  onChallenge,
}: {
  token: string;
  onChallenge: (challenge: OtpChallenge) => void;
}) {
  const { auth } = useAuth();
  const challengeId = localStorage.getItem(key);
  const submit = useSubmit(
    (text) => auth.verifyLink({ token, challengeId, password: text('password') || null }),
    (result) => {
      forgetRegistration();
      // The mailbox is proved, and the app is asked for next.
      if (result.__typename === 'OtpChallenge') onChallenge(result);
    },
  );
  return (
    <Form submit={submit} button="Continue">
      {challengeId === null && (
        <>
          <p>
            Registered on another device? Type the password that you chose there, or leave it empty
            and choose one afterwards.
          </p>
          <Field
            name="password"
            label="Password"
            type="password"
            autoComplete="current-password"
            problem={submit.problem}
          />
        </>
      )}
    </Form>
  );
}
