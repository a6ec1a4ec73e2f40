'use server';

import { redirect } from 'next/navigation';
import { withAuth } from './auth';

export type SignInState = { readonly challengeId?: string; readonly message?: string };

export async function signIn(state: SignInState, form: FormData): Promise<SignInState> {
  const input = { email: `${form.get('email')}`, password: `${form.get('password')}` };
  const code = `${form.get('code')}`;
  const result = await withAuth((auth) => {
    if (state.challengeId) return auth.verifyOtp({ challengeId: state.challengeId, code });
    return form.get('intent') === 'register' ? auth.register(input) : auth.login(input);
  });
  if (result.__typename === 'AuthTokens') redirect('/account');
  if (result.__typename === 'AuthError') return { ...state, message: result.message };
  return { challengeId: result.id, message: `The code ${result.sentTo ?? 'of your app'}:` };
}

export async function signOut(): Promise<void> {
  await withAuth((auth) => auth.logout());
  redirect('/sign-in');
}
