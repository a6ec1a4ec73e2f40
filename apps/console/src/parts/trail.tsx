import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { type Event, type PersonData, type TrailFilter, trailDocument } from '../api/documents.ts';
import { text } from '../text.ts';
import { Fact, Facts } from './card.tsx';
import { Copy } from './copy.tsx';
import { Pages } from './pages.tsx';
import { Person } from './person.tsx';
import { Time } from './time.tsx';

const t = text.trail;

type Props = {
  readonly filter: TrailFilter;
  /** The user whose page this is: no line need name them. */
  readonly about?: string;
  /** The line that is open from the beginning. */
  readonly open?: string | null;
};

/** What happened, the newest first; a line opens to all that is known of it. */
export function Trail({ filter, about, open = null }: Props) {
  return (
    <div className="trail">
      <Pages
        key={JSON.stringify(filter)}
        document={trailDocument}
        filter={filter}
        connection={({ auditEvents }) => auditEvents}
        loading={t.loading}
        empty={about === undefined ? t.none : t.noneYet}
        note={(content) => <div className="note">{content}</div>}
        page={(events, id) => (
          <ol key={id} id={id}>
            {events.map((event) => (
              <li key={event.id}>
                <Line event={event} about={about} isOpen={event.id === open} />
              </li>
            ))}
          </ol>
        )}
      />
    </div>
  );
}

type LineProps = {
  readonly event: Event;
  readonly about?: string | undefined;
  readonly isOpen: boolean;
};

function Line({ event, about, isOpen }: LineProps) {
  const isFailure = event.outcome === 'FAILURE';
  return (
    <details open={isOpen || undefined} ref={isOpen ? scrollTo : undefined}>
      <summary>
        <span className="when">
          <Time at={event.at} />
        </span>
        <span className={isFailure ? 'what failure' : 'what'}>
          {t.events[event.type] ?? event.type}
          {isFailure && !saysSo.test(event.type) && <span className="tag">{t.failed}</span>}
        </span>
        <span className="by">{whoOf(event, about)}</span>
        {event.reason !== null && (
          <q className="reason" dir="auto">
            {event.reason}
          </q>
        )}
      </summary>
      <Detail event={event} />
    </details>
  );
}

/** Of these kinds the words say that it failed. */
const saysSo = /failed$/;

function scrollTo(line: HTMLElement | null): void {
  line?.scrollIntoView({ block: 'center' });
}

/** Who did it, and to whom, where they are two. */
function whoOf({ actor, subject }: Event, about: string | undefined): ReactNode {
  if (actor !== null && subject !== null && actor.id !== subject.id)
    return about === subject.id ? (
      <>
        {t.by} <Person user={actor} />
      </>
    ) : (
      <>
        <Person user={actor} /> → <Person user={subject} />
      </>
    );
  const only = actor ?? subject;
  if (only === null) return <span className="quiet">{t.byServer}</span>;
  if (only.id === about) return actor === null ? <span className="quiet">{t.byNobody}</span> : null;
  return <Person user={only} />;
}

function Detail({ event }: { event: Event }) {
  const { type, device, ipAddress, requestId, detail } = event;
  return (
    <div className="detail">
      <Facts>
        <Fact name={t.moment}>
          <Time at={event.at} isWhole />
        </Fact>
        <Fact name={t.type}>
          <code>{type}</code>
        </Fact>
        <Fact name={t.actor}>
          <Linked user={event.actor} />
        </Fact>
        <Fact name={t.subject}>
          <Linked user={event.subject} />
        </Fact>
        <Fact name={t.device}>{device ?? text.nobody}</Fact>
        <Fact name={t.network}>{ipAddress === null ? text.nobody : <code>{ipAddress}</code>}</Fact>
        <Fact name={t.requestId}>
          {requestId === null ? text.nobody : <code>{requestId}</code>}
        </Fact>
        <Fact name={t.id}>
          <code>{event.id}</code>
        </Fact>
        {Object.entries(detail ?? {}).map(([name, value]) => (
          <Fact key={name} name={t.details[name] ?? name}>
            <code>{String(value)}</code>
          </Fact>
        ))}
      </Facts>
      <p className="actions">
        <Copy value={linkTo(event)} of={t.event} label={t.copyLink} />
        {requestId !== null && <Copy value={requestId} of={t.requestId} label={t.copyRequest} />}
      </p>
    </div>
  );
}

function Linked({ user }: { user: PersonData | null }) {
  if (user === null) return <Person user={null} />;
  return (
    <Link href={`/users/${user.id}`}>
      <Person user={user} />
    </Link>
  );
}

/** Of the trail as it stood when this was its newest line, so that it is on the first page. */
function linkTo({ id, at }: Event): string {
  const until = new Date(Date.parse(at) + 1).toISOString();
  return `${location.origin}/console/trail?${new URLSearchParams({ until, event: id })}`;
}
