import { createAuthClient } from '@latchkey/client';
import { AuthProvider } from '@latchkey/client/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';

const url = `${import.meta.env['VITE_AUTH_URL'] ?? 'http://localhost:4000'}/graphql`;
const auth = createAuthClient({ url, storage: 'cookie' });

createRoot(document.getElementById('root') ?? document.body).render(
  <StrictMode>
    <AuthProvider client={auth}>
      <App />
    </AuthProvider>
  </StrictMode>,
);
