import type { AuthSession } from '@latchkey/client';
import { useAuth } from '@latchkey/client/react';
import { useState } from 'react';
import { StepUp } from './step-up.tsx';
import { useAction } from './use-action.ts';

type Session = Pick<AuthSession, 'id' | 'device' | 'lastUsedAt' | 'current'>;

/** The devices that are signed in. */
export function Sessions({
  sessions,
  onChange,
}: {
  sessions: readonly Session[];
  onChange: () => void;
}) {
  const { auth } = useAuth();
  const { problem, act } = useAction();
  const [afterProof, setAfterProof] = useState<string | null>(null);
  const revoke = (sessionId: string): Promise<void> =>
    act(async () => {
      const answer = await auth.revokeSession({ sessionId });
      const isProofWanted = answer.__typename === 'AuthError' && answer.code === 'STEP_UP_REQUIRED';
      setAfterProof(isProofWanted ? sessionId : null);
      if (isProofWanted) return { __typename: 'StepUp' };
      onChange();
      return answer;
    });
  return (
    <section className="sheet">
      <h2>Where you are signed in</h2>
      <ul className="rows">
        {sessions.map(({ id, device, lastUsedAt, current }) => (
          <li key={id}>
            <span>
              {device ?? 'An unknown device'}
              <small>
                {current ? 'This device' : `Last used ${new Date(lastUsedAt).toLocaleString()}`}
              </small>
            </span>
            {!current && (
              <button type="button" onClick={() => revoke(id)}>
                Sign out
              </button>
            )}
          </li>
        ))}
      </ul>
      {afterProof !== null && <StepUp onProved={() => revoke(afterProof)} />}
      <p className="problem" role="alert">
        {problem}
      </p>
    </section>
  );
}
