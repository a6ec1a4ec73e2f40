/**
 * Whether a form came from a page of ours. SECURITY: by its own Origin, or without one by
 * Sec-Fetch-Site; `null`, which sandboxed frames and other schemes send, is nobody's (PG-3; OWASP
 * CSRF, login CSRF).
 */
export function isOwnForm(
  headers: {
    readonly origin?: string | undefined;
    readonly 'sec-fetch-site'?: string | string[] | undefined;
  },
  publicUrl: string,
): boolean {
  const { origin, 'sec-fetch-site': site } = headers;
  return origin === undefined ? site === 'same-origin' : origin === publicUrl;
}
