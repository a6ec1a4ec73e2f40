import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** The path of TypeScript's program, which the package's `exports` do not name. */
export const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
