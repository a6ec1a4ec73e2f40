import { ApolloProvider } from '@apollo/client/react';
import { AuthProvider } from '@latchkey/client/react';
import { createRoot } from 'react-dom/client';
import { Router } from 'wouter';
import { apollo, auth } from './api/clients.ts';
import { App } from './app.tsx';
import './style.css';

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <AuthProvider client={auth}>
      <ApolloProvider client={apollo}>
        <Router base="/console">
          <App />
        </Router>
      </ApolloProvider>
    </AuthProvider>,
  );
}
