import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './style.css';
import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { GraphiQL } from 'graphiql';
import { type ReactNode, useEffect, useRef } from 'react';
import { createRoot } from 'react-dom/client';
import { fetchGraphql, signOut } from './fetch-graphql.ts';
import { fillIds } from './fill-ids.ts';
import { useMemory } from './memory.ts';
import { expiryOf } from './read-answer.ts';
import { tabs } from './tabs.ts';

const defaultTabs = tabs.map((query) => ({ query }));
/** As the server has put them into the page. */
const productName = attribute('meta[name=application-name]', 'content');
const icon = attribute('link[rel=icon]', 'href');

function Page(): ReactNode {
  return (
    <>
      <Bar />
      <div className="ide">
        {/* Queries here hold passwords and codes: they go with the tab, and never into the
            browser's lasting storage. */}
        <GraphiQL
          fetcher={fetchGraphql}
          defaultTabs={defaultTabs}
          storage={sessionStorage}
          forcedTheme="system"
        >
          <GraphiQL.Logo>{null}</GraphiQL.Logo>
          <FillIds />
          <FollowScheme />
        </GraphiQL>
      </div>
    </>
  );
}

function Bar(): ReactNode {
  const { accessToken, refusal } = useMemory();
  return (
    <header className="bar">
      <a className="brand" href="/">
        <img src={icon} alt="" />
        {productName}
      </a>
      <h1>GraphiQL</h1>
      {accessToken === null ? (
        <p role="status">
          {refusal === null
            ? 'Not signed in'
            : `Not signed in: the kept token was refused (${refusal})`}
        </p>
      ) : (
        <p role="status">
          <b>Signed in</b>{' '}
          <span>
            with the access token of the last answer, sent with every request{until(accessToken)}
          </span>{' '}
          <button type="button" onClick={signOut} title="Ends this session and forgets the token">
            Sign out
          </button>
        </p>
      )}
      <nav aria-label="Pages">
        <a href="/account" target="_blank" rel="noreferrer">
          Account
        </a>
        <a href="/dev/mailbox" target="_blank" rel="noreferrer">
          Mailbox
        </a>
      </nav>
    </header>
  );
}

function until(accessToken: string): string {
  const expiry = expiryOf(accessToken);
  return expiry === null ? '' : ` until ${expiry.toLocaleTimeString([], { timeStyle: 'short' })}`;
}

/** Writes the newest ids into the tab that waits for them. */
function FillIds(): ReactNode {
  const { challengeId, enrollmentId } = useMemory();
  const earlier = useRef(new Set<string>());
  const { queryEditor, activeTabIndex } = useGraphiQL(({ queryEditor, activeTabIndex }) => ({
    queryEditor,
    activeTabIndex,
  }));
  // biome-ignore lint/correctness/useExhaustiveDependencies: a tab is another text.
  useEffect(() => {
    if (queryEditor === undefined) return;
    const query = queryEditor.getValue();
    const filled = fillIds(query, { challengeId, enrollmentId }, earlier.current);
    if (filled !== query) {
      // The cursor says which operation runs next.
      const view = queryEditor.saveViewState();
      queryEditor.setValue(filled);
      queryEditor.restoreViewState(view);
    }
    for (const id of [challengeId, enrollmentId]) if (id !== null) earlier.current.add(id);
  }, [queryEditor, activeTabIndex, challengeId, enrollmentId]);
  return null;
}

/** GraphiQL asks for the system's scheme once. */
function FollowScheme(): ReactNode {
  const { setTheme } = useGraphiQLActions();
  useEffect(() => {
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const follow = (): void => setTheme(null);
    scheme.addEventListener('change', follow);
    return () => scheme.removeEventListener('change', follow);
  }, [setTheme]);
  return null;
}

function attribute(selector: string, name: string): string {
  return document.querySelector(selector)?.getAttribute(name) ?? '';
}

const root = document.getElementById('root');
if (root !== null) createRoot(root).render(<Page />);
