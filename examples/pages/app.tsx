import { useAuth, useSignOut } from '@latchkey/client/react';
import { type ReactNode, useState } from 'react';
import { SignedOut } from './signed-out.tsx';
import { StepUp } from './step-up.tsx';
import { challengeIn, useReturn, wordsFor } from './use-return.ts';
import './style.css';

/** The whole app: the pages for a user who is not signed in, or `children`. */
export function App({ title, children }: { title: string; children: ReactNode }) {
  const { status, user, ...state } = useAuth();
  const { stepUpRequired, signOut } = useSignOut();
  const returned = useReturn();
  const [problem, setProblem] = useState('');
  const leave = async (everywhere: boolean): Promise<void> => {
    try {
      const answer = await signOut({ everywhere });
      const isHereOnly = answer?.__typename === 'AuthError';
      setProblem(
        isHereOnly ? 'You are signed out here. To sign out everywhere, sign in once more.' : '',
      );
    } catch {
      setProblem('You are signed out here. The server could not be told.');
    }
  };
  const reason = 'reason' in state ? state.reason : null;
  const isLoading = status === 'loading' || returned === undefined;
  return (
    <>
      <header>
        <strong>{title}</strong>
        {status === 'signed-in' && (
          <nav>
            <span>{user.name ?? user.email}</span>
            <button type="button" onClick={() => leave(false)}>
              Sign out
            </button>
            <button type="button" onClick={() => leave(true)}>
              Sign out everywhere
            </button>
          </nav>
        )}
      </header>
      <main>
        {isLoading && <p role="status">One moment …</p>}
        {returned && <p role="status">{wordsFor(returned)}</p>}
        {status === 'unreachable' && (
          <p role="status">The server does not answer. It is asked again until it does.</p>
        )}
        {status === 'signed-out' && !isLoading && (
          <SignedOut reason={reason} begun={reason === null ? challengeIn(returned) : null} />
        )}
        {status === 'signed-in' && stepUpRequired && (
          <section className="sheet narrow">
            <StepUp onProved={() => leave(true)} />
          </section>
        )}
        {status === 'signed-in' && children}
        <p className="problem" role="alert">
          {problem}
        </p>
      </main>
    </>
  );
}
