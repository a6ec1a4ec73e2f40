'use client';

import { useActionState } from 'react';
import { signIn } from '../../lib/actions';

export default function SignIn() {
  const [state, submit] = useActionState(signIn, {});
  return (
    <form action={submit}>
      <p role="status">{state.message}</p>
      {state.challengeId ? (
        <input name="code" aria-label="Code" autoComplete="one-time-code" required />
      ) : (
        <>
          <input name="email" aria-label="Email" type="email" autoComplete="username" required />
          <input name="password" aria-label="Password" type="password" required />
          <button type="submit" name="intent" value="register">
            Create account
          </button>
        </>
      )}
      <button type="submit">{state.challengeId ? 'Continue' : 'Sign in'}</button>
    </form>
  );
}
