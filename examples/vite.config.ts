import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const src = fileURLToPath(new URL('../src', import.meta.url));

/** Of both web apps. In an app of your own `latchkey` comes from npm and needs no alias. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^latchkey\/client$/, replacement: `${src}/client/index.ts` },
      { find: /^latchkey\/(client\/.+)$/, replacement: `${src}/$1.ts` },
    ],
  },
  server: { port: 3000, strictPort: true },
});
