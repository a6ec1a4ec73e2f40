import { useAuth } from '@latchkey/client/react';
import { type ReactNode, useState } from 'react';
import { SignedOut } from './signed-out.tsx';
import './style.css';

/** The whole app: the pages for a user who is not signed in, or `children`. */
export function App({ title, children }: { title: string; children: ReactNode }) {
  const { status, user, auth, ...state } = useAuth();
  const [problem, setProblem] = useState('');
  const signOut = (everywhere: boolean): void => {
    auth
      .logout({ everywhere })
      .catch(() => setProblem('You are signed out here. The server could not be told.'));
  };
  return (
    <>
      <header>
        <strong>{title}</strong>
        {status === 'signed-in' && (
          <nav>
            <span>{user.name ?? user.email}</span>
            <button type="button" onClick={() => signOut(false)}>
              Sign out
            </button>
            <button type="button" onClick={() => signOut(true)}>
              Sign out everywhere
            </button>
          </nav>
        )}
      </header>
      <main>
        {status === 'loading' && <p role="status">One moment …</p>}
        {status === 'signed-out' && <SignedOut reason={'reason' in state ? state.reason : null} />}
        {status === 'signed-in' && children}
        <p className="problem" role="alert">
          {problem}
        </p>
      </main>
    </>
  );
}
