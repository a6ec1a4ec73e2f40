/**
 * The token behind `#token=` in the address of a mail's link, for `verifyLink`, `resetPassword` and
 * the like; null where there is none. It leaves the address bar at once, so that no bookmark, no
 * history and no screenshot keeps it. Nothing is spent before the mutation.
 */
export function takeLinkToken(): string | null {
  if (typeof location === 'undefined') return null;
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token !== null)
    history.replaceState(history.state, '', `${location.pathname}${location.search}`);
  return token;
}
