import type { User } from '@latchkey/client';
import { useAuth } from '@latchkey/client/react';
import { lazy, type ReactNode, Suspense, useEffect } from 'react';
import { Link, Route, Switch, useLocation } from 'wouter';
import { Announcements } from './parts/announce.tsx';
import { Boundary } from './parts/boundary.tsx';
import { Brand } from './parts/brand.tsx';
import { Person } from './parts/person.tsx';
import { Screen } from './parts/screen.tsx';
import { Waiting } from './parts/waiting.tsx';
import { UsersScreen } from './screens/users.tsx';
import { text } from './text.ts';

/** In files of their own, which come once the first screen is there. */
const files = {
  overview: () => import('./screens/overview.tsx'),
  user: () => import('./screens/user.tsx'),
  trail: () => import('./screens/trail.tsx'),
  administrators: () => import('./screens/administrators.tsx'),
  keys: () => import('./screens/keys.tsx'),
};

const OverviewScreen = lazy(async () => ({ default: (await files.overview()).OverviewScreen }));
const UserScreen = lazy(async () => ({ default: (await files.user()).UserScreen }));
const TrailScreen = lazy(async () => ({ default: (await files.trail()).TrailScreen }));
const KeysScreen = lazy(async () => ({ default: (await files.keys()).KeysScreen }));
const AdministratorsScreen = lazy(async () => ({
  default: (await files.administrators()).AdministratorsScreen,
}));

const places = [
  ['/', text.overview.title],
  ['/users', text.users.title],
  ['/trail', text.trail.title],
  ['/administrators', text.administrators.title],
  ['/keys', text.keys.title],
] as const;

/** What every screen has around it: where one is, where one can go, and the way out (PG-8). */
export function Shell({ user }: { user: User }) {
  useFetchAhead();
  const [location] = useLocation();
  return (
    <div className="shell">
      <a className="skip" href="#main">
        {text.skip}
      </a>
      <header>
        <Brand />
        <SignedInAs user={user} />
      </header>
      <nav className="places" aria-label={text.places}>
        <ul>
          {places.map(([path, name]) => (
            <Place key={path} path={path}>
              {name}
            </Place>
          ))}
        </ul>
      </nav>
      <Boundary key={location}>
        <Suspense fallback={<Waiting>{text.loading}</Waiting>}>
          <Screens />
        </Suspense>
      </Boundary>
      <Announcements />
    </div>
  );
}

function Screens() {
  return (
    <Switch>
      <Route path="/" component={OverviewScreen} />
      <Route path="/users" component={UsersScreen} />
      <Route path="/users/:id">{({ id }) => <UserScreen key={id} id={id} />}</Route>
      <Route path="/trail" component={TrailScreen} />
      <Route path="/administrators" component={AdministratorsScreen} />
      <Route path="/keys" component={KeysScreen} />
      <Route>
        <Screen title={text.notFound.title}>
          <p>{text.notFound.text}</p>
        </Screen>
      </Route>
    </Switch>
  );
}

/** Milliseconds after which a browser that is never idle fetches them all the same. */
const patience = 3000;

/** The other screens, while nothing else is to be done: no press waits for a file then. */
function useFetchAhead(): void {
  useEffect(() => {
    const fetchAll = (): void => {
      for (const load of Object.values(files)) load().catch(() => {});
    };
    // Safari has none.
    if (!('requestIdleCallback' in window)) {
      const timer = setTimeout(fetchAll, patience);
      return () => clearTimeout(timer);
    }
    const idle = requestIdleCallback(fetchAll, { timeout: patience });
    return () => cancelIdleCallback(idle);
  }, []);
}

function Place({ path, children }: { path: string; children: ReactNode }) {
  const [location] = useLocation();
  const isHere = location === path || (path !== '/' && location.startsWith(`${path}/`));
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
