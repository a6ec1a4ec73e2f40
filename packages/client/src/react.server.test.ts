import type { Browser } from 'playwright-core';
import { createElement, type ReactNode, StrictMode, Suspense } from 'react';
import { renderToString } from 'react-dom/server';
import { rolldown } from 'rolldown';
import { afterAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../../../src/testing/browser.ts';
import { createAuthClient, type User } from './index.ts';
import {
  AuthProvider,
  type AuthProviderProps,
  RequireAuth,
  SignedIn,
  SignedOut,
  screenOf,
  useSessions,
  useSignIn,
} from './react.ts';

const browser: Browser | null = await launchBrowser();
afterAll(() => browser?.close());

const user: User = {
  id: '1',
  email: 'ada@example.com',
  emailVerified: true,
  name: 'Ada',
  roles: [],
  createdAt: null,
  status: 'ACTIVE',
  lastLoginAt: null,
  totpEnabled: false,
};

function Page(): ReactNode {
  const signIn = useSignIn();
  const { sessions } = useSessions();
  return createElement(
    'main',
    null,
    createElement('h1', null, screenOf(signIn).title),
    SignedIn({ children: ({ name }: User) => createElement('b', null, name) }),
    createElement(SignedOut, null, createElement('i', null, 'nobody')),
    RequireAuth({ fallback: 'fallback', loading: 'wait', children: 'inside' }),
    sessions.length,
  );
}

function render(options: Partial<AuthProviderProps> = {}): { html: string; requests: number } {
  let requests = 0;
  const client = createAuthClient({
    url: 'http://localhost/graphql',
    fetch: async () => {
      requests += 1;
      return Response.json({ data: null });
    },
  });
  const page = createElement(Suspense, { fallback: 'suspended' }, createElement(Page));
  const provider = createElement(AuthProvider, { client, ...options }, page);
  return { html: renderToString(createElement(StrictMode, null, provider)), requests };
}

describe('a server that renders', () => {
  it('throws without an AuthProvider', () => {
    expect(() => renderToString(createElement(Page))).toThrow('<AuthProvider>');
  });

  it('renders loading, suspends nothing and sends nothing', () => {
    const { html, requests } = render();
    expect(html).toContain('<h1>One moment…</h1>');
    expect(html).toContain('wait');
    expect(html).not.toMatch(/nobody|fallback|inside|suspended/);
    expect(requests).toBe(0);
  });

  it('renders the user whom it is told of', () => {
    const { html } = render({ initialState: { status: 'signed-in', user } });
    expect(html).toContain('<b>Ada</b>');
    expect(html).toContain('inside');
  });
});

/** In the browser: renders as a server does, then hydrates with a client that knows its user. */
const entry = `
  import { createElement as h, StrictMode } from 'react';
  import { renderToString } from 'react-dom/server';
  import { hydrateRoot } from 'react-dom/client';
  import { createAuthClient } from '@latchkey/client';
  import { AuthProvider, SignedIn, screenOf, useSignIn } from '@latchkey/client/react';
  const user = ${JSON.stringify(user)};
  const stored = { accessToken: 'a.b.c', refreshToken: 'r', expiresAt: Date.now() + 9e5,
    refreshAt: Date.now() + 9e5, provedAt: Date.now(), user };
  const storage = { load: () => stored, save() {}, clear() {} };
  const open = () => createAuthClient({ url: 'http://localhost/graphql', storage });
  function Page() {
    const signIn = useSignIn();
    return h('main', null, h('h1', null, screenOf(signIn).title || 'Done'),
      h(SignedIn, null, ({ name }) => h('b', null, name)));
  }
  const app = (client) => h(StrictMode, null, h(AuthProvider, { client }, h(Page)));
  const root = document.getElementById('root');
  root.innerHTML = renderToString(app(open()));
  window.rendered = root.innerHTML;
  window.recovered = [];
  const client = open();
  await client.start();
  const onRecoverableError = (error) => window.recovered.push(String(error));
  hydrateRoot(root, app(client), { onRecoverableError });
`;

describe.skipIf(browser === null).each([[19], [18]])('React %d in the browser', (version) => {
  it('hydrates what the server rendered without a warning, and then shows the user', async () => {
    const source = (path: string) => new URL(path, import.meta.url).pathname;
    const suffix = version === 18 ? '-18' : '';
    const build = await rolldown({
      input: 'entry',
      platform: 'browser',
      transform: { define: { 'process.env.NODE_ENV': '"development"' } },
      resolve: {
        alias: {
          'react-dom/server': `react-dom${suffix}/server.browser`,
          'react-dom/client': `react-dom${suffix}/client`,
          'react-dom': `react-dom${suffix}`,
          react: `react${suffix}`,
          '@latchkey/client/react': source('react.ts'),
          '@latchkey/client': source('index.ts'),
        },
      },
      plugins: [
        {
          name: 'entry',
          resolveId: (id) => (id === 'entry' ? source('entry.js') : null),
          load: (id) => (id === source('entry.js') ? entry : null),
        },
      ],
    });
    const { output } = await build.generate({ format: 'es' });
    await build.close();
    const page = await browser?.newPage();
    if (!page) throw new Error('There is no browser.');
    const problems: string[] = [];
    page.on('console', (message) => {
      if (/^(error|warning)$/.test(message.type())) problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    await page.route('**/*', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<div id="root"></div>' }),
    );
    await page.goto('http://localhost/');
    await page.addScriptTag({ type: 'module', content: output[0].code });
    await page.getByText('Ada').waitFor();
    expect(await page.evaluate('window.rendered')).toContain('One moment…');
    expect(await page.evaluate('window.recovered')).toEqual([]);
    expect(problems.filter((text) => !text.includes('favicon'))).toEqual([]);
    await page.close();
  });
});
