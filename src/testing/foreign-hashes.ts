import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Hashes of test passwords that other systems generated, each with the system's name. */
export const foreignHashes = z
  .array(z.object({ from: z.string(), password: z.string(), hash: z.string() }))
  .parse(JSON.parse(readFileSync(new URL('./foreign-hashes.json', import.meta.url), 'utf8')));

/** Whether another password fits the sample, too, so that a sign-in does not replace it. */
export function fitsAnother({ from }: { readonly from: string }): boolean {
  return /more than 72|Better Auth/.test(from);
}
