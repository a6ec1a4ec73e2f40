// Builds the GraphiQL page into a directory: node scripts/build-graphiql.mjs OUTDIR
import { fileURLToPath } from 'node:url';
import { buildPage } from './build-page.mjs';

await buildPage({
  script: fileURLToPath(import.meta.url),
  root: fileURLToPath(new URL('../src/http/pages/graphiql/page', import.meta.url)),
  folders: [],
  packages: ['graphiql', '@graphiql/react', 'react', 'react-dom', 'graphql', 'vite'],
  vite: {
    base: '/',
    worker: { format: 'es' },
    build: { assetsDir: 'dev/graphiql', chunkSizeWarningLimit: 10_000 },
  },
});
