import type { User } from '@latchkey/client';
import { useAuth } from '@latchkey/client/react';
import { Alone } from '../parts/alone.tsx';
import { Person } from '../parts/person.tsx';
import { settings } from '../settings.ts';
import { text } from '../text.ts';

/** An account that is signed in and may not administer: what is lacking, and what to do. */
export function NoAccess({ user }: { user: User }) {
  const { auth } = useAuth();
  const lacksRole = user.roles?.includes('admin') !== true;
  const t = lacksRole ? text.noAccess.role : text.noAccess.factor;
  return (
    <Alone title={t.title}>
      <p>
        {text.noAccess.signedInAs} <Person user={user} />
      </p>
      <p>{t.text}</p>
      {!lacksRole && settings.accountPages !== null && (
        <p>
          <a href={`${settings.accountPages}/security/authenticator`}>{text.noAccess.setUp}</a>
        </p>
      )}
      <div className="actions">
        <button type="button" className="main" onClick={() => void auth.logout().catch(() => {})}>
          {lacksRole ? text.noAccess.signOut : text.noAccess.signInAgain}
        </button>
      </div>
    </Alone>
  );
}
