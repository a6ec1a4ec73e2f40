import type { UserStatus } from '@latchkey/client';
import { type FormEvent, lazy, Suspense, useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import { type UserRow, usersDocument } from '../api/documents.ts';
import { Name } from '../parts/name.tsx';
import { Pages } from '../parts/pages.tsx';
import { Screen } from '../parts/screen.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';
import { useAction } from '../parts/use-action.ts';
import { useAddress } from '../parts/use-address.ts';
import { text } from '../text.ts';

const CreateUser = lazy(async () => ({
  default: (await import('../changes/create-user.tsx')).CreateUser,
}));

const t = text.users;
const statuses = Object.keys(text.status) as UserStatus[];

/** Everyone with an account: the newest first, or who matches. */
export function UsersScreen() {
  const [address] = useAddress();
  const action = useAction();
  const search = address.get('search')?.trim() || null;
  const status = statuses.find((each) => each === address.get('status')) ?? null;
  return (
    <Screen
      title={t.title}
      actions={
        <button type="button" className="main" onClick={() => action.open('create')}>
          {t.create}
        </button>
      }
    >
      <Filter />
      <table>
        <thead>
          <tr>
            <th scope="col">{t.who}</th>
            <th scope="col" className="wide short">
              {t.state}
            </th>
            <th scope="col" className="wide short">
              {t.roles}
            </th>
            <th scope="col" className="wide date">
              {t.lastSignIn}
            </th>
            <th scope="col" className="widest date">
              {t.created}
            </th>
          </tr>
        </thead>
        <Pages
          key={`${search} ${status}`}
          document={usersDocument}
          filter={{ search, status }}
          connection={({ users }) => users}
          loading={t.loading}
          empty={emptyText(search, status)}
          // A cell across all columns would keep those that a narrow screen leaves out.
          note={(content) => (
            <tbody className="note">
              <tr>
                <td>{content}</td>
                <td className="wide" colSpan={3} />
                <td className="widest" />
              </tr>
            </tbody>
          )}
          page={(users, id) => (
            <tbody key={id} id={id}>
              {users.map((user) => (
                <Row key={user.id} user={user} />
              ))}
            </tbody>
          )}
        />
      </table>
      {action.name === 'create' && (
        <Suspense fallback={null}>
          <CreateUser onClosed={action.close} />
        </Suspense>
      )}
    </Screen>
  );
}

function emptyText(search: string | null, status: UserStatus | null): string {
  if (search === null) return status === null ? t.none : t.noneInState;
  return status === null ? t.noMatch : t.noMatchInState;
}

function Row({ user }: { user: UserRow }) {
  return (
    <tr>
      <th scope="row">
        <Link href={`/users/${user.id}`}>
          <Name>{user.name || user.email || user.id}</Name>
        </Link>
        {user.name && user.email && <bdi className="address">{user.email}</bdi>}
        <span className="narrow">
          <Status status={user.status} />
        </span>
        <span className="narrow quiet">{user.roles?.join(', ')}</span>
        <span className="narrow quiet">
          {t.lastSignIn}: <Time at={user.lastLoginAt} otherwise={t.never} />
        </span>
      </th>
      <td className="wide">
        <Status status={user.status} />
      </td>
      <td className="wide">{user.roles?.join(', ')}</td>
      <td className="wide">
        <Time at={user.lastLoginAt} otherwise={t.never} />
      </td>
      <td className="widest">
        <Time at={user.createdAt} />
      </td>
    </tr>
  );
}

/** Milliseconds without a key before what was typed is searched for. */
const pause = 300;

function Filter() {
  const [address, change] = useAddress();
  const search = address.get('search') ?? '';
  const [typed, setTyped] = useState(search);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // Back and forward change the address, and the field with it.
  useEffect(() => setTyped(search), [search]);
  useEffect(() => () => clearTimeout(timer.current), []);

  function look(value: string): void {
    clearTimeout(timer.current);
    if (value.trim() !== search.trim()) change({ search: value, pages: null }, { replace: true });
  }

  function submit(event: FormEvent): void {
    event.preventDefault();
    look(typed);
  }

  return (
    <search>
      <form className="filter" onSubmit={submit}>
        <label>
          {t.search}
          <input
            type="search"
            name="search"
            maxLength={254}
            autoComplete="off"
            spellCheck={false}
            value={typed}
            onChange={({ target }) => {
              setTyped(target.value);
              clearTimeout(timer.current);
              timer.current = setTimeout(() => look(target.value), pause);
            }}
          />
        </label>
        <label>
          {t.state}
          <select
            name="status"
            value={address.get('status') ?? ''}
            onChange={({ target }) => change({ status: target.value, pages: null })}
          >
            <option value="">{t.anyState}</option>
            {statuses.map((each) => (
              <option key={each} value={each}>
                {text.status[each]}
              </option>
            ))}
          </select>
        </label>
      </form>
    </search>
  );
}
