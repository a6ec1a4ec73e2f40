import { readFileSync } from 'node:fs';

/** The code blocks of one language in a page of docs/integrations. */
export function snippets(page: string, language: string): string[] {
  const text = readFileSync(new URL(`../../docs/integrations/${page}`, import.meta.url), 'utf8');
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, name, body]) =>
    name === language && body !== undefined ? [body] : [],
  );
}
