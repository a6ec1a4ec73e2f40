import type { Config } from '../../../config/read-config.ts';

type Origins = Pick<Config, 'publicUrl' | 'appUrl' | 'corsOrigins'>;

export type Target =
  /** A path of ours. */
  | { readonly kind: 'ours'; readonly path: string }
  /** An app's address, which a form may not lead to by itself (`form-action`). */
  | { readonly kind: 'app'; readonly url: string };

const home: Target = { kind: 'ours', path: '/account' };

/**
 * Where a browser goes after it has signed in: an address of ours below /account, of APP_URL's
 * origin or of one in CORS_ORIGINS, else the account's home. SECURITY: compared as origins after
 * parsing, as a browser reads them; a start that looks right proves nothing (PG-6).
 */
export function returnTarget(config: Origins, wanted: string | null | undefined): Target {
  if (!wanted || !URL.canParse(wanted, config.publicUrl)) return home;
  const url = new URL(wanted, config.publicUrl);
  // The origin of `blob:https://app.example.com/…` is the app's, too.
  if (!['http:', 'https:'].includes(url.protocol)) return home;
  if (url.username !== '' || url.password !== '') return home;
  if (url.origin === new URL(config.publicUrl).origin) {
    const isPage = url.pathname === '/account' || url.pathname.startsWith('/account/');
    return isPage ? { kind: 'ours', path: url.pathname + url.search } : home;
  }
  const apps = [new URL(config.appUrl).origin, ...config.corsOrigins];
  return apps.includes(url.origin) ? { kind: 'app', url: url.href } : home;
}
