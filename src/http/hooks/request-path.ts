/**
 * The path of a request's target as it was sent, without the query: not decoded, so compare it with
 * plain text only.
 */
export function requestPath(target: string): string {
  const end = target.search(/[?#]/);
  return end === -1 ? target : target.slice(0, end);
}

const openDocuments: ReadonlySet<string> = new Set([
  '/.well-known/jwks.json',
  '/.well-known/openid-configuration',
]);

/** True for the documents that any origin may read: the public keys and the discovery document. */
export function isOpenDocument(path: string): boolean {
  return openDocuments.has(path);
}
