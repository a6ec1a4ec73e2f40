/** What is read of a request: a `Request`, or what a framework has in its place. */
export type ServerRequest = {
  readonly headers: { get(name: string): string | null };
  readonly url?: string;
  /** The address of the browser, as the app's server knows it. */
  readonly clientAddress?: string | undefined;
};

export type OriginOptions = {
  /**
   * The app's own origins, such as `https://app.example.com`. Unless set, the host that the request
   * names; set it where a proxy changes that header.
   */
  readonly origin?: string | readonly string[];
  /** Takes the host from X-Forwarded-Host: only where a proxy of yours always sets it. */
  readonly trustForwardedHost?: boolean;
};

/** The request comes from a page of another site. `status` is for the answer. */
export class CrossSiteError extends Error {
  override readonly name = 'CrossSiteError';
  readonly status = 403;

  constructor() {
    super('Forms of other sites are refused.');
  }
}

/**
 * Whether a request comes from a page of the app. SECURITY: a cookie comes along with a form of
 * another site, too (OWASP CSRF, login CSRF). Origin decides, or without one Sec-Fetch-Site; `null`
 * is the origin of no one's page, and a request with neither is refused.
 */
export function isSameOrigin(request: ServerRequest, options: OriginOptions): boolean {
  const origin = request.headers.get('origin');
  if (origin === null) return request.headers.get('sec-fetch-site') === 'same-origin';
  if (options.origin) return [options.origin].flat().includes(origin);
  const host = hostOf(request, options);
  return origin === `https://${host}` || (isLocal(host) && origin === `http://${host}`);
}

/** Whether the cookie is Secure: everywhere but on http://localhost. */
export function isSecure(request: ServerRequest, options: OriginOptions): boolean {
  const [origin] = [options.origin ?? []].flat();
  if (origin !== undefined) return !origin.startsWith('http:');
  return !isLocal(hostOf(request, options));
}

function hostOf({ headers, url }: ServerRequest, { trustForwardedHost }: OriginOptions): string {
  const forwarded = trustForwardedHost ? headers.get('x-forwarded-host') : null;
  return forwarded ?? headers.get('host') ?? (url && URL.canParse(url) ? new URL(url).host : '');
}

const isLocal = (host: string): boolean =>
  /^(([\w-]+\.)*localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host);
