import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Hashes of throw-away passwords that other systems have made, each with what made it. */
export const foreignHashes = z
  .array(z.object({ from: z.string(), password: z.string(), hash: z.string() }))
  .parse(JSON.parse(readFileSync(new URL('./foreign-hashes.json', import.meta.url), 'utf8')));
