import { once } from 'node:events';
import { createServer as createNetServer, type Server as NetServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/read-config.ts';

type Place = Pick<Config, 'host' | 'mode'>;

/**
 * The addresses to listen on: HOST; without it every one in production, and in development only
 * those that no other machine can reach (CF-5).
 */
export function listenAddresses({ host, mode }: Place, hasIpv6 = machineHasIpv6()): string[] {
  if (host !== null) return [host];
  if (mode === 'development') return hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
  // Node opens `::` for both families, whatever the system's default is.
  return [hasIpv6 ? '::' : '0.0.0.0'];
}

/** Of the addresses of one family each, so that a container without IPv6 is one without it. */
function machineHasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ family }) => family === 'IPv6'),
  );
}

type Listening = { readonly address: string; close(): void };

/** Listens on each address, with the same port; the first one is the answer. */
export async function listen(
  fastify: FastifyInstance,
  config: Place & Pick<Config, 'port'>,
): Promise<Listening> {
  const [host = '', ...others] = listenAddresses(config);
  const address = await fastify.listen({ host, port: config.port });
  const port = Number(new URL(address).port);
  const servers: NetServer[] = [];
  for (const other of others) {
    // Its connections are the first server's, with all of its limits.
    const server = createNetServer((socket) => fastify.server.emit('connection', socket));
    servers.push(server);
    server.listen({ host: other, port });
    await once(server, 'listening');
  }
  return {
    address,
    close: () => {
      for (const server of servers) server.close();
    },
  };
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another program: end that one, or choose another port.',
  EACCES: 'may not be opened by this user: choose a port from 1024 on.',
  EADDRNOTAVAIL: 'cannot be opened: HOST must name an address of this machine, or be unset.',
  EAFNOSUPPORT: 'cannot be opened: this machine has no addresses of that kind.',
  EINVAL: 'cannot be opened: HOST must name an address of this machine, or be unset.',
};

/** Why the server could not listen, as a sentence; null for any other error. */
export function listenFailure(error: unknown, { host }: Pick<Config, 'host'>): string | null {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return null;
  if ('hostname' in error && error.hostname === host)
    return 'The name in HOST is not known: it must be an address of this machine, or be unset.';
  const reason = reasons[String(error.code)];
  if (!['listen', 'bind'].includes(String(error.syscall)) || reason === undefined) return null;
  const place = 'address' in error && error.address ? ` of ${error.address}` : '';
  return `Port ${'port' in error ? error.port : ''}${place} ${reason}`;
}
