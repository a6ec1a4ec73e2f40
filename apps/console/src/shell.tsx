import type { User } from '@latchkey/client';
import { useAuth } from '@latchkey/client/react';
import { type ReactNode, Suspense } from 'react';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import { Brand } from './parts/brand.tsx';
import { Person } from './parts/person.tsx';
import { Screen } from './parts/screen.tsx';
import { Waiting } from './parts/waiting.tsx';
import { UsersScreen } from './screens/users.tsx';
import { text } from './text.ts';

const places = [['/users', text.users.title]] as const;

/** What every screen has around it: where one is, where one can go, and the way out (PG-8). */
export function Shell({ user }: { user: User }) {
  return (
    <div className="shell">
      <a className="skip" href="#main">
        {text.skip}
      </a>
      <header>
        <Brand />
        <SignedInAs user={user} />
      </header>
      <nav aria-label={text.places}>
        <ul>
          {places.map(([path, name]) => (
            <Place key={path} path={path}>
              {name}
            </Place>
          ))}
        </ul>
      </nav>
      <Suspense fallback={<Waiting>{text.loading}</Waiting>}>
        <Switch>
          <Route path="/">
            <Redirect to="/users" replace />
          </Route>
          <Route path="/users">
            <UsersScreen />
          </Route>
          <Route>
            <Screen title={text.notFound.title}>
              <p>{text.notFound.text}</p>
            </Screen>
          </Route>
        </Switch>
      </Suspense>
    </div>
  );
}

function Place({ path, children }: { path: string; children: ReactNode }) {
  const [location] = useLocation();
  const isHere = location === path || location.startsWith(`${path}/`);
  return (
    <li>
      <Link href={path} aria-current={isHere ? 'page' : undefined}>
        {children}
      </Link>
    </li>
  );
}

function SignedInAs({ user }: { user: User }) {
  const { auth } = useAuth();
  return (
    <p className="who">
      <Person user={user} />
      <button type="button" onClick={() => void auth.logout().catch(() => {})}>
        {text.signOut}
      </button>
    </p>
  );
}
