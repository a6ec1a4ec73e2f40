import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

export type Bundle = { readonly code: string; readonly imports: readonly string[] };

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Bundles and minifies one file, ours or one named by its absolute path, for a browser; packages in
 * `external` stay imports.
 */
export async function bundle(
  file: string,
  options: { external?: readonly string[] } = {},
): Promise<Bundle> {
  const entry = resolve(root, file);
  const built = await build({
    configFile: false,
    logLevel: 'error',
    root: dirname(entry),
    build: {
      write: false,
      minify: true,
      target: 'es2022',
      lib: { entry, formats: ['es'] },
      rolldownOptions: { external: [...(options.external ?? [])] },
    },
  });
  const outputs = [built].flat().flatMap((one) => ('output' in one ? one.output : []));
  const chunks = outputs.flatMap((one) => (one.type === 'chunk' ? [one] : []));
  return {
    code: chunks.map(({ code }) => code).join('\n'),
    imports: chunks.flatMap(({ imports }) => imports),
  };
}
