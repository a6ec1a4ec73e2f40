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
              <th scope="col" className="middle">
                {t.use}
              </th>
              <th scope="col" className="wide short">
                {t.algorithm}
              </th>
              <th scope="col" className="wide date">
                {text.users.created}
              </th>
            </tr>
          </thead>
          <tbody>
            {inOrder(data.signingKeys).map((key) => (
              <Row key={key.id} of={key} />
            ))}
          </tbody>
        </table>
      )}
    </Screen>
  );
}

/** The one that signs, then the one that waits, then those that only verify. */
function inOrder(keys: readonly SigningKey[]): readonly SigningKey[] {
  const rank = ({ current, standby }: SigningKey): number => (current ? 0 : standby ? 1 : 2);
  return [...keys].sort((a, b) => rank(a) - rank(b));
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
  return (
    <span className="status unverified">
      <span>
        {expiresAt === null ? t.signsFrom : t.verifiesUntil} <Time at={expiresAt ?? activeFrom} />
      </span>
    </span>
  );
}
