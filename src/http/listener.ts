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
import { addressBucket, type TrustedProxies } from './hooks/client-address.ts';

/** How long a client may take, and how much of the server it may hold (AV-4). Milliseconds. */
export type ListenerLimits = {
  /**
   * From the first byte of a connection to the end of a request's headers; Node's default is 60 s.
   */
  readonly headers: number;
  /** To the end of its body; Node's default is 300 s. */
  readonly request: number;
  /**
   * How often the two above are looked after; Node's default is 30 s, by which both would be late.
   */
  readonly checks: number;
  /**
   * Nothing sent either way. Longer than load balancers keep a connection (60 s), or they would use
   * one that has just closed.
   */
  readonly idle: number;
  readonly handshake: number;
  readonly connections: number;
  /** Of one client address (IPv6: of its /64); proxies that are trusted stand for many clients. */
  readonly connectionsPerAddress: number;
  /** Then the connection closes, so that clients spread anew over instances. */
  readonly requestsPerConnection: number;
};

export const listenerLimits: ListenerLimits = {
  headers: 10_000,
  request: 30_000,
  checks: 2_000,
  idle: 75_000,
  handshake: 10_000,
  connections: 10_000,
  connectionsPerAddress: 1_000,
  requestsPerConnection: 10_000,
};

type Options = {
  readonly tls: Config['tls'];
  readonly trustedProxies: TrustedProxies;
  readonly limits: ListenerLimits;
  readonly log: Pick<Logger, 'info' | 'error'>;
};

export type Listener = {
  /** For Fastify's `serverFactory`; called once for each address that a host name has. */
  readonly serverFactory: (handler: RequestListener) => Server;
  /**
   * Puts something before the handler, once: it gets the handler and answers in its place, or by
   * it.
   */
  putBefore(shortcut: (handler: RequestListener) => RequestListener): void;
  /**
   * From here on each answer is the last of its connection, so that clients go elsewhere for the
   * next.
   */
  drain(): void;
  /** Closes connections on which nothing is under way. */
  closeIdle(): void;
  stop(): void;
};

/** Milliseconds between two looks at the certificate's files. */
const certificateCheck = 60_000;
/**
 * Lines of a request's head; the rest would be left out without a word, so http/hooks/head refuses
 * fewer.
 */
const mostHeaders = 200;

/**
 * Node's HTTP or HTTPS server with our limits on connections. Throws where the certificate cannot
 * be read.
 */
export function createListener({ tls, trustedProxies, limits, log }: Options): Listener {
  const options: ServerOptions = {
    headersTimeout: limits.headers,
    requestTimeout: limits.request,
    connectionsCheckingInterval: limits.checks,
    keepAliveTimeout: limits.idle,
    maxHeaderSize: 16 * 1024,
    // SECURITY: where two lengths are given, two servers in a row could see two requests (TR-9).
    insecureHTTPParser: false,
    requireHostHeader: true,
  };
  const admit = createDoorman({ trustedProxies, limits });
  const certificate = tls === null ? null : createCertificate(tls, log);
  const servers = new Set<Server>();
  let draining = false;
  let shortcut: (handler: RequestListener) => RequestListener = (handler) => handler;
  return {
    putBefore: (before) => {
      shortcut = before;
    },
    serverFactory: (handle) => {
      // Fastify asks for its server when it is made; what may be put before it is known only later.
      let first: RequestListener | undefined;
      const handler: RequestListener = (request, response) => {
        if (draining) response.shouldKeepAlive = false;
        first ??= shortcut(handle);
        first(request, response);
      };
      const server: Server =
        certificate === null
          ? createHttpServer(options, handler)
          : certificate.follow(
              createHttpsServer(
                {
                  ...options,
                  ...certificate.read(),
                  handshakeTimeout: limits.handshake,
                  minVersion: 'TLSv1.2',
                },
                handler,
              ),
            );
      server.maxConnections = limits.connections;
      server.maxHeadersCount = mostHeaders;
      server.maxRequestsPerSocket = limits.requestsPerConnection;
      server.setTimeout(limits.idle + 15_000);
      server.on('connection', admit);
      servers.add(server);
      return server;
    },
    drain: () => {
      draining = true;
    },
    closeIdle: () => {
      for (const server of servers) server.closeIdleConnections();
    },
    stop: () => certificate?.stop(),
  };
}

/** Closes connections of an address that has too many. */
function createDoorman({ trustedProxies, limits }: Pick<Options, 'trustedProxies' | 'limits'>) {
  const open = new Map<string, number>();
  return (socket: Socket): void => {
    const address = socket.remoteAddress;
    if (address === undefined || trustedProxies.has(address)) return;
    const bucket = addressBucket(address);
    const count = open.get(bucket) ?? 0;
    if (count >= limits.connectionsPerAddress) {
      socket.destroy();
      return;
    }
    open.set(bucket, count + 1);
    socket.once('close', () => {
      const left = (open.get(bucket) ?? 1) - 1;
      if (left === 0) open.delete(bucket);
      else open.set(bucket, left);
    });
  };
}

type Pair = { readonly cert: Buffer; readonly key: Buffer };

/** The certificate's files, and whoever serves it: a new one is taken up without a restart. */
function createCertificate(files: NonNullable<Config['tls']>, log: Options['log']) {
  const servers = new Set<HttpsServer>();
  const read = (): Pair => ({
    cert: readFileSync(files.certFile),
    key: readFileSync(files.keyFile),
  });
  let current = read();
  const timer = setInterval(() => {
    try {
      const next = read();
      if (next.cert.equals(current.cert) && next.key.equals(current.key)) return;
      for (const server of servers) server.setSecureContext({ ...next, minVersion: 'TLSv1.2' });
      current = next;
      log.info({ event: 'certificate.renewed' }, 'The certificate was read again.');
    } catch (error) {
      // Half of a pair that is being replaced: the old one serves on, and the next look finds the
      // whole.
      log.error(
        { err: error, event: 'certificate.not_renewed' },
        'The new certificate cannot be used.',
      );
    }
  }, certificateCheck).unref();
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
