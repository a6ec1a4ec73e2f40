import { createAuthClient } from '@latchkey/client';
import { AuthProvider, useAuth } from '@latchkey/client/react';
import { authClientExchange } from '@latchkey/client/urql';
import { type ReactNode, useMemo } from 'react';
import { createRoot } from 'react-dom/client';
import { Client, cacheExchange, fetchExchange, Provider } from 'urql';
import { App } from '../pages/app.tsx';
import { Account } from './account.tsx';

const url = `${import.meta.env.VITE_AUTH_URL ?? 'http://localhost:4000'}/graphql`;

// The refresh token is in an HttpOnly cookie, the access token in memory: the session survives a
// reload and is that of every tab.
const auth = createAuthClient({ url, storage: 'cookie' });

/** A client, and a cache, for each user: the next one must not see what this one has read. */
function UrqlProvider({ children }: { children: ReactNode }) {
  const { user } = useAuth();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another user, another cache.
  const client = useMemo(
    () =>
      new Client({
        url,
        preferGetMethod: false,
        exchanges: [cacheExchange, authClientExchange(auth), fetchExchange],
      }),
    [user?.id],
  );
  return <Provider value={client}>{children}</Provider>;
}

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <AuthProvider client={auth}>
      <UrqlProvider>
        <App title="Latchkey with urql">
          <Account />
        </App>
      </UrqlProvider>
    </AuthProvider>,
  );
}
