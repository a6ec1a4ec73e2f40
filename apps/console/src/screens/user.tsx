import { useQuery } from '@apollo/client/react';
import { type Metadata, type UserDetails, userDocument } from '../api/documents.ts';
import { UserChanges } from '../changes/user-changes.tsx';
import { Card, Fact, Facts } from '../parts/card.tsx';
import { Copy } from '../parts/copy.tsx';
import { Failed } from '../parts/failed.tsx';
import { Name } from '../parts/name.tsx';
import { Screen } from '../parts/screen.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';
import { Trail } from '../parts/trail.tsx';
import { type Action, useAction } from '../parts/use-action.ts';
import { useAddress } from '../parts/use-address.ts';
import { Waiting } from '../parts/waiting.tsx';
import { You } from '../parts/you.tsx';
import { text } from '../text.ts';
import { Sessions } from './user-sessions.tsx';

const t = text.user;
const crumbs = [{ path: '/users', name: text.users.title }];
const everything = { type: null, actorId: null, since: null, until: null };

/** One person: who they are, what they sign in with, where, and all that happened to them. */
export function UserScreen({ id }: { id: string }) {
  const [address, change] = useAddress();
  const sessions = address.get('devices') === 'all' ? 100 : 10;
  const variables = { id, sessions };
  const {
    previousData,
    data = previousData,
    error,
    refetch,
  } = useQuery(userDocument, { variables });
  const action = useAction();
  const user = data?.user;
  const trail = (
    <Card title={t.trail} wide>
      <Trail filter={{ ...everything, userId: id }} about={id} />
    </Card>
  );
  if (user == null)
    return (
      <Screen key="none" title={user === null ? t.gone : t.title} crumbs={crumbs}>
        {user === null && <p>{t.goneText}</p>}
        {user === undefined &&
          (error ? <Failed error={error} onRetry={refetch} /> : <Waiting>{t.loading}</Waiting>)}
        {user === null && <div className="cards">{trail}</div>}
      </Screen>
    );
  const name = user.name || user.email || id;
  return (
    <Screen
      key="user"
      title={name}
      heading={<Name>{name}</Name>}
      crumbs={crumbs}
      actions={<HeadActions user={user} action={action} />}
    >
      {error && <Failed error={error} onRetry={refetch} />}
      <p className="subhead">
        <Status status={user.status} />
        <You id={user.id} />
        {user.suspendedUntil !== null && (
          <span>
            {t.until} <Time at={user.suspendedUntil} />
          </span>
        )}
        <code>{user.id}</code>
        <Copy value={user.id} of={t.id} />
      </p>
      <div className="cards">
        <div className="stack">
          <Identity user={user} />
          <Roles user={user} action={action} />
        </div>
        <div className="stack">
          <Security user={user} action={action} />
          <MetadataCard user={user} action={action} />
        </div>
        <Sessions
          user={user}
          action={action}
          onAll={sessions < 100 ? () => change({ devices: 'all' }, { replace: true }) : undefined}
        />
        {trail}
      </div>
      {action.name !== null && <UserChanges key={action.name} user={user} action={action} />}
    </Screen>
  );
}

type Part = { readonly user: UserDetails; readonly action: Action };

function HeadActions({ user, action }: Part) {
  return (
    <div className="head-actions">
      {user.status === 'SUSPENDED' ? (
        <>
          <button type="button" className="main" onClick={() => action.open('reinstate')}>
            {t.reinstate}
          </button>
          <button type="button" onClick={() => action.open('suspend')}>
            {t.changeEnd}
          </button>
        </>
      ) : (
        <button type="button" onClick={() => action.open('suspend')}>
          {t.suspend}
        </button>
      )}
      <button type="button" className="risky" onClick={() => action.open('delete')}>
        {t.delete}
      </button>
    </div>
  );
}

function Identity({ user }: Pick<Part, 'user'>) {
  return (
    <Card title={t.identity}>
      <Facts>
        <Fact name={t.name}>{user.name ? <Name>{user.name}</Name> : text.nobody}</Fact>
        <Fact name={t.email}>
          <Name>{user.email ?? text.nobody}</Name>{' '}
          <span className="quiet">{user.emailVerified ? t.verified : t.unverified}</span>
        </Fact>
        <Fact name={text.users.created}>
          <Time at={user.createdAt} />
        </Fact>
        <Fact name={text.users.lastSignIn}>
          <Time at={user.lastLoginAt} otherwise={text.users.never} />
        </Fact>
      </Facts>
    </Card>
  );
}

function Security({ user, action }: Part) {
  const { hasPassword, totpEnabled, recoveryCodesLeft, passkeyCount, identities } = user;
  return (
    <Card title={t.security}>
      <Facts>
        <Fact name={t.password}>{hasPassword ? t.isSet : t.isNotSet}</Fact>
        <Fact name={t.app}>{totpEnabled ? t.isSetUp : t.isNotSetUp}</Fact>
        {totpEnabled && <Fact name={t.recoveryCodes}>{t.left(recoveryCodesLeft ?? 0)}</Fact>}
        <Fact name={t.passkeys}>{passkeyCount || t.isNotSet}</Fact>
        {identities?.map(({ id, provider, label }) => (
          <Fact key={id} name={provider.name}>
            <bdi>{label ?? t.linked}</bdi>{' '}
            <button
              type="button"
              className="small"
              aria-label={`${t.unlink}: ${provider.name}`}
              onClick={() => action.open('unlink', id)}
            >
              {t.unlink}
            </button>
          </Fact>
        ))}
      </Facts>
      <div className="actions">
        <button type="button" onClick={() => action.open('reset-password')}>
          {t.resetPassword}
        </button>
        <button type="button" onClick={() => action.open('reset-factors')}>
          {t.resetFactors}
        </button>
      </div>
    </Card>
  );
}

function Roles({ user, action }: Part) {
  const roles = user.roles ?? [];
  return (
    <Card title={text.users.roles}>
      {roles.length === 0 ? (
        <p className="quiet">{t.noRoles}</p>
      ) : (
        <ul className="roles">
          {roles.map((role) => (
            <li key={role}>{role}</li>
          ))}
        </ul>
      )}
      <div className="actions">
        <button type="button" onClick={() => action.open('roles')}>
          {t.changeRoles}
        </button>
      </div>
    </Card>
  );
}

function MetadataCard({ user, action }: Part) {
  return (
    <Card title={t.metadata}>
      <h3>{t.publicMetadata}</h3>
      <Json value={user.publicMetadata} />
      <h3>{t.adminMetadata}</h3>
      <Json value={user.adminMetadata} />
      <div className="actions">
        <button type="button" onClick={() => action.open('metadata')}>
          {t.changeMetadata}
        </button>
      </div>
    </Card>
  );
}

function Json({ value }: { value: Metadata | null }) {
  if (value === null || Object.keys(value).length === 0)
    return <p className="quiet">{t.noMetadata}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and by keyboard too.
    <pre tabIndex={0} dir="ltr">
      {JSON.stringify(value, null, 2)}
    </pre>
  );
}
