import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './style.css';
import { useGraphiQL } from '@graphiql/react';
import { GraphiQL } from 'graphiql';
import { type ReactNode, useEffect, useRef } from 'react';
import { createRoot } from 'react-dom/client';
import { fetchGraphql, signOut } from './fetch-graphql.ts';
import { fillChallenge, firstSteps } from './first-steps.ts';
import { useMemory } from './memory.ts';
import { expiryOf } from './read-answer.ts';

const defaultTabs = firstSteps.map((query) => ({ query }));

function Page(): ReactNode {
  return (
    <>
      <Bar />
      <div className="ide">
        {/* Queries here hold passwords and codes: they go with the tab, and never into the
            browser's lasting storage. */}
        <GraphiQL fetcher={fetchGraphql} defaultTabs={defaultTabs} storage={sessionStorage}>
          <GraphiQL.Logo>{null}</GraphiQL.Logo>
          <FillChallenge />
        </GraphiQL>
      </div>
    </>
  );
}

function Bar(): ReactNode {
  const { accessToken, refusal } = useMemory();
  return (
    <header className="bar">
      <h1>
        Latchkey <span>GraphiQL</span>
      </h1>
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
      <a href="/dev/mailbox" target="_blank" rel="noreferrer">
        Mailbox
      </a>
    </header>
  );
}

function until(accessToken: string): string {
  const expiry = expiryOf(accessToken);
  return expiry === null ? '' : ` until ${expiry.toLocaleTimeString([], { timeStyle: 'short' })}`;
}

/** Writes the newest challenge into the tab that waits for one. */
function FillChallenge(): ReactNode {
  const { challengeId } = useMemory();
  const earlier = useRef(new Set<string>());
  const { queryEditor, activeTabIndex } = useGraphiQL(({ queryEditor, activeTabIndex }) => ({
    queryEditor,
    activeTabIndex,
  }));
  // biome-ignore lint/correctness/useExhaustiveDependencies: a tab is another text.
  useEffect(() => {
    if (queryEditor === undefined || challengeId === null) return;
    const query = queryEditor.getValue();
    const filled = fillChallenge(query, challengeId, earlier.current);
    if (filled !== query) queryEditor.setValue(filled);
    earlier.current.add(challengeId);
  }, [queryEditor, activeTabIndex, challengeId]);
  return null;
}

const root = document.getElementById('root');
if (root !== null) createRoot(root).render(<Page />);
