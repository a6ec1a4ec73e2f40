import { useAuth } from '@latchkey/client/react';
import { auth } from './api/clients.ts';
import { Alone } from './parts/alone.tsx';
import { Waiting } from './parts/waiting.tsx';
import { mayAdminister } from './session/may-administer.ts';
import { NoAccess } from './session/no-access.tsx';
import { SignIn } from './session/sign-in.tsx';
import { Shell } from './shell.tsx';
import { text } from './text.ts';

/** Who is there decides what is shown; the address stays, so that a sign-in leads back to it. */
export function App() {
  const state = useAuth();
  switch (state.status) {
    case 'loading':
      return <Waiting>{text.session.loading}</Waiting>;
    case 'unreachable':
      return <Unreachable />;
    case 'signed-out':
      return <SignIn reason={state.reason} />;
    case 'signed-in':
      return mayAdminister(state.user, auth.peek()?.accessToken) ? (
        <Shell user={state.user} />
      ) : (
        <NoAccess user={state.user} />
      );
  }
}

function Unreachable() {
  return (
    <Alone title={text.session.unreachable}>
      <p role="status">{text.session.unreachableText}</p>
      <div className="actions">
        <button type="button" className="main" onClick={() => void auth.start()}>
          {text.tryAgain}
        </button>
      </div>
    </Alone>
  );
}
