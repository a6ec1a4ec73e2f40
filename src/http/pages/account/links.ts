/** The address of a page by its path below /account. */
export function addressOf(path: string): string {
  return path === '' ? '/account' : `/account/${path}`;
}

/** The address of a page, with where to go after the sign-in carried along. */
export function linkTo(path: string, query: URLSearchParams): string {
  const returnTo = query.get('return_to');
  const search = returnTo === null ? '' : `?${new URLSearchParams({ return_to: returnTo })}`;
  return `${addressOf(path)}${search}`;
}

/** What `?done=` says was done: one of the texts that the page has, and nothing else. */
export function doneText(
  texts: Readonly<Record<string, string>>,
  query: URLSearchParams,
): string | null {
  const done = query.get('done') ?? '';
  return Object.hasOwn(texts, done) ? (texts[done] ?? null) : null;
}
