import { useQuery } from '@apollo/client/react';
import { Link } from 'wouter';
import { type Administrator, administratorsDocument } from '../api/documents.ts';
import { Failed } from '../parts/failed.tsx';
import { Name } from '../parts/name.tsx';
import { Screen } from '../parts/screen.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';
import { Waiting } from '../parts/waiting.tsx';
import { You } from '../parts/you.tsx';
import { text } from '../text.ts';

const t = text.administrators;

/** Who may do all this, by what second factor, and when they were last here. */
export function AdministratorsScreen() {
  const { data, error, refetch } = useQuery(administratorsDocument);
  return (
    <Screen title={t.title}>
      <p className="lead">{t.text}</p>
      {error && <Failed error={error} onRetry={refetch} />}
      {data === undefined && !error && <Waiting>{t.loading}</Waiting>}
      {data !== undefined && (
        <table>
          <thead>
            <tr>
              <th scope="col">{t.who}</th>
              <th scope="col" className="wide middle">
                {t.factor}
              </th>
              <th scope="col" className="wide short">
                {text.users.state}
              </th>
              <th scope="col" className="wide date">
                {text.users.lastSignIn}
              </th>
              <th scope="col" className="widest short">
                {t.trail}
              </th>
            </tr>
          </thead>
          <tbody>
            {data.administrators.map((user) => (
              <Row key={user.id} user={user} />
            ))}
          </tbody>
        </table>
      )}
    </Screen>
  );
}

function Row({ user }: { user: Administrator }) {
  const seen = <Time at={user.lastLoginAt} otherwise={text.users.never} />;
  return (
    <tr>
      <th scope="row">
        <Link href={`/users/${user.id}`}>
          <Name>{user.name || user.email || user.id}</Name>
        </Link>
        <You id={user.id} />
        {user.name && user.email && <bdi className="address">{user.email}</bdi>}
        <span className="narrow">
          {t.factor}: {factorsOf(user)}
        </span>
        <span className="narrow">
          <Status status={user.status} />
        </span>
        <span className="narrow quiet">
          {text.users.lastSignIn}: {seen}
        </span>
        <Link className="slim" href={`/trail?actor=${user.id}`}>
          {t.whatTheyDid}
        </Link>
      </th>
      <td className="wide">{factorsOf(user)}</td>
      <td className="wide">
        <Status status={user.status} />
      </td>
      <td className="wide">{seen}</td>
      <td className="widest">
        <Link href={`/trail?actor=${user.id}`}>{t.whatTheyDid}</Link>
      </td>
    </tr>
  );
}

function factorsOf({ totpEnabled, passkeyCount }: Administrator) {
  const factors = [totpEnabled ? t.app : [], passkeyCount ? t.passkeys(passkeyCount) : []].flat();
  return factors.length > 0 ? factors.join(', ') : <span className="status failure">{t.none}</span>;
}
