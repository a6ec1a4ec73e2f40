/**
 * No document is looked up by its hash here (GQ-16). A request that brings the whole document
 * beside the hash, as clients of automatic persisted queries do, is an ordinary one all the same:
 * the hash is dropped, since Apollo would refuse the request for it.
 */
export function bodyWithoutHash(body: unknown): unknown {
  if (!isObject(body) || !isDocument(body['query'])) return body;
  const extensions = withoutHash(body['extensions']);
  return extensions === undefined ? body : { ...body, extensions };
}

/** The same for the search part of a GET. */
export function searchWithoutHash(search: string): string {
  if (!search.includes('extensions')) return search;
  const parameters = new URLSearchParams(search);
  // Given twice, either is refused by Apollo.
  const [text, ...others] = parameters.getAll('extensions');
  if (text === undefined || others.length > 0 || !isDocument(parameters.get('query')))
    return search;
  const extensions = withoutHash(parsed(text));
  if (extensions === undefined) return search;
  parameters.set('extensions', JSON.stringify(extensions));
  return `?${parameters}`;
}

/** Undefined where there is no hash to drop. */
function withoutHash(extensions: unknown): Record<string, unknown> | undefined {
  if (!isObject(extensions) || !('persistedQuery' in extensions)) return undefined;
  const { persistedQuery: _, ...others } = extensions;
  return others;
}

function isDocument(query: unknown): boolean {
  return typeof query === 'string' && query !== '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
