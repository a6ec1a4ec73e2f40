import { useQuery } from '@apollo/client/react';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { apollo } from '../api/clients.ts';
import {
  administratorsDocument,
  type PersonData,
  personDocument,
  usersDocument,
} from '../api/documents.ts';
import { failureOf } from '../api/failure.ts';
import { Field } from '../parts/field.tsx';
import { Person } from '../parts/person.tsx';
import { Screen } from '../parts/screen.tsx';
import { Trail } from '../parts/trail.tsx';
import { useAddress } from '../parts/use-address.ts';
import { text } from '../text.ts';

const t = text.trail;

/** What happened on this server: of a kind, by or to a person, in a span of time. */
export function TrailScreen() {
  const [address] = useAddress();
  const filter = {
    type: address.get('type') || null,
    userId: address.get('user') || null,
    actorId: address.get('actor') || null,
    since: momentIn(address.get('since')),
    until: momentIn(address.get('until')),
  };
  return (
    <Screen title={t.title}>
      <Filter />
      <Trail filter={filter} open={address.get('event')} />
    </Screen>
  );
}

function momentIn(value: string | null): string | null {
  const at = new Date(value ?? '');
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

function Filter() {
  const [address, change] = useAddress();
  const set = (name: string) => (value: string) =>
    change({ [name]: value, pages: null, event: null });
  const names = ['type', 'user', 'actor', 'since', 'until'];
  const isFiltered = names.some((name) => address.has(name));
  const filters = useRef<HTMLElement>(null);
  // On a phone it would fill the screen; a wide one always shows it.
  const [isFolded, setFolded] = useState(!isFiltered);
  return (
    <>
      <button
        type="button"
        className="unfold"
        aria-expanded={!isFolded}
        onClick={() => setFolded(!isFolded)}
      >
        {t.filter}
      </button>
      <search ref={filters} className={`filter trail-filter ${isFolded ? 'folded' : ''}`}>
        <TypeFilter value={address.get('type') ?? ''} onValue={set('type')} />
        <PersonFilter value={address.get('user') ?? ''} onValue={set('user')} />
        <ActorFilter value={address.get('actor') ?? ''} onValue={set('actor')} />
        <MomentFilter label={t.since} value={address.get('since')} onValue={set('since')} />
        <MomentFilter label={t.until} value={address.get('until')} onValue={set('until')} />
        {isFiltered && (
          <button
            type="button"
            className="quiet"
            onClick={() => {
              change(Object.fromEntries([...names, 'pages', 'event'].map((name) => [name, null])));
              filters.current?.querySelector('select')?.focus();
            }}
          >
            {t.clear}
          </button>
        )}
      </search>
    </>
  );
}

type FilterProps = { readonly value: string; readonly onValue: (value: string) => void };

function TypeFilter({ value, onValue }: FilterProps) {
  const types = Object.entries(t.events);
  return (
    <label>
      {t.what}
      <select name="type" value={value} onChange={({ target }) => onValue(target.value)}>
        <option value="">{t.anything}</option>
        {value !== '' && !(value in t.events) && <option value={value}>{value}</option>}
        {types
          .sort(([, a], [, b]) => a.localeCompare(b))
          .map(([type, label]) => (
            <option key={type} value={type}>
              {label}
            </option>
          ))}
      </select>
    </label>
  );
}

function ActorFilter({ value, onValue }: FilterProps) {
  const { data } = useQuery(administratorsDocument);
  const all = data?.administrators ?? [];
  return (
    <label>
      {t.doneBy}
      <select name="actor" value={value} onChange={({ target }) => onValue(target.value)}>
        <option value="">{t.anyone}</option>
        {value !== '' && all.every(({ id }) => id !== value) && (
          <option value={value}>{value.slice(0, 8)}…</option>
        )}
        {all.map(({ id, name, email }) => (
          <option key={id} value={id}>
            {name || email}
          </option>
        ))}
      </select>
    </label>
  );
}

type MomentProps = {
  readonly label: string;
  readonly value: string | null;
  readonly onValue: (value: string) => void;
};

/** In the zone of this browser; the address has it in UTC, so that a link means the same to all. */
function MomentFilter({ label, value, onValue }: MomentProps) {
  const [typed, setTyped] = useState(localOf(value));
  useEffect(() => setTyped(localOf(value)), [value]);
  return (
    <label>
      {label}
      <input
        type="datetime-local"
        value={typed}
        onChange={({ target }) => {
          setTyped(target.value);
          // Empty, too, while a part of it is missing.
          if (target.value !== '' || target.validity.valid) onValue(momentIn(target.value) ?? '');
        }}
      />
    </label>
  );
}

function localOf(value: string | null): string {
  const at = new Date(value ?? '');
  if (Number.isNaN(at.getTime())) return '';
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Someone by whom or to whom it happened, found by address, name or id. */
function PersonFilter({ value, onValue }: FilterProps) {
  const isTaken = useRef(false);
  const choose = (id: string): void => {
    isTaken.current = true;
    onValue(id);
  };
  const takesFocus = isTaken.current;
  return value === '' ? (
    <FindPerson takesFocus={takesFocus} onFound={choose} />
  ) : (
    <ChosenPerson takesFocus={takesFocus} id={value} onRemove={() => choose('')} />
  );
}

function focusOn(control: HTMLElement | null): void {
  control?.focus();
}

/** In place of what had the focus and is gone. */
type TakesFocus = { readonly takesFocus: boolean };

type ChosenProps = TakesFocus & { readonly id: string; readonly onRemove: () => void };

function ChosenPerson({ id, takesFocus, onRemove }: ChosenProps) {
  const { data } = useQuery(personDocument, { variables: { id } });
  const gone = { id, name: null, email: null };
  return (
    <div className="chosen">
      <span className="label">{t.user}</span>
      <span>
        <Person user={data?.user ?? gone} />
        <button
          type="button"
          className="small"
          ref={takesFocus ? focusOn : undefined}
          onClick={onRemove}
        >
          {t.remove}
        </button>
      </span>
    </div>
  );
}

const isId = (typed: string): boolean => /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(typed);

type FindProps = TakesFocus & { readonly onFound: (id: string) => void };

function FindPerson({ takesFocus, onFound }: FindProps) {
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState<string>();
  const [matches, setMatches] = useState<readonly PersonData[]>([]);

  async function find(event: FormEvent): Promise<void> {
    event.preventDefault();
    const search = typed.trim();
    setProblem(undefined);
    setMatches([]);
    if (search === '') return;
    if (isId(search)) return onFound(search.toLowerCase());
    try {
      const variables = { search, status: null, first: 6, after: null };
      const { data } = await apollo.query({ query: usersDocument, variables });
      const found = data?.users.edges.map(({ node }) => node) ?? [];
      const [only] = found;
      if (found.length === 1 && only) onFound(only.id);
      else if (found.length === 0) setProblem(t.nobodyFound);
      else setMatches(found);
    } catch (error) {
      setProblem(failureOf(error).message);
    }
  }

  return (
    <form onSubmit={(event) => void find(event)}>
      <Field
        label={t.user}
        type="search"
        name="user"
        dir="auto"
        autoComplete="off"
        maxLength={254}
        autoFocus={takesFocus}
        placeholder={t.userHint}
        value={typed}
        onValue={setTyped}
        problem={problem}
      />
      {matches.length > 0 && (
        <ul className="matches" aria-label={t.whichOne}>
          {matches.map((user, index) => (
            <li key={user.id}>
              <button
                type="button"
                className="quiet"
                ref={index === 0 ? focusOn : undefined}
                onClick={() => onFound(user.id)}
              >
                <Person user={user} /> <bdi className="address">{user.email}</bdi>
              </button>
            </li>
          ))}
        </ul>
      )}
    </form>
  );
}
