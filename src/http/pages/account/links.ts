/** The address of a page by its path below /account. */
export function addressOf(path: string): string {
  return path === '' ? '/account' : `/account/${path}`;
}

/** The address of a page, with where to go after the sign-in carried along. */
export function linkTo(path: string, query: URLSearchParams): string {
  return addressOf(pathWith(path, query));
}

/** The path of a page below /account, with where to go after the sign-in, and what was said. */
export function pathWith(
  path: string,
  query: URLSearchParams,
  said: Readonly<Record<string, string>> = {},
): string {
  const returnTo = query.get('return_to');
  const search = new URLSearchParams(returnTo === null ? said : { ...said, return_to: returnTo });
  return search.size === 0 ? path : `${path}?${search}`;
}

/** What `?done=` says was done: one of the texts that the page has, and nothing else. */
export function doneText(
  texts: Readonly<Record<string, string>>,
  query: URLSearchParams,
): string | null {
  const done = query.get('done') ?? '';
  return Object.hasOwn(texts, done) ? (texts[done] ?? null) : null;
}
