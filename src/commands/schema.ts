import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('../../schema.graphql', import.meta.url));

/** Writes schema.graphql from the code; with `check`, reports whether the file matches the code. */
export async function schema(options: { check?: boolean; print?: boolean }): Promise<void> {
  const { printAuthSchema } = await import('../graphql/schema.ts');
  const printed = printAuthSchema();
  if (options.print) {
    process.stdout.write(printed);
  } else if (options.check) {
    const kept = await readFile(file, 'utf8').catch(() => '');
    if (kept === printed) return;
    process.stderr.write('schema.graphql is not what the code makes. Run: npm run schema\n');
    process.exitCode = 1;
  } else {
    await writeFile(file, printed);
  }
}
