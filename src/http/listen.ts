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
  return namingVariables({ host: 'HOST', port: 'PORT' }, () => listenOnEach(fastify, config));
}

async function listenOnEach(
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

/** The variables that say where a listener is. */
type Variables = { readonly host: string; readonly port: string };

/** A port that cannot be had; the cause is Node's own error. */
class ListenError extends Error {
  override readonly name = 'ListenError';
  constructor(
    readonly variables: Variables,
    override readonly cause: Error,
  ) {
    super('A port cannot be had.', { cause });
  }
}

/** Runs what opens a port, so that a failure names the variables that chose it. */
export async function namingVariables<T>(variables: Variables, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    throw new ListenError(variables, error);
  }
}

/** Why the server could not listen, as a sentence; null for any other error. */
export function listenFailure(error: unknown): string | null {
  if (!(error instanceof ListenError)) return null;
  const { variables, cause } = error;
  const code = 'code' in cause ? String(cause.code) : '';
  const mustBe = `${variables.host} must name an address of this machine, or be unset.`;
  if ('syscall' in cause && cause.syscall === 'getaddrinfo')
    return `The name in ${variables.host} is not known: ${mustBe}`;
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `is in use by another program: end that one, or choose another ${variables.port}.`,
    EACCES: `may not be opened by this user: choose a ${variables.port} from 1024 on.`,
    EADDRNOTAVAIL: `cannot be opened: ${mustBe}`,
    EAFNOSUPPORT: 'cannot be opened: this machine has no addresses of that kind.',
    EINVAL: `cannot be opened: ${mustBe}`,
  };
  const place = 'address' in cause && cause.address ? ` of ${cause.address}` : '';
  const port = 'port' in cause ? cause.port : '';
  return `Port ${port}${place} ${reasons[code] ?? `cannot be opened (${code}).`}`;
}
