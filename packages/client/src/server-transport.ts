import type { ServerRequest } from './server-origin.ts';
import { createTransport, type Post } from './transport.ts';

export type TransportOptions = {
  /** The GraphQL endpoint of the server, as the app's server reaches it. */
  readonly url: string;
  /**
   * How many proxies stand before the app that append to X-Forwarded-For: the browser's address is
   * the one that the outermost wrote. A request's own `clientAddress` goes before it.
   */
  readonly proxies?: number;
  /** More headers for the server, such as `X-Forwarded-Proto`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetch?: typeof fetch;
};

/**
 * Sends operations for one browser: what the server's limits, lists of sessions and mails need to
 * know of it comes along, so that all users do not share one budget.
 */
export function transportFor(request: ServerRequest, options: TransportOptions): Post {
  const send = options.fetch ?? globalThis.fetch;
  const told = { ...options.headers, ...callerHeaders(request, options.proxies ?? 0) };
  return createTransport({
    url: options.url,
    credentials: 'omit',
    fetch: (url, init) => {
      // Some edge runtimes refuse `credentials`.
      const { credentials: _, ...rest } = init ?? {};
      return send(url, { ...rest, headers: { ...told, ...(rest.headers as object) } });
    },
  });
}

function callerHeaders(request: ServerRequest, proxies: number): Record<string, string> {
  const read = (name: string): string | undefined => request.headers.get(name) ?? undefined;
  // SECURITY: from the right, as proxies append. What stands further left is the caller's own
  // invention.
  const hops = proxies > 0 ? read('x-forwarded-for')?.split(',') : undefined;
  const found = {
    'x-forwarded-for': request.clientAddress ?? hops?.at(-proxies)?.trim(),
    'user-agent': read('user-agent'),
    'accept-language': read('accept-language'),
  };
  return Object.fromEntries(
    Object.entries(found).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  );
}
