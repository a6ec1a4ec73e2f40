import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

export type Bundle = { readonly code: string; readonly imports: readonly string[] };

const root = fileURLToPath(new URL('../..', import.meta.url));
const start = '\0start';

/**
 * Bundles one file, ours or one named by its absolute path, as an app's build does for browsers:
 * minified, and of the file only what the app imports (`names`), or all. Packages in `external`
 * stay imports.
 */
export async function bundle(
  file: string,
  options: { external?: readonly string[]; names?: readonly string[] } = {},
): Promise<Bundle> {
  const entry = resolve(root, file);
  const imported = options.names ? `{ ${options.names.join(', ')} }` : '*';
  const build = await rolldown({
    input: start,
    platform: 'browser',
    transform: { target: 'es2022' },
    external: [...(options.external ?? [])],
    plugins: [
      {
        name: 'start',
        resolveId: (id) => (id === start ? start : null),
        load: (id) => (id === start ? `export ${imported} from ${JSON.stringify(entry)};` : null),
      },
    ],
  });
  try {
    const { output } = await build.generate({ format: 'es', minify: true });
    const chunks = output.flatMap((one) => (one.type === 'chunk' ? [one] : []));
    return {
      code: chunks.map(({ code }) => code).join('\n'),
      imports: chunks.flatMap(({ imports }) => imports),
    };
  } finally {
    await build.close();
  }
}
