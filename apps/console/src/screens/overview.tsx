import { useQuery } from '@apollo/client/react';
import { Link } from 'wouter';
import { type Overview, overviewDocument } from '../api/documents.ts';
import { Card } from '../parts/card.tsx';
import { Failed } from '../parts/failed.tsx';
import { Screen } from '../parts/screen.tsx';
import { Waiting } from '../parts/waiting.tsx';
import { text } from '../text.ts';

const t = text.overview;
const number = new Intl.NumberFormat();

/** How the server stands: what to do something about comes first. */
export function OverviewScreen() {
  const { data, error, refetch } = useQuery(overviewDocument, { fetchPolicy: 'cache-and-network' });
  return (
    <Screen title={t.title}>
      {error && <Failed error={error} onRetry={refetch} />}
      {data === undefined && !error && <Waiting>{t.loading}</Waiting>}
      {data !== undefined && (
        <div className="cards">
          <Figure
            title={t.signIns}
            count={data.overview.signIns}
            of={data.overview}
            href="/trail?type=session.opened"
          />
          <Figure
            title={t.failedSignIns}
            count={data.overview.failedSignIns}
            of={data.overview}
            href="/trail?type=login.failed"
          />
          <Findings findings={data.overview.findings} />
        </div>
      )}
    </Screen>
  );
}

type FigureProps = {
  readonly title: string;
  readonly count: number;
  readonly of: Overview;
  readonly href: string;
};

function Figure({ title, count, of: { countLimit }, href }: FigureProps) {
  const isMore = count >= countLimit;
  return (
    <Card title={title}>
      <p className="figure">
        {isMore ? t.orMore(number.format(countLimit)) : number.format(count)}
      </p>
      <p className="quiet">
        {t.lastDay} <Link href={href}>{t.show}</Link>
      </p>
    </Card>
  );
}

const order = ['FAILURE', 'WARNING', 'OK'];

function Findings({ findings }: Pick<Overview, 'findings'>) {
  const sorted = [...findings].sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
  return (
    <Card title={t.findings} wide>
      <ul className="rows findings">
        {sorted.map(({ check, status, message, advice }) => (
          <li key={`${check} ${message}`}>
            <span className={`status ${status.toLowerCase()}`}>{t.status[status]}</span>
            <div>
              <strong>{t.checks[check] ?? check}</strong>
              <span>{message}</span>
              {advice !== null && <span className="quiet">{advice}</span>}
            </div>
          </li>
        ))}
      </ul>
    </Card>
  );
}
