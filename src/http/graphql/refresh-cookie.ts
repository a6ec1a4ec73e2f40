import { parseCookie, stringifySetCookie } from 'cookie';
import type { Config } from '../../config/read-config.ts';
import type { RefreshCookie } from '../../context.ts';
import { AuthError } from '../../errors.ts';
import { isConsoleHost } from '../hooks/console-host.ts';

type Settings = Pick<Config, 'publicUrl' | 'corsOrigins' | 'console' | 'consoleUrl'>;

type Request = {
  readonly host: string | undefined;
  readonly cookie: string | undefined;
  readonly origin: string | undefined;
  readonly secFetchSite: string | undefined;
};

/**
 * `__Host-` binds a cookie to this host over https (RFC 6265bis 4.1.3.2); over http no browser
 * accepts it.
 */
export function refreshCookieName(config: Pick<Config, 'publicUrl'>): string {
  return config.publicUrl.startsWith('https://') ? '__Host-latchkey' : 'latchkey';
}

/** The refresh cookie of one request; `setHeader` is given the headers to answer with. */
export function refreshCookie(
  config: Settings,
  request: Request,
  setHeader: (name: 'set-cookie' | 'clear-site-data', value: string) => void,
): RefreshCookie {
  const name = refreshCookieName(config);
  const sent = request.cookie === undefined ? undefined : parseCookie(request.cookie)[name];
  const attributes = {
    httpOnly: true,
    secure: name.startsWith('__Host-'),
    sameSite: 'strict',
    path: '/',
  } as const;

  return {
    read: () => {
      if (sent === undefined || sent === '') return null;
      assertOwnSite(config, request);
      return sent;
    },
    assertOwnSite: () => assertOwnSite(config, request),
    write: (value, expires) => {
      assertOwnSite(config, request);
      setHeader('set-cookie', stringifySetCookie({ name, value, expires, ...attributes }));
    },
    clear: () => {
      // Another site clears nothing; code that needs the cookie calls `read`, which refuses.
      if (sent === undefined || !isOwnSite(config, request)) return;
      setHeader(
        'set-cookie',
        stringifySetCookie({ name, value: '', expires: new Date(0), maxAge: 0, ...attributes }),
      );
      // Not "cookies": that would take those of every other host of the same domain along (Clear
      // Site Data 3.3).
      setHeader('clear-site-data', '"storage"');
    },
  };
}

/**
 * SECURITY: a cookie comes along with whatever a page of another site sends, so the request has to
 * say where it comes from: an Origin that is ours or listed, or else Sec-Fetch-Site. Neither:
 * refused (TR-8; OWASP CSRF, login CSRF).
 */
function isOwnSite(config: Settings, request: Request): boolean {
  if (request.origin === undefined) return request.secFetchSite === 'same-origin';
  // The console's host has cookies of its own, which no other origin may use (PG-9).
  if (isConsoleHost(config, request)) return request.origin === config.consoleUrl;
  return request.origin === config.publicUrl || config.corsOrigins.includes(request.origin);
}

function assertOwnSite(config: Settings, request: Request): void {
  if (isOwnSite(config, request)) return;
  throw new AuthError('FORBIDDEN', { message: 'Cookies are taken from listed origins only.' });
}
