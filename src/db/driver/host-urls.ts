/**
 * Splits a PostgreSQL URL with several hosts, as libpq writes it
 * (`postgres://u:p@one:5432,two:5432/db`), into one URL per host, in order. A URL with one host is
 * returned unchanged, and so is text that is not a URL: the caller validates it.
 */
export function hostUrls(text: string): string[] {
  // As in the URL standard, the last @ before the path ends the credentials: a password may contain
  // commas.
  const [, account = '', hosts = '', rest = ''] =
    /^([a-z]+:\/\/(?:[^/?#]*@)?)([^/?#]*)(.*)$/i.exec(text) ?? [];
  return hosts.includes(',') ? hosts.split(',').map((host) => `${account}${host}${rest}`) : [text];
}

/** The inverse: joins URLs that differ only in host and port into one URL with all hosts. */
export function joinHosts(urls: readonly string[]): string {
  const [first = '', ...others] = urls;
  const { host } = new URL(first);
  const at = first.indexOf(host, first.lastIndexOf('@') + 1 || first.indexOf('//') + 2);
  return (
    [first.slice(0, at) + host, ...others.map((url) => new URL(url).host)].join(',') +
    first.slice(at + host.length)
  );
}
