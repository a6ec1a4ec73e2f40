import formbody from '@fastify/formbody';
import { CrossSiteError, createServerAuth, type RequestAuth } from '@latchkey/client/server';
import Fastify from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    auth: RequestAuth;
  }
}

const auth = createServerAuth({
  url: process.env['LATCHKEY_URL'] ?? 'http://localhost:4000/graphql',
  secret: process.env['APP_SECRET'] ?? '',
});

// One proxy stands before the app. Without that every browser's address would be the proxy's.
export const app = Fastify({ trustProxy: (_address, hop) => hop === 0 });
app.register(formbody);
app.decorateRequest('auth');
app.addHook('onRequest', async (request) => {
  const headers = new Headers(request.headers as Record<string, string>);
  request.auth = auth.forRequest({ headers, clientAddress: request.ip });
});
app.addHook('onSend', async (request, reply) => {
  const headers = new Headers();
  request.auth.applyTo(headers);
  reply.headers(Object.fromEntries(headers));
});
app.setErrorHandler((error, _request, reply) => {
  if (error instanceof CrossSiteError) return reply.code(error.status).send(error.message);
  throw error;
});

app.get('/sign-in', (_request, reply) => reply.type('text/html').send(signInPage('')));

app.post<{ Body: Fields }>('/sign-in', async ({ auth, body }, reply) => {
  const { email = '', password = '', code = '', challengeId, intent } = body;
  const result = challengeId
    ? await auth.verifyOtp({ challengeId, code })
    : intent === 'register'
      ? await auth.register({ email, password })
      : await auth.login({ email, password });
  if (result.__typename === 'AuthTokens') return reply.redirect('/account', 303);
  reply.type('text/html');
  if (result.__typename === 'AuthError') return signInPage(result.message, challengeId);
  return signInPage(`The code ${result.sentTo ?? 'of your app'}:`, result.id);
});

app.get('/account', async ({ auth }, reply) => {
  const account = await auth.account();
  if (!account) return reply.redirect('/sign-in', 303);
  reply.type('text/html');
  return page(
    'account/sign-out',
    `<h1>Hello, ${escaped(account.user.email ?? '')}</h1><button>Sign out</button>`,
  );
});

app.post('/account/sign-out', async ({ auth }, reply) => {
  await auth.logout();
  return reply.redirect('/sign-in', 303);
});

function signInPage(message: string, challengeId?: string): string {
  const status = `<p role="status">${escaped(message)}</p>`;
  if (challengeId)
    return page(
      'sign-in',
      `${status}<input type="hidden" name="challengeId" value="${escaped(challengeId)}">
      <input name="code" autocomplete="one-time-code" required><button>Continue</button>`,
    );
  return page(
    'sign-in',
    `${status}<input name="email" type="email" required>
    <input name="password" type="password" required>
    <button name="intent" value="register">Create account</button><button>Sign in</button>`,
  );
}

const page = (action: string, body: string): string =>
  `<!doctype html><title>App</title>
  <main><form method="post" action="/${action}">${body}</form></main>`;

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

type Fields = Partial<Record<'email' | 'password' | 'code' | 'challengeId' | 'intent', string>>;
