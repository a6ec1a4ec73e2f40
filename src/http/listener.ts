import { readFileSync } from 'node:fs';
import {
  createServer as createHttpServer,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Config } from '../config/read-config.ts';
import { certificateExpiry } from '../observability/certificate-expiry.ts';
import type { Metrics } from '../observability/metrics.ts';
import { clientNetworks, type TrustedProxies } from './hooks/client-address.ts';

/** How long a client may take, and how much of the server it may hold (AV-4). Milliseconds. */
export type ListenerLimits = {
  /**
   * From the first byte of a connection to the end of a request's headers; Node's default is 60 s.
   */
  readonly headers: number;
  /** To the end of its body; Node's default is 300 s. */
  readonly request: number;
  /**
   * How often the two above are checked; Node's default is 30 s, which makes both late.
   */
  readonly checks: number;
  /**
   * KEEP_ALIVE_TIMEOUT: nothing sent either way. Longer than load balancers keep a connection, or
   * they would use one that has just closed.
   */
  readonly idle: number;
  readonly handshake: number;
  /** How often the files of the certificate are read again. */
  readonly certificateChecks: number;
  readonly connections: number;
  /** Of one client address (IPv6: of its /64); a trusted proxy stands for many clients. */
  readonly connectionsPerAddress: number;
  /** Then the connection closes, so that clients spread over instances again. */
  readonly requestsPerConnection: number;
};

export const listenerLimits: Omit<ListenerLimits, 'idle'> = {
  headers: 10_000,
  request: 30_000,
  checks: 2_000,
  handshake: 10_000,
  certificateChecks: 60_000,
  connections: 10_000,
  connectionsPerAddress: 1_000,
  requestsPerConnection: 10_000,
};

type Options = {
  readonly tls: Config['tls'];
  readonly trustedProxies: TrustedProxies;
  readonly limits: ListenerLimits;
  readonly log: Pick<Logger, 'info' | 'error'>;
  readonly metrics: Pick<Metrics, 'certificateServed'>;
};

export type Listener = {
  /** For Fastify's `serverFactory`; called once for each address that a host name has. */
  readonly serverFactory: (handler: RequestListener) => Server;
  /** Closes connections on which no request is in flight. */
  closeIdle(): void;
  stop(): void;
};

/**
 * Node's HTTP or HTTPS server with our limits on connections. Throws where the certificate cannot
 * be read.
 */
export function createListener({ tls, ...options }: Options): Listener {
  const { trustedProxies, limits } = options;
  const serverOptions: ServerOptions = {
    headersTimeout: limits.headers,
    requestTimeout: limits.request,
    connectionsCheckingInterval: limits.checks,
    keepAliveTimeout: limits.idle,
    maxHeaderSize: 16 * 1024,
    // SECURITY: where two lengths are given, two servers in a row could see two requests (TR-9).
    insecureHTTPParser: false,
    requireHostHeader: true,
  };
  const limitConnections = createConnectionLimiter({ trustedProxies, limits });
  const certificate = tls === null ? null : createCertificate(tls, options);
  const open = (handler: RequestListener): Server => {
    if (certificate === null) return createHttpServer(serverOptions, handler);
    const tlsOptions = { handshakeTimeout: limits.handshake, minVersion: 'TLSv1.2' } as const;
    return certificate.follow(
      createHttpsServer({ ...serverOptions, ...certificate.read(), ...tlsOptions }, handler),
    );
  };
  const servers = new Set<Server>();
  return {
    serverFactory: (handler) => {
      const server = open(handler);
      server.maxConnections = limits.connections;
      server.maxRequestsPerSocket = limits.requestsPerConnection;
      server.setTimeout(limits.idle + 15_000);
      server.on('connection', limitConnections);
      servers.add(server);
      return server;
    },
    closeIdle: () => {
      for (const server of servers) server.closeIdleConnections();
    },
    stop: () => certificate?.stop(),
  };
}

/** Closes new connections of an address that has too many. */
function createConnectionLimiter({
  trustedProxies,
  limits,
}: Pick<Options, 'trustedProxies' | 'limits'>) {
  const counts = new Map<string, number>();
  return (socket: Socket): void => {
    const address = socket.remoteAddress;
    if (address === undefined || trustedProxies.has(address)) return;
    const networks = clientNetworks(address);
    const isFull = networks.some(
      ({ name, times }) => (counts.get(name) ?? 0) >= limits.connectionsPerAddress * times,
    );
    if (isFull) {
      socket.destroy();
      return;
    }
    for (const { name } of networks) counts.set(name, (counts.get(name) ?? 0) + 1);
    socket.once('close', () => {
      for (const { name } of networks) {
        const left = (counts.get(name) ?? 1) - 1;
        if (left === 0) counts.delete(name);
        else counts.set(name, left);
      }
    });
  };
}

type Pair = { readonly cert: Buffer; readonly key: Buffer };

/** The certificate's files and the servers that use it: a new one is taken up without a restart. */
function createCertificate(
  files: NonNullable<Config['tls']>,
  { log, metrics, limits }: Pick<Options, 'log' | 'metrics' | 'limits'>,
) {
  const servers = new Set<HttpsServer>();
  const read = (): Pair => ({
    cert: readFileSync(files.certFile),
    key: readFileSync(files.keyFile),
  });
  let current = read();
  const report = (): void =>
    metrics.certificateServed(certificateExpiry(current.cert.toString('latin1')));
  report();
  const timer = setInterval(() => {
    try {
      const next = read();
      if (next.cert.equals(current.cert) && next.key.equals(current.key)) return;
      for (const server of servers) server.setSecureContext({ ...next, minVersion: 'TLSv1.2' });
      current = next;
      report();
      log.info({ event: 'certificate.renewed' }, 'The certificate was read again.');
    } catch (error) {
      // Half of a pair that is being replaced: the old one stays in use, and the next check finds
      // the whole.
      log.error(
        { err: error, event: 'certificate.not_renewed' },
        'The new certificate cannot be used.',
      );
    }
  }, limits.certificateChecks).unref();
  return {
    read: () => current,
    follow: (server: HttpsServer): HttpsServer => {
      servers.add(server);
      server.once('close', () => servers.delete(server));
      return server;
    },
    stop: () => clearInterval(timer),
  };
}
