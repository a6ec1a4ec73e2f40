import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { DevelopmentSecrets } from './config/read-config.ts';
import { systemRandom } from './random.ts';

const fileFormat = z.object({ secretKey: z.string(), gatewayToken: z.string() });

/**
 * The secrets of a development server, generated at its first start and stored in `secrets.json`,
 * which only its owner may read. Throws if the folder is not writable or the file is invalid.
 */
export function loadDevelopmentSecrets(dataDirectory: string): DevelopmentSecrets {
  const file = join(dataDirectory, 'secrets.json');
  const stored = readSecrets(file);
  if (stored) return stored;
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  const draft = `${file}.${systemRandom.token(6)}`;
  const made = { secretKey: systemRandom.token(32), gatewayToken: systemRandom.token(32) };
  try {
    writeFileSync(draft, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    // link() is atomic and never replaces a file: if two servers start at the same time, both use
    // the secrets of the one that links first.
    linkSync(draft, file);
    return made;
  } catch (error) {
    const other = readSecrets(file);
    if (other) return other;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function readSecrets(file: string): DevelopmentSecrets | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  return fileFormat.parse(JSON.parse(text));
}
