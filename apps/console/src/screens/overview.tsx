import { useQuery } from '@apollo/client/react';
import { Fragment } from 'react';
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
            kinds={{ 'session.opened': t.show }}
          />
          <Figure
            title={t.failedSignIns}
            count={data.overview.failedSignIns}
            of={data.overview}
            kinds={t.kinds}
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
  /** Of the trail that are counted, each with the words of its link. */
  readonly kinds: Readonly<Record<string, string>>;
};

function Figure({ title, count, of: { countLimit, since }, kinds }: FigureProps) {
  const isMore = count >= countLimit;
  const links = Object.entries(kinds);
  return (
    <Card title={title}>
      <p className="figure">
        {isMore ? t.orMore(number.format(countLimit)) : number.format(count)}
      </p>
      <p className="quiet">
        {t.lastDay} {links.length > 1 && `${t.showOnly} `}
        {links.map(([type, words], index) => (
          <Fragment key={type}>
            {index > 0 && ' '}
            <span>
              <Link href={`/trail?${new URLSearchParams({ type, since })}`}>{words}</Link>
              {index < links.length - 1 && ','}
            </span>
          </Fragment>
        ))}
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
              <strong>
                <Check name={check} />
              </strong>
              <span className="message">{message}</span>
              {advice !== null && <span className="quiet">{advice}</span>}
            </div>
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** Where one can see more of it. */
const screens: Readonly<Record<string, string>> = {
  administrators: '/administrators',
  keys: '/keys',
};

function Check({ name }: { name: string }) {
  const words = t.checks[name] ?? name;
  const screen = screens[name];
  return screen === undefined ? words : <Link href={screen}>{words}</Link>;
}
