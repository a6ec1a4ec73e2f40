import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const client = fileURLToPath(new URL('../packages/client/src', import.meta.url));

/** Of both web apps. In an app of your own the installed package needs no alias. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@latchkey\/client$/, replacement: `${client}/index.ts` },
      { find: /^@latchkey\/client\/(.+)$/, replacement: `${client}/$1.ts` },
    ],
  },
  server: { port: 3000, strictPort: true },
});
