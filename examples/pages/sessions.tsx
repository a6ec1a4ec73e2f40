import type { AuthSession } from 'latchkey/client';
import { useAuth } from 'latchkey/client/react';

type Session = Pick<AuthSession, 'id' | 'device' | 'lastUsedAt' | 'current'>;

/** The devices that are signed in. */
export function Sessions({ sessions, onChange }: { sessions: readonly Session[]; onChange: () => void }) {
  const { auth } = useAuth();
  const revoke = async (sessionId: string): Promise<void> => {
    await auth.revokeSession({ sessionId });
    onChange();
  };
  return (
    <section className="sheet">
      <h2>Where you are signed in</h2>
      <ul className="rows">
        {sessions.map(({ id, device, lastUsedAt, current }) => (
          <li key={id}>
            <span>
              {device ?? 'An unknown device'}
              <small>{current ? 'This device' : `Last used ${new Date(lastUsedAt).toLocaleString()}`}</small>
            </span>
            {!current && (
              <button type="button" onClick={() => revoke(id)}>
                Sign out
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
