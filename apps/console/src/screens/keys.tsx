import { useQuery } from '@apollo/client/react';
import { type SigningKey, signingKeysDocument } from '../api/documents.ts';
import { Failed } from '../parts/failed.tsx';
import { Screen } from '../parts/screen.tsx';
import { Time } from '../parts/time.tsx';
import { Waiting } from '../parts/waiting.tsx';
import { text } from '../text.ts';

const t = text.keys;

/** The keys that sign access tokens. Nothing is changed here: that is the command line's. */
export function KeysScreen() {
  const { data, error, refetch } = useQuery(signingKeysDocument);
  return (
    <Screen title={t.title}>
      <p className="lead">{t.text}</p>
      {error && <Failed error={error} onRetry={refetch} />}
      {data === undefined && !error && <Waiting>{t.loading}</Waiting>}
      {data !== undefined && (
        <table>
          <thead>
            <tr>
              <th scope="col">{t.id}</th>
              <th scope="col">{t.use}</th>
              <th scope="col" className="wide">
                {t.algorithm}
              </th>
              <th scope="col" className="wide">
                {text.users.created}
              </th>
            </tr>
          </thead>
          <tbody>
            {data.signingKeys.map((key) => (
              <Row key={key.id} of={key} />
            ))}
          </tbody>
        </table>
      )}
    </Screen>
  );
}

function Row({ of: key }: { of: SigningKey }) {
  return (
    <tr>
      <th scope="row">
        <code>{key.id}</code>
        <span className="narrow quiet">
          {key.algorithm}, <Time at={key.createdAt} />
        </span>
      </th>
      <td>{useOf(key)}</td>
      <td className="wide">{key.algorithm}</td>
      <td className="wide">
        <Time at={key.createdAt} />
      </td>
    </tr>
  );
}

function useOf({ current, standby, activeFrom, expiresAt }: SigningKey) {
  if (current) return <span className="status active">{t.signs}</span>;
  if (standby) return <span className="status unverified">{t.standby}</span>;
  if (expiresAt === null)
    return (
      <span className="status unverified">
        {t.signsFrom} <Time at={activeFrom} />
      </span>
    );
  return (
    <span className="status unverified">
      {t.verifiesUntil} <Time at={expiresAt} />
    </span>
  );
}
