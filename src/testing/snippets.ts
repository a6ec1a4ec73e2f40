import { readFileSync } from 'node:fs';

const folder = new URL('../../docs/integrations/', import.meta.url);

/** The blocks of one language in a page of docs/integrations, or by its way from there. */
export function snippets(page: string, language: string): string[] {
  const text = readFileSync(new URL(page, folder), 'utf8');
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, name, body]) =>
    name === language && body !== undefined ? [body] : [],
  );
}
