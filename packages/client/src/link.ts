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

/**
 * What a mail has opened the page for. `verify`: `verifyLink` finishes a registration or a sign-in.
 * `reset-password`: `resetPassword` takes the new password; invitations, too.
 * `undo-email-change`: `undoEmailChange`.
 */
export type MailLink = {
  readonly kind: 'verify' | 'reset-password' | 'undo-email-change';
  readonly token: string;
};

/**
 * The link of a mail with which the page was opened, by the last part of its path; null where it
 * was opened otherwise. The token leaves the address bar, as with `takeLinkToken`.
 */
export function takeMailLink(): MailLink | null {
  if (typeof location === 'undefined') return null;
  const kind = /\/(verify|reset-password|undo-email-change)\/?$/.exec(location.pathname)?.[1];
  const token = kind === undefined ? null : takeLinkToken();
  return token === null ? null : { kind: kind as MailLink['kind'], token };
}
