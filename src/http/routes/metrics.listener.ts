import { createServer } from 'node:http';
import { metricsMediaType } from '../../observability/metrics.ts';

export type MetricsListener = { readonly port: number; close(): Promise<void> };

type Options = {
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
  readonly page: () => Promise<string>;
};

/**
 * `GET /metrics` and nothing else, on a port of its own: what the page tells is for the operator's
 * network (CF-7). Rejects where the port cannot be had.
 */
export async function openMetricsListener({ host, port, page }: Options): Promise<MetricsListener> {
  const server = createServer(
    { headersTimeout: 5000, requestTimeout: 10_000, maxHeaderSize: 8192 },
    (request, response) => {
      const isPage = request.url === '/metrics' || request.url?.startsWith('/metrics?') === true;
      const status = !isPage
        ? 404
        : request.method === 'GET' || request.method === 'HEAD'
          ? 200
          : 405;
      if (status !== 200) {
        response.writeHead(status, status === 405 ? { allow: 'GET, HEAD' } : {}).end();
        return;
      }
      page().then(
        (text) =>
          response
            .writeHead(200, { 'content-type': metricsMediaType, 'cache-control': 'no-store' })
            .end(text),
        () => response.writeHead(500).end(),
      );
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
