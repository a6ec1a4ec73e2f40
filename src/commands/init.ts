import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemRandom } from '../random.ts';
import { fail } from './fail.ts';
import { type InitFile, initFiles } from './init-files.ts';

/**
 * Writes what a first server needs into a folder: compose.yaml, .env with new secrets, README.md.
 * Writes nothing where one of them exists.
 */
export function init(folder: string, { version }: { readonly version: string }): void {
  const files = initFiles(version, {
    secretKey: Buffer.from(systemRandom.bytes(32)).toString('base64'),
    databasePassword: systemRandom.token(24),
    gatewayToken: systemRandom.token(32),
  });
  if (!writeAll(folder, files)) return;
  process.stdout.write(`\nNext: read ${join(folder, 'README.md')}.\n`);
}

/** Whether they were written; reports why not. */
function writeAll(folder: string, files: readonly InitFile[]): boolean {
  const taken = files.map(({ name }) => join(folder, name)).find((path) => existsSync(path));
  if (taken !== undefined) {
    fail(`${taken} exists. Nothing was written: choose another folder, or move it away.`);
    return false;
  }
  mkdirSync(folder, { recursive: true });
  for (const { name, text, about, mode } of files) {
    const path = join(folder, name);
    // `wx`: also where another process has written it meanwhile.
    writeFileSync(path, text, { mode, flag: 'wx' });
    process.stdout.write(`${path.padEnd(24)} ${about}\n`);
  }
  return true;
}
