import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, preview } from 'vite';

/** The web apps among the examples, each in a folder of its name. */
export const webApps = ['apollo-client', 'urql'] as const;

/** Builds a web app and serves it at a port of localhost; returns how to stop it. */
export async function serveWebApp(
  app: (typeof webApps)[number],
  options: { readonly port: number; readonly authUrl: string },
): Promise<() => Promise<void>> {
  const outDir = await mkdtemp(join(tmpdir(), 'latchkey-example-'));
  // Cookies of another site are not sent along, and 127.0.0.1 is another site than localhost.
  const authUrl = options.authUrl.replace('127.0.0.1', 'localhost');
  const settings = {
    root: fileURLToPath(new URL(app, import.meta.url)),
    configFile: fileURLToPath(new URL('vite.config.ts', import.meta.url)),
    logLevel: 'error',
    define: { 'import.meta.env.VITE_AUTH_URL': JSON.stringify(authUrl) },
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
