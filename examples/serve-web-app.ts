import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, preview } from 'vite';

/** The web apps among the examples, each in a folder of its name. */
export const webApps = ['apollo-client', 'urql'] as const;

type Serving = {
  readonly port: number;
  readonly authUrl: string;
  /** With React 18 in place of 19. */
  readonly withReact18?: boolean;
  /** React's build for development, which warns and runs effects twice in StrictMode. */
  readonly isDevelopment?: boolean;
};

/** Builds a web app and serves it at a port of localhost; returns how to stop it. */
export async function serveWebApp(
  app: (typeof webApps)[number] | 'react',
  options: Serving,
): Promise<() => Promise<void>> {
  const outDir = await mkdtemp(join(tmpdir(), 'latchkey-example-'));
  // Cookies of another site are not sent along, and 127.0.0.1 is another site than localhost.
  const authUrl = options.authUrl.replace('127.0.0.1', 'localhost');
  const settings = {
    root: fileURLToPath(new URL(app, import.meta.url)),
    configFile: fileURLToPath(new URL('vite.config.ts', import.meta.url)),
    logLevel: 'error',
    define: {
      'import.meta.env.VITE_AUTH_URL': JSON.stringify(authUrl),
      ...(options.isDevelopment ? { 'process.env.NODE_ENV': '"development"' } : {}),
    },
    resolve: { alias: options.withReact18 ? react18 : [] },
    build: { outDir, emptyOutDir: true },
    preview: { port: options.port, strictPort: true, host: 'localhost' },
  } as const;
  await build(settings);
  const site = await preview(settings);
  return async () => {
    await site.close();
    await rm(outDir, { recursive: true, force: true });
  };
}

/** Another version of the packages, for the app and for the client that it imports. */
const react18 = [
  { find: /^react(-dom)?$/, replacement: 'react$1-18' },
  { find: /^react(-dom)?\/(.+)$/, replacement: 'react$1-18/$2' },
];
