/**
 * A PostgreSQL URL that names several hosts, as libpq spells it
 * (`postgres://u:p@one:5432,two:5432/db`), as one URL for each of them, in their order. A URL with
 * one host is answered as it is, and what is no URL at all too: whoever asks checks that.
 */
export function hostUrls(text: string): string[] {
  // As in the URL standard, the last @ before the path ends the account: a password may hold
  // commas.
  const [, account = '', hosts = '', rest = ''] =
    /^([a-z]+:\/\/(?:[^/?#]*@)?)([^/?#]*)(.*)$/i.exec(text) ?? [];
  return hosts.includes(',') ? hosts.split(',').map((host) => `${account}${host}${rest}`) : [text];
}

/**
 * The other way round: one URL, all of whose hosts stand in it, from URLs that differ in nothing
 * but host and port.
 */
export function joinHosts(urls: readonly string[]): string {
  const [first = '', ...others] = urls;
  const { host } = new URL(first);
  const at = first.indexOf(host, first.lastIndexOf('@') + 1 || first.indexOf('//') + 2);
  return (
    [first.slice(0, at) + host, ...others.map((url) => new URL(url).host)].join(',') +
    first.slice(at + host.length)
  );
}
