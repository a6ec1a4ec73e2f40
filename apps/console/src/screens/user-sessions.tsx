import { useEffect, useRef } from 'react';
import type { SessionRow, UserDetails } from '../api/documents.ts';
import { Card } from '../parts/card.tsx';
import { Time } from '../parts/time.tsx';
import type { Action } from '../parts/use-action.ts';
import { text } from '../text.ts';

const t = text.user;

type Props = {
  readonly user: UserDetails;
  readonly action: Action;
  /** Shows the rest, where there is more. */
  readonly onAll: (() => void) | undefined;
};

/** Where a user is signed in; each device can be signed out by itself. */
export function Sessions({ user, action, onAll }: Props) {
  const sessions = user.sessions?.edges.map(({ node }) => node) ?? [];
  const list = useRef<HTMLUListElement>(null);
  const shown = useRef<number>(undefined);
  const count = sessions.length;

  // To the first of the new rows: the button that was pressed is gone.
  useEffect(() => {
    if (shown.current === undefined || count <= shown.current) return;
    list.current?.querySelectorAll('button')[shown.current]?.focus();
    shown.current = undefined;
  }, [count]);

  return (
    <Card
      title={t.sessions}
      wide
      actions={
        sessions.length > 0 && (
          <button type="button" onClick={() => action.open('sign-out')}>
            {t.signOutEverywhere}
          </button>
        )
      }
    >
      {sessions.length === 0 ? (
        <p className="quiet">{t.noSessions}</p>
      ) : (
        <ul className="rows" ref={list}>
          {sessions.map((session) => (
            <Session
              key={session.id}
              session={session}
              onSignOut={() => action.open('sign-out-device', session.id)}
            />
          ))}
        </ul>
      )}
      {user.sessions?.pageInfo.hasNextPage && onAll && (
        <p className="more">
          <button
            type="button"
            onClick={() => {
              shown.current = count;
              onAll();
            }}
          >
            {text.more}
          </button>
        </p>
      )}
    </Card>
  );
}

function Session({ session, onSignOut }: { session: SessionRow; onSignOut: () => void }) {
  const device = session.device ?? t.unknownDevice;
  return (
    <li>
      <div>
        <strong>{device}</strong>
        {session.current && <span className="tag">{t.thisDevice}</span>}
        <span className="quiet">
          {session.ipAddress !== null && (
            <>
              <code>{session.ipAddress}</code> ·{' '}
            </>
          )}
          {t.lastUsed} <Time at={session.lastUsedAt} /> · {t.since} <Time at={session.createdAt} />
        </span>
      </div>
      <button type="button" aria-label={`${t.signOutDevice}: ${device}`} onClick={onSignOut}>
        {t.signOutDevice}
      </button>
    </li>
  );
}
