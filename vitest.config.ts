import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './src/testing/longest-first.ts';

const packages = fileURLToPath(new URL('packages', import.meta.url));

export default defineConfig({
  resolve: {
    // Tests would get graphql's ESM build and the servers its CommonJS one: two realms, and
    // "another module or realm".
    alias: [
      { find: /^graphql$/, replacement: 'graphql/index.js' },
      // The packages by their names, as the examples import them, without a build.
      { find: /^@latchkey\/(client|verify)$/, replacement: `${packages}/$1/src/index.ts` },
      { find: /^@latchkey\/(client|verify)\/(.+)$/, replacement: `${packages}/$1/src/$2.ts` },
    ],
  },
  test: {
    pool: 'forks',
    isolate: false,
    // One more than the cores of a small machine: many tests wait, for a timer or for another
    // process.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // Guards against what never ends, and nothing else: a busy machine takes many times as long.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    reporters: ['default', './src/testing/reporter.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'postgres',
          include: [
            'src/**/*.test.ts',
            'apps/**/*.test.ts',
            'packages/*/src/*.test.ts',
            'examples/**/*.test.ts',
          ],
          globalSetup: './src/testing/global-setup.ts',
        },
      },
      {
        // What depends on the database once more, on the one that development has.
        extends: true,
        test: {
          name: 'pglite',
          include: ['src/**/*.front.test.ts'],
          globalSetup: './src/testing/global-setup-pglite.ts',
        },
      },
    ],
  },
});
