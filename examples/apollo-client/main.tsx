import { ApolloClient, InMemoryCache } from '@apollo/client';
import { HttpLink } from '@apollo/client/link/http';
import { ApolloProvider } from '@apollo/client/react';
import { createAuthClient } from '@latchkey/client';
import { authLink, clearCacheOnUserChange } from '@latchkey/client/apollo';
import { AuthProvider } from '@latchkey/client/react';
import { createRoot } from 'react-dom/client';
import { App } from '../pages/app.tsx';
import { Account } from './account.tsx';

const url = `${import.meta.env.VITE_AUTH_URL ?? 'http://localhost:4000'}/graphql`;

// The refresh token is in an HttpOnly cookie, the access token in memory: the session survives a
// reload and is that of every tab.
const auth = createAuthClient({ url, storage: 'cookie' });

const client = new ApolloClient({
  link: authLink(auth).concat(new HttpLink({ uri: url })),
  cache: new InMemoryCache(),
});

clearCacheOnUserChange(auth, client);

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <AuthProvider client={auth}>
      <ApolloProvider client={client}>
        <App title="Latchkey with Apollo Client">
          <Account />
        </App>
      </ApolloProvider>
    </AuthProvider>,
  );
}
