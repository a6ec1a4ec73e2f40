/**
 * Moves the folder of a Unix socket from libpq's parameters `host` and `port` to the place of the
 * host, where it stands percent-encoded: `postgres://u@/db?host=/run/postgresql` becomes
 * `postgres://u@%2Frun%2Fpostgresql/db`. Any other text is returned unchanged: the caller validates
 * it.
 */
export function moveSocketToHost(text: string): string {
  const [, account = '', path = '', query = ''] =
    /^([a-z]+:\/\/(?:[^/?#]*@)?)[^/?#]*(\/[^?#]*)\?([^#]*)$/i.exec(text) ?? [];
  const parameters = new URLSearchParams(query);
  const folders = parameters.get('host')?.split(',') ?? [];
  if (folders.length === 0 || !folders.every((folder) => folder.startsWith('/'))) return text;
  const port = parameters.get('port');
  const hosts = folders.map(
    (folder) => encodeURIComponent(folder) + (port === null ? '' : `:${port}`),
  );
  parameters.delete('host');
  parameters.delete('port');
  const rest = parameters.size === 0 ? '' : `?${parameters}`;
  return `${account}${hosts.join(',')}${path}${rest}`;
}

/** The folder of the Unix socket that a URL of one host names; null for a host of the network. */
export function socketFolder({ hostname }: Pick<URL, 'hostname'>): string | null {
  return /^%2f/i.test(hostname) ? decodeURIComponent(hostname) : null;
}

/**
 * The option by which postgres.js connects to the socket that the URL names, which it does not read
 * from there.
 */
export function socketOption(url: string): { readonly path?: string } {
  const parsed = new URL(url);
  const folder = socketFolder(parsed);
  if (folder === null) return {};
  return { path: `${folder}/.s.PGSQL.${parsed.port === '' ? '5432' : parsed.port}` };
}
