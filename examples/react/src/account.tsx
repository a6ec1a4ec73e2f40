import * as latchkey from '@latchkey/client/react';
import { Screen } from './screen.tsx';

/** Where the user is signed in, the passkeys and the authenticator app. */
export function Account() {
  const { auth, user } = latchkey.useAuth();
  const { account, reload } = latchkey.useAccount();
  const { sessions, revoke } = latchkey.useSessions();
  const passkeys = latchkey.usePasskeys();
  const stepUp = latchkey.useStepUp();
  const totp = latchkey.useTotp(stepUp);
  const action = latchkey.useSubmit(stepUp.run<unknown>, reload);
  const button = (text: string, work: () => Promise<unknown>) => (
    <input type="button" value={text} onClick={() => action.submit(work)} />
  );
  return (
    <main>
      <h1>Hello, {user?.name ?? user?.email}</h1>
      {button('Sign out', () => auth.logout())}
      <p role="alert">{action.problem?.message}</p>
      <Screen of={stepUp} />
      {sessions.map(({ id, device, current }) => (
        <li key={id}>
          {device} {current ? 'This device' : button('End', () => revoke(id))}
        </li>
      ))}
      {account?.passkeys.map(({ id, name }) => (
        <li key={id}>
          {name} {button('Remove', () => passkeys.remove(id))}
        </li>
      ))}
      {button('Add a passkey', () => passkeys.register())}
      {totp.step === 'totp-enrolling' && <img src={totp.picture} alt={totp.enrollment.secret} />}
      {totp.step === 'totp-codes' && <pre>{totp.codes.join('\n')}</pre>}
      <Screen of={totp} />
    </main>
  );
}
