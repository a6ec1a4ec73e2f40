import { readFileSync } from 'node:fs';

const folder = new URL('../../docs/integrations/', import.meta.url);

/** The code blocks of one language in a page, named by its path from docs/integrations. */
export function snippets(page: string, language: string): string[] {
  const text = readFileSync(new URL(page, folder), 'utf8');
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, name, body]) =>
    name === language && body !== undefined ? [body] : [],
  );
}
