import { useSignIn } from '@latchkey/client/react';
import { Account } from './account.tsx';
import { Screen } from './screen.tsx';

/** The whole app: the account of who is signed in, or what the sign-in asks next. */
export function App() {
  const signIn = useSignIn();
  return signIn.step === 'done' ? <Account /> : <Screen of={signIn} />;
}
